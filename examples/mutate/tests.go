package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A verdict is what becomes of a mutant.
type verdict int

const (
	survived verdict = iota
	killed
	timedOut
	notCompiled
	verdicts
)

// A testPackage is a package whose tests run with mutants.
type testPackage struct {
	path, dir string
	args      []string
	chosen    *regexp.Regexp // names of tests; nil for all
	limit     time.Duration  // 0 for none
}

func newTestPackage(ctx context.Context, name, run string, args []string) (testPackage, error) {
	out, err := goCommand(ctx, "list", "-f", "{{.ImportPath}}\n{{.Dir}}", "--", name)
	if err != nil {
		return testPackage{}, err
	}
	line := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(line) != 2 {
		return testPackage{}, fmt.Errorf("%s is not one package", name)
	}
	t := testPackage{path: line[0], dir: line[1], args: args}
	if run != "" {
		if t.chosen, err = regexp.Compile(run); err != nil {
			return testPackage{}, fmt.Errorf("the tests of %s: %w", name, err)
		}
		t.args = append(slices.Clone(t.args), "-test.run="+run)
	}
	imported, err := goCommand(ctx, "list", "-test", "-deps", "-f", "{{.ImportPath}}", "--", t.path)
	if err != nil {
		return testPackage{}, err
	}
	if slices.Contains(strings.Fields(string(imported)), "pgregory.net/rapid") { // it would look for the smallest failure, and keep it in a file
		t.args = append(slices.Clone(t.args), "-rapid.shrinktime=1ms", "-rapid.nofailfile")
	}
	return t, nil
}

// choice returns those of some tests that are chosen, as a regular expression; of the parts
// of tests it knows nothing, and chooses none.
func (t testPackage) choice(names ...string) string {
	return strings.Join(slices.DeleteFunc(names, func(name string) bool {
		return t.chosen != nil && !t.chosen.MatchString(name)
	}), "|")
}

// only returns the package with those of its tests that are in a choice.
func (t testPackage) only(choice string) testPackage {
	t.args = append(slices.Clone(t.args), "-test.run=^("+choice+")$")
	return t
}

// measure runs the tests without a mutant, and sets the limit by the time they take.
func (t *testPackage) measure(ctx context.Context, binary, dir string, times float64) error {
	t.limit = 0
	began := time.Now()
	if v, output := t.run(ctx, binary, dir, 0); ctx.Err() != nil {
		return ctx.Err()
	} else if v != survived {
		return fmt.Errorf("the tests of %s fail without a mutant:\n%s", t.path, output)
	}
	t.limit = time.Duration(times * float64(time.Since(began)+time.Second))
	return nil
}

// build makes the binary of the tests, with the changes of an overlay if there is one.
func (t *testPackage) build(ctx context.Context, binary, overlay string) (string, error) {
	if _, err := goCommand(ctx, "test", "-c", "-vet=off", "-overlay="+overlay, "-o", binary, t.path); err != nil {
		return "", err
	}
	if _, err := os.Stat(binary); err != nil {
		return "", fmt.Errorf("%s has no tests", t.path)
	}
	return binary, nil
}

// run runs the tests with a mutant of the binary, or with none. They keep their
// files below the folder.
func (t *testPackage) run(ctx context.Context, binary, dir string, id int) (verdict, []byte) {
	limited := ctx
	if t.limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, t.limit)
		defer cancel()
	}
	var output bytes.Buffer
	c := exec.CommandContext(limited, binary, slices.Concat(t.args, []string{"-test.timeout=0"})...)
	c.Dir = t.dir
	c.Env = append(os.Environ(), "TMPDIR="+dir, "TMP="+dir, fmt.Sprintf("%s=%d", variable, id))
	c.Stdout, c.Stderr = &output, &output
	c.WaitDelay = time.Second // what the tests started may keep the output open
	err := c.Run()
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return survived, nil
	case limited.Err() != nil:
		return timedOut, output.Bytes()
	}
	return killed, output.Bytes()
}

// failed returns the name of the test that failed, or else the line that says what
// happened.
func failed(output []byte) string {
	text := string(output)
	for _, mark := range []string{"--- FAIL: ", "panic: ", "fatal error: "} {
		if _, after, ok := strings.Cut(text, mark); ok {
			line, _, _ := strings.Cut(after, "\n")
			line, _, _ = strings.Cut(line, " (") // the time
			return strings.TrimPrefix(mark, "--- FAIL: ") + line
		}
	}
	return text[max(0, len(text)-200):]
}
