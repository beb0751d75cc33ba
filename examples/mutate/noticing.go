package main

import (
	"context"
	"regexp"
	"slices"
	"sync"
)

// mostNoticing is how many tests of a file run before all the others.
const mostNoticing = 4

// noticing are the tests that noticed the last mutants of each file, and at first those
// that lie beside it: they are the likeliest to notice the next one, and run before all
// others.
type noticing struct {
	mu     sync.Mutex
	byFile map[*sourceFile][]noticingTest // the last one first
}

// A noticingTest is one test, or a few, of the tests of a suite.
type noticingTest struct {
	testPackage // with its own limit
	name        string
	of          int // the number of the tests that it is one of
}

// of returns the tests of a file, the likeliest first.
func (n *noticing) of(f *sourceFile) []noticingTest {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.byFile[f])
}

// add puts a test first.
func (n *noticing) add(f *sourceFile, t noticingTest) {
	n.mu.Lock()
	defer n.mu.Unlock()
	same := func(other noticingTest) bool { return other.name == t.name && other.of == t.of }
	rest := slices.DeleteFunc(slices.Clone(n.byFile[f]), same)
	if n.byFile == nil {
		n.byFile = map[*sourceFile][]noticingTest{}
	}
	n.byFile[f] = append([]noticingTest{t}, rest[:min(len(rest), mostNoticing-1)]...)
}

// noticed keeps the test that failed in the output of tests, unless it needs the
// others: it has to pass alone where there is no mutant.
func (s *suite) noticed(ctx context.Context, m mutant, of int, output []byte, dir string) {
	if name := testIn(output); name != "" {
		s.mayNotice(ctx, m.file, of, dir, name)
	}
}

// mayNotice keeps tests that are chosen, if they pass where there is no mutant.
func (s *suite) mayNotice(ctx context.Context, f *sourceFile, of int, dir string, names ...string) {
	choice := s.tests[of].choice(names...)
	if choice == "" {
		return
	}
	t := noticingTest{s.tests[of].only(choice), choice, of}
	if t.measure(ctx, s.binaries[of], dir, s.times) == nil {
		s.noticing.add(f, t)
	}
}

var testName = regexp.MustCompile(`(?:--- FAIL: |_test\.)((?:Test|Example|Fuzz)\w*)`)

// testIn returns the test that an output says has failed, or the first one that is in
// the stack of a panic, or nothing.
func testIn(output []byte) string {
	if found := testName.FindSubmatch(output); found != nil {
		return string(found[1])
	}
	return ""
}
