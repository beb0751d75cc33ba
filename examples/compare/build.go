package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A built is a program that was built.
type built struct {
	program
	path string
}

// A builder builds programs into a directory.
type builder struct {
	sources, dir string
	made         map[string]made // by source and flags
}

// A made is the result of building a source, which several programs may share.
type made struct {
	path string
	err  error
}

// newBuilder returns one whose programs go to a directory, or to one in the user's cache if
// that is empty.
func newBuilder(dir string) (*builder, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("%w; -build names a directory for the programs", err)
		}
		dir = filepath.Join(cache, "heirloom-compare")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	sources, err := moduleDir()
	return &builder{sources, dir, make(map[string]made)}, err
}

const modulePath = "github.com/heirloom-go/heirloom/examples/compare"

// moduleDir returns the directory of this module, in which the program must be run.
func moduleDir() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Path}} {{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list -m: %w", withStderr(err))
	}
	dir, ok := strings.CutPrefix(strings.TrimSpace(string(out)), modulePath+" ")
	if !ok {
		return "", errors.New("run it in the directory examples/compare, where the sources of the servers are")
	}
	return dir, nil
}

// withStderr adds to an error what the command has printed.
func withStderr(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}

// prepare builds the programs and starts each server once, and says of which it cannot be done.
func (b *builder) prepare(ctx context.Context, r *runner, programs []program, stderr io.Writer) (ready []built, left []leftOut, err error) {
	bar := newProgress(stderr, len(programs))
	defer bar.close()
	for _, p := range programs {
		bar.step("building " + p.name)
		done, err := b.build(ctx, p)
		if err == nil && p.serves() {
			err = r.try(ctx, done)
		}
		if cause := context.Cause(ctx); cause != nil {
			return nil, nil, cause
		}
		if err != nil {
			left = append(left, leftOut{name: p.name, kind: p.kind, why: err})
			continue
		}
		ready = append(ready, done)
	}
	return ready, left, nil
}

// try starts a server, which the kernel may refuse to it.
func (r *runner) try(ctx context.Context, p built) error {
	server, _ := r.allCPUs()
	var s *process
	var err error
	if p.kind == proxies {
		s, err = startProxy(ctx, p, server, nobody)
	} else {
		s, err = start(ctx, p, server)
	}
	if err == nil {
		s.stop()
	}
	return err
}

// build builds a program, unless it was built for another.
func (b *builder) build(ctx context.Context, p program) (built, error) {
	key := fmt.Sprintf("%q %q %q %q", p.source, p.executable, p.flags, p.libs)
	m, ok := b.made[key]
	if !ok {
		m.path, m.err = b.compile(ctx, p)
		b.made[key] = m
	}
	return built{p, m.path}, m.err
}

func (b *builder) compile(ctx context.Context, p program) (path string, err error) {
	switch {
	case p.executable != "":
		path, err = find(p.executable)
	case p.source == goAllocators:
		path, err = b.goTests(ctx, "./allocators")
	case p.source == goProxy:
		path, err = b.goProgram(ctx, goProxy)
	case p.isGo():
		path, err = b.goProgram(ctx, "./servers/"+p.source)
	default:
		path, err = b.cProgram(ctx, p)
	}
	if err != nil && ctx.Err() == nil && p.install != "" {
		err = fmt.Errorf("%w; on Debian it needs: apt-get install %s", err, p.install)
	}
	return path, err
}

// find returns where a program of the system is. That of a daemon is not in everybody's PATH.
func find(executable string) (string, error) {
	path, err := exec.LookPath(executable)
	if err == nil {
		return path, nil
	}
	if daemon, noDaemon := exec.LookPath("/usr/sbin/" + executable); noDaemon == nil {
		return daemon, nil
	}
	return "", err
}

// goProgram builds a package of this module, or of one that it needs.
func (b *builder) goProgram(ctx context.Context, pkg string) (string, error) {
	path := filepath.Join(b.dir, strings.ReplaceAll(strings.TrimPrefix(pkg, "./"), "/", "-"))
	return path, b.command(ctx, "go", "build", "-o", path, pkg)
}

// goTests builds the tests of a package of this module.
func (b *builder) goTests(ctx context.Context, pkg string) (string, error) {
	path := filepath.Join(b.dir, filepath.Base(pkg)+".test")
	return path, b.command(ctx, "go", "test", "-c", "-o", path, pkg)
}

// cProgram builds a program in C or C++. It does so in each run, because headers and libraries of
// the system may have changed.
func (b *builder) cProgram(ctx context.Context, p program) (string, error) {
	compiler, standard := cCompiler(), "-std=gnu11"
	if filepath.Ext(p.source) == ".cpp" {
		compiler, standard = cppCompiler(), "-std=c++17"
	}
	source := filepath.Join(b.sources, "servers", filepath.FromSlash(p.source))
	args := slices.Concat([]string{standard, "-O2", "-DNDEBUG", "-Wall", "-Wextra", "-pthread"}, p.flags, []string{source}, p.libs)
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", args)) // a source may be built with several flags
	path := filepath.Join(b.dir, fmt.Sprintf("%s-%x", strings.NewReplacer("/", "-", ".", "-").Replace(p.source), sum[:6]))
	return path, b.command(ctx, compiler, append(args, "-o", path)...)
}

func cCompiler() string   { return cmp.Or(os.Getenv("CC"), "cc") }
func cppCompiler() string { return cmp.Or(os.Getenv("CXX"), "c++") }

// command runs a command in the directory of the sources. Its error is one line.
func (b *builder) command(ctx context.Context, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = b.sources
	c.Env = append(os.Environ(), "CGO_ENABLED=0") // Go servers need no C compiler
	out, err := c.CombinedOutput()
	if err != nil && len(out) > 0 {
		return fmt.Errorf("%s: %w: %s", name, err, firstError(string(out)))
	}
	return err // says which command it is
}

// firstError returns the line of a compiler's output that says what is wrong.
func firstError(out string) string {
	first := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "error") {
			return line
		}
		if first == "" && !strings.HasPrefix(line, "#") {
			first = line
		}
	}
	return first
}
