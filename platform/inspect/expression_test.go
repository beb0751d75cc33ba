package inspect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for text, want := range map[string][]string{
		"Heap[int]":                           {"Heap[int]"},
		"Pool(Heap[int])":                     {"Pool", "Heap[int]"},
		"Slab(Heap[int], 8)":                  {"Slab", "Heap[int]", "8"},
		"Buckets(8, 16, 8, Heap[a] | Null)":   {"Buckets", "8", "16", "8", "Heap[a]", "Null"},
		`Trace(a, "(, \"")`:                   {"Trace", "a", `"(, \""`},
		"f(g(a, b), h(c | d))":                {"f", "g(a, b)", "h(c | d)"},
		"For[func(int) string](Scope)":        {"For[func(int) string]", "Scope"},
		"Heap[func(a, b int)]":                {"Heap[func(a, b int)]"},
		"Heap[struct { a, b int; c func() }]": {"Heap[struct { a, b int; c func() }]"},
		"new()":                               {"new"},
		"":                                    {""},
		"(a)":                                 {"(a)"},
		"f(a)(b)":                             {"f(a)(b)"},
		"f(a) and g(b)":                       {"f(a) and g(b)"},
		"f(a":                                 {"f(a"},
		"f)a(":                                {"f)a("},
		`f("a)`:                               {`f("a)`},
	} {
		e := parse(text)
		if diff := cmp.Diff(want, append([]string{e.name}, e.arguments...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// TestParseAnything has texts that nobody would print: what is taken apart is all there,
// in order.
func TestParseAnything(t *testing.T) {
	text := rapid.StringMatching(`([abA]|[()\[\]{}]|, | \| |"|\\| ){0,20}`)
	rapid.Check(t, func(t *rapid.T) {
		text := text.Draw(t, "text")
		isAllocator(text)
		e := parse(text)
		if text == e.name && len(e.arguments) == 0 {
			return
		}
		rest, ok := strings.CutPrefix(text, e.name+"(")
		for i, argument := range e.arguments {
			if i != 0 && strings.HasPrefix(rest, " | ") {
				rest = rest[1:] // as long as the other separator
			}
			if i != 0 && ok {
				rest, ok = rest[2:], rest[:2] == ", " || rest[:2] == "| "
			}
			if ok {
				rest, ok = strings.CutPrefix(rest, argument)
			}
		}
		if !ok || rest != ")" {
			t.Fatalf("%q is taken apart as %q", text, e)
		}
	})
}
