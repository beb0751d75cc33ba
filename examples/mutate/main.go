// Mutate measures how much the tests of a package see: it changes the package in
// one small place after another, and counts for how many of these mutants a test
// fails.
//
// All mutants are in one build, and the environment says which one it is, so a
// mutant costs a run of the tests and no compilation. Usage:
//
//	go run ./examples/mutate [flags] package [package with tests ...]
//
// The tests are those of the package itself, and then of the others, which see the
// same mutants. A mutant that no test notices is printed with its place: the tests
// lack something, or the change makes no difference, as when < becomes <= where both
// sides are never equal.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// variable is the environment variable with the number of the mutant.
const variable = "HEIRLOOM_MUTANT"

var (
	files     = flag.String("files", "", "mutate only files whose names match this regular expression")
	sample    = flag.Int("sample", 0, "try so many mutants, drawn at random; 0 is all")
	seed      = flag.Uint64("seed", 1, "seed of the draw")
	parallel  = flag.Int("parallel", 2, "mutants that are tried at a time")
	limit     = flag.Duration("timeout", time.Minute, "for the tests of one mutant, which it ends as noticed")
	arguments = flag.String("args", "-test.short -test.failfast -rapid.shrinktime=1ms -rapid.nofailfile", "arguments of the tests")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mutate: ")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: mutate [flags] package [package with tests ...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Stderr, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

// run mutates the first package, tries its mutants with the tests of all, and writes
// down what survived.
func run(ctx context.Context, out, progress io.Writer, packages []string) error {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m, overlay, err := mutate(ctx, packages[0], dir)
	if err != nil {
		return err
	}
	var tests []string
	for i, pkg := range packages {
		binary := filepath.Join(dir, fmt.Sprintf("test%d", i))
		if _, err := goCommand(ctx, "test", "-c", "-overlay", overlay, "-o", binary, pkg); err != nil {
			return err
		}
		folder, err := goCommand(ctx, "list", "-f", "{{.Dir}}", pkg)
		if err != nil {
			return err
		}
		tests = append(tests, binary, strings.TrimSpace(string(folder)))
	}
	if test, ok := try(ctx, tests, 0); !ok {
		return fmt.Errorf("the tests fail without a mutant: %s", test)
	}
	tried := m.mutants
	if *sample > 0 && *sample < len(tried) {
		random := rand.New(rand.NewPCG(*seed, 0))
		random.Shuffle(len(tried), func(i, j int) { tried[i], tried[j] = tried[j], tried[i] })
		tried = tried[:*sample]
	}
	return report(ctx, out, progress, tests, tried)
}

// report tries the mutants, prints each that survives when that is known, and the
// score.
func report(ctx context.Context, out, progress io.Writer, tests []string, tried []mutant) error {
	queue := make(chan mutant)
	var mu sync.Mutex
	done, alive := 0, 0
	note := func(m mutant, survived bool) {
		mu.Lock()
		defer mu.Unlock()
		done++
		if survived {
			alive++
			fmt.Fprintf(out, "%s:%d:%d: %s\n", filepath.Base(m.at.Filename), m.at.Line, m.at.Column, m.what)
		}
		fmt.Fprintf(progress, "\r%d of %d mutants tried, %d survived ", done, len(tried), alive)
	}
	var workers sync.WaitGroup
	for range *parallel {
		workers.Go(func() {
			for mutant := range queue {
				if _, survived := try(ctx, tests, mutant.id); ctx.Err() == nil {
					note(mutant, survived)
				}
			}
		})
	}
	for _, mutant := range tried {
		if ctx.Err() != nil {
			break
		}
		queue <- mutant
	}
	close(queue)
	workers.Wait()
	fmt.Fprintln(progress)
	if done != 0 {
		fmt.Fprintf(out, "%d of %d mutants noticed: %.1f %%\n", done-alive, done, 100*float64(done-alive)/float64(done))
	}
	return ctx.Err()
}

// try runs the tests with a mutant until one fails. It is true if none does.
func try(ctx context.Context, tests []string, id int) (failed string, ok bool) {
	for i := 0; i < len(tests); i += 2 {
		limited, cancel := context.WithTimeout(ctx, *limit)
		c := exec.CommandContext(limited, tests[i], strings.Fields(*arguments)...)
		c.Dir = tests[i+1]
		c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", variable, id))
		output, err := c.CombinedOutput()
		cancel()
		if err != nil {
			return fmt.Sprintf("%v\n%s", err, output), false
		}
	}
	return "", true
}

// A listed package is what go list tells of one.
type listed struct {
	ImportPath, Dir, Export, Name string
	GoFiles                       []string
	DepOnly                       bool
}

// mutate writes the mutated files of a package to dir, and an overlay that puts
// them in the place of the real ones, of which it returns the name.
func mutate(ctx context.Context, pattern, dir string) (*mutator, string, error) {
	text, err := goCommand(ctx, "list", "-export", "-deps", "-json=ImportPath,Dir,Export,Name,GoFiles,DepOnly", pattern)
	if err != nil {
		return nil, "", err
	}
	var pkg listed
	exports := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(text)); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			return nil, "", err
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			pkg = p
		}
	}
	m := &mutator{fset: token.NewFileSet(), info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	var parsed []*ast.File
	for _, name := range pkg.GoFiles {
		file, err := parser.ParseFile(m.fset, filepath.Join(pkg.Dir, name), nil, parser.ParseComments)
		if err != nil {
			return nil, "", err
		}
		parsed = append(parsed, file)
	}
	config := types.Config{Importer: importer.ForCompiler(m.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	if _, err := config.Check(pkg.ImportPath, m.fset, parsed, m.info); err != nil {
		return nil, "", err
	}
	wanted, err := regexp.Compile(*files)
	if err != nil {
		return nil, "", err
	}
	replace := map[string]string{}
	write := func(real, name string, source []byte) error {
		replace[real] = filepath.Join(dir, name)
		return os.WriteFile(replace[real], source, 0o600)
	}
	for i, file := range parsed {
		real := filepath.Join(pkg.Dir, pkg.GoFiles[i])
		if !wanted.MatchString(pkg.GoFiles[i]) {
			continue
		}
		source, err := os.ReadFile(real)
		if err != nil {
			return nil, "", err
		}
		if err := write(real, pkg.GoFiles[i], m.rewrite(file, source)); err != nil {
			return nil, "", err
		}
	}
	if err := write(filepath.Join(pkg.Dir, "mutants.go"), "mutants.go", fmt.Appendf(nil, runtime, pkg.Name)); err != nil {
		return nil, "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return m, name, os.WriteFile(name, overlay, 0o600)
}

// goCommand runs the go command and returns what it prints.
func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	var problem bytes.Buffer
	c := exec.CommandContext(ctx, "go", args...)
	c.Stderr = &problem
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, &problem)
	}
	return out, nil
}
