package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// equivalents are the mutants that are known to make no difference.
type equivalents struct {
	reasons map[string]string // by key
	files   map[string]bool   // that are mutated
	exists  map[string]bool   // by key: there is such a mutant
}

// readEquivalents reads a list of mutants. An entry is a line with the key of a
// mutant, and below it, indented, lines with the reason. Lines that begin with #
// are comments. Without a name the list is empty.
func readEquivalents(name string) (*equivalents, error) {
	e := &equivalents{reasons: map[string]string{}, files: map[string]bool{}, exists: map[string]bool{}}
	if name == "" {
		return e, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	key, at := "", 0
	finish := func() error {
		if key != "" && e.reasons[key] == "" {
			return fmt.Errorf("%s:%d: the entry has no reason", name, at)
		}
		return nil
	}
	for i, line := range strings.Split(string(text), "\n") {
		content := strings.TrimSpace(line)
		switch {
		case content == "" || strings.HasPrefix(line, "#"):
		case line[0] == ' ' || line[0] == '\t':
			if key == "" {
				return nil, fmt.Errorf("%s:%d: a reason without an entry", name, i+1)
			}
			e.reasons[key] = strings.TrimSpace(e.reasons[key] + " " + content)
		default:
			if err := finish(); err != nil {
				return nil, err
			}
			if key, at = content, i+1; e.reasons[key] != "" {
				return nil, fmt.Errorf("%s:%d: the entry is there twice", name, at)
			}
		}
	}
	return e, finish()
}

// see notes the files of a package, and which mutants there are.
func (e *equivalents) see(p *sourcePackage, all []mutant) {
	for _, f := range p.files {
		e.files[f.name] = true
	}
	for _, m := range all {
		e.exists[m.key()] = true
	}
}

// has reports whether a mutant is listed.
func (e *equivalents) has(m mutant) bool { return e.reasons[m.key()] != "" }

// unseen returns the entries of the files that fit no mutant. Those of other files,
// which may be of another system, are nobody's matter here.
func (e *equivalents) unseen() []string {
	var keys []string
	for key := range e.reasons {
		file, _, _ := strings.Cut(key, ": ")
		if !e.exists[key] && e.files[file] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
