package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// declaredTest is a test in a file.
var declaredTest = regexp.MustCompile(`(?m)^func ((?:Test|Example|Fuzz)\w*)\(`)

// nearTests returns the tests that lie beside a file, in files whose names begin with the
// same word: those in timer_test.go and timer_linux_test.go for timer_heap.go.
func nearTests(f *sourceFile) (names []string) {
	word, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(f.path), ".go"), "_")
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(f.path), word+"*_test.go")) // the pattern is a good one
	for _, file := range files {
		if rest := strings.TrimPrefix(filepath.Base(file), word); rest[0] != '_' {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it is no matter if they do not come first
		}
		for _, found := range declaredTest.FindAllStringSubmatch(string(text), -1) {
			names = append(names, found[1])
		}
	}
	return names
}

// near has the tests beside a file notice its first mutant.
func (s *suite) near(ctx context.Context, f *sourceFile, dir string) {
	s.noticing.mu.Lock()
	done := s.nearTo[f]
	s.nearTo[f] = true
	s.noticing.mu.Unlock()
	if !done && filepath.Dir(f.path) == s.tests[0].dir {
		s.mayNotice(ctx, f, 0, dir, nearTests(f)...)
	}
}
