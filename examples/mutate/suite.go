package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// A suite is what tries the mutants of a package.
type suite struct {
	tests    []testPackage
	binaries []string // of the tests, with all mutants that can share a build, or with none
	alone    error    // why each mutant has a build of its own instead; nil for none
	times    float64  // how many times as long as without a mutant tests may take
	temp     string
	noticing noticing
	nearTo   map[*sourceFile]bool // whose tests were looked for; guarded by the lock of noticing
}

// newSuite builds the tests for the mutants of a package, and sees that they pass
// without one.
func newSuite(ctx context.Context, c config, p *sourcePackage, mutants []mutant, temp string) (*suite, error) {
	dir, err := os.MkdirTemp(temp, "")
	if err != nil {
		return nil, err
	}
	s := &suite{times: c.timeout, temp: temp, nearTo: map[*sourceFile]bool{}}
	names := []string{p.path}
	if c.tests != "" {
		names = strings.Split(c.tests, ",")
	}
	for _, name := range names {
		name, only, args := c.testsOf(name)
		t, err := newTestPackage(ctx, name, only, args)
		if err != nil {
			return nil, err
		}
		s.tests = append(s.tests, t)
	}
	overlay, err := share(p, mutants, dir)
	if err != nil {
		return nil, err
	}
	if s.binaries, s.alone = s.build(ctx, c, dir, overlay); s.alone != nil {
		// The additional code may be the reason, as where a function is not inlined
		// any more, or they fail anyway.
		s.binaries, err = s.build(ctx, c, dir, "")
	}
	return s, err
}

// testsOf returns what an element of -tests says: the package, which of its tests run,
// and with which arguments.
func (c config) testsOf(element string) (name, only string, args []string) {
	name, selection, some := strings.Cut(element, "=")
	args = strings.Fields(c.args)
	if !some {
		return name, c.run, args
	}
	if fields := strings.Fields(selection); len(fields) > 0 {
		only, args = fields[0], append(args, fields[1:]...)
	}
	return name, only, args
}

// build builds the tests and runs them without a mutant.
func (s *suite) build(ctx context.Context, c config, dir, overlay string) ([]string, error) {
	var binaries []string
	for i := range s.tests {
		binary, err := s.tests[i].build(ctx, filepath.Join(dir, fmt.Sprintf("test%d.exe", i)), overlay)
		if err != nil {
			return nil, err
		}
		if err := s.tests[i].measure(ctx, binary, dir, c.timeout); err != nil {
			return nil, err
		}
		binaries = append(binaries, binary)
	}
	return binaries, nil
}

// try runs the tests with a mutant until one fails.
func (s *suite) try(ctx context.Context, m mutant) (verdict, string, error) {
	dir, err := os.MkdirTemp(s.temp, "")
	if err != nil {
		return 0, "", err
	}
	defer os.RemoveAll(dir)
	shared, overlay := s.alone == nil && m.shareable(), ""
	if !shared {
		changed := filepath.Join(dir, "changed.go")
		if err := os.WriteFile(changed, m.source(), 0o600); err != nil {
			return 0, "", err
		}
		if overlay, err = writeOverlay(dir, map[string]string{m.file.path: changed}); err != nil {
			return 0, "", err
		}
	}
	built := map[int]string{}
	binary := func(i int) (string, error) {
		if shared {
			return s.binaries[i], nil
		}
		if built[i] == "" {
			b, err := s.tests[i].build(ctx, filepath.Join(dir, fmt.Sprintf("test%d.exe", i)), overlay)
			if err != nil {
				return "", err
			}
			built[i] = b
		}
		return built[i], nil
	}
	s.near(ctx, m.file, dir)
	for _, t := range s.noticing.of(m.file) {
		b, err := binary(t.of)
		if err != nil {
			return notCompiled, "", nil
		}
		if v, output := t.run(ctx, b, dir, m.id); v == killed {
			s.noticing.add(m.file, t)
			return v, failed(output), nil
		}
	}
	for i, t := range s.tests {
		b, err := binary(i)
		if err != nil {
			return notCompiled, "", nil
		}
		v, output := t.run(ctx, b, dir, m.id)
		if v == timedOut && ctx.Err() == nil { // unless it is the machine that is slower now
			err := t.measure(ctx, s.binaries[i], dir, s.times)
			if err != nil { // once is an accident
				err = t.measure(ctx, s.binaries[i], dir, s.times)
			}
			if err != nil {
				return 0, "", err
			}
			v, output = t.run(ctx, b, dir, m.id)
		}
		if v == killed {
			s.noticed(ctx, m, i, output, dir)
		}
		if v != survived {
			return v, failed(output), nil
		}
	}
	return survived, "", nil
}

// writeOverlay writes an overlay for the go command, and returns its name.
func writeOverlay(dir string, replace map[string]string) (string, error) {
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, text, 0o600)
}

// tryAll tries mutants, some at once.
func tryAll(ctx context.Context, c config, mutants []mutant, suites map[*sourcePackage]*suite, r *report) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan mutant)
	var workers sync.WaitGroup
	for range c.parallel {
		workers.Go(func() {
			for m := range queue {
				v, test, err := suites[m.file.pkg].try(ctx, m)
				if err != nil {
					stop(err)
				}
				if ctx.Err() == nil {
					r.add(m, v, test)
				}
			}
		})
	}
	for _, m := range mutants {
		if ctx.Err() != nil {
			break
		}
		queue <- m
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}
