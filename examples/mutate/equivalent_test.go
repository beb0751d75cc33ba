package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A list has entries and reasons, and nothing without the other.
func TestReadEquivalents(t *testing.T) {
	for _, test := range []struct {
		name, text, err string
		want            map[string]string
	}{
		{"some", "# why\n\na.go: f: 0 => 1\n\tNobody\n\tlooks.\nb.go: g: x => nothing\n  Nor here.\n", "",
			map[string]string{"a.go: f: 0 => 1": "Nobody looks.", "b.go: g: x => nothing": "Nor here."}},
		{"none", "", "", map[string]string{}},
		{"no reason", "a.go: f: 0 => 1\nb.go: g: 0 => 1\n\tbecause\n", ":1: the entry has no reason", nil},
		{"no reason at the end", "\na.go: f: 0 => 1\n", ":2: the entry has no reason", nil},
		{"no entry", "\tbecause\n", ":1: a reason without an entry", nil},
		{"twice", "a: 0\n\tbecause\na: 0\n\tbecause\n", ":3: the entry is there twice", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "list.txt")
			if err := os.WriteFile(name, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readEquivalents(name)
			if test.err != "" {
				if err == nil || !strings.HasSuffix(err.Error(), test.err) {
					t.Errorf("error is %v, want one that ends with %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

// The list of this module is sorted, so that an entry is easy to find.
func TestEquivalentsAreSorted(t *testing.T) {
	const name = "equivalent.txt"
	e, err := readEquivalents(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var keys [][]string // file, function and change
	for line := range strings.Lines(string(text)) {
		if key := strings.TrimSpace(line); e.reasons[key] != "" {
			keys = append(keys, strings.SplitN(key, ": ", 3))
		}
	}
	if len(keys) != len(e.reasons) {
		t.Fatalf("%d of %d entries are found", len(keys), len(e.reasons))
	}
	for i, key := range keys[1:] {
		if slices.Compare(keys[i], key) > 0 {
			t.Errorf("%s\n\tbelongs before\n%s", strings.Join(key, ": "), strings.Join(keys[i], ": "))
		}
	}
}
