package chains

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// optionFunctions are the functions that take options, in the order of the table of
// TestOptions.
var optionFunctions = []struct {
	name string
	call func(t testing.TB, o Option)
}{
	{"Platform", func(t testing.TB, o Option) { Platform(t, platform.New, o) }},
	{"Run", func(t testing.TB, o Option) { returnsNil(t)(Run(one, platform.New, o)) }},
	{"Simulated", func(t testing.TB, o Option) { Simulated(t, o) }},
	{"RunSimulated", func(t testing.TB, o Option) { returnsNil(t)(RunSimulated(one, sim.Calm, o)) }},
	{"Soak", func(t testing.TB, o Option) { Soak(t, 0, o) }},
	{"SameTraces", func(t testing.TB, o Option) { SameTraces(t, map[string]Opener{"the best here": platform.New}, o) }},
	{"Explore", func(t testing.TB, o Option) { Explore(t, one, o) }},
	{"ExploreAll", func(t testing.TB, o Option) { ExploreAll(func(Chooser) error { return nil }, o) }},
}

var one = Program{Chains: []Chain{{Name: "alone", Steps: []Step{{Kind: "post"}}}}}

func returnsNil(t testing.TB) func(*Report, error) {
	return func(_ *Report, err error) {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestOptions says which options each function takes, and that one that has no meaning for it
// is refused by a panic that names both.
func TestOptions(t *testing.T) {
	testflag.Set(t, "rapid.checks", "1")
	pass := func(h ops.Handler) ops.Handler { return h }
	heap := func() allocator.Allocator[ops.Operation] { return allocator.Heap[ops.Operation]{} }
	for _, test := range []struct {
		name string
		Option
		takes string // by function
	}{
		{"Runners", Runners(1), "x.x.xx.."},
		{"Replaying", Replaying(Seed(1)), "x.x..x.."},
		{"Wrapping", Wrapping(pass), "xxxxxxx."},
		{"Memory", Memory(heap), "xxxxxxx."},
		{"Patience", Patience(time.Minute), "xxxxxx.."},
		{"In", In(sim.Weather{}), "..xxxxx."},
		{"Faulty", Faulty(sim.Faults{}), "..xxxxx."},
		{"Deviations", Deviations(2), "......xx"},
		{"Schedules", Schedules(9), "......xx"},
		{"Sampled", Sampled(9, 2), "......x."},
		{"Independent", Independent(), "......x."},
	} {
		for i, f := range optionFunctions {
			t.Run(test.name+"/"+f.name, func(t *testing.T) {
				panicked := panicOf(func() { f.call(t, test.Option) })
				switch want := "chains: " + f.name + ": the option " + test.name + " has no meaning"; {
				case test.takes[i] == 'x' && panicked != "<nil>":
					t.Errorf("panics: %s", panicked)
				case test.takes[i] != 'x' && !strings.HasPrefix(panicked, want):
					t.Errorf("got %q, want a panic with %q", panicked, want)
				}
			})
		}
	}
}

// TestSampledAlone says that what bounds an exploration of all schedules is refused beside
// Sampled.
func TestSampledAlone(t *testing.T) {
	for name, o := range map[string]Option{"Deviations": Deviations(1), "Schedules": Schedules(10)} {
		if text := panicOf(func() { Explore(t, one, o, Sampled(9, 2)) }); !strings.Contains(text, name) {
			t.Errorf("%s beside Sampled: %s", name, text)
		}
	}
}

// TestOptionsAreDocumented says that the doc of each option names the functions that it is for,
// or those that it is not for.
func TestOptionsAreDocumented(t *testing.T) {
	found := make(map[string]bool)
	for _, f := range optionsDeclared(t) {
		found[f.Name.Name] = true
		doc := f.Doc.Text()
		_, doc, named := strings.Cut(doc, "It is for")
		if !named {
			t.Errorf("%s does not say what it is for", f.Name)
		}
		doc, _, _ = strings.Cut(doc, ".")
		but := strings.Contains(doc, "all but")
		for function, options := range takes {
			if takes := slices.Contains(options, f.Name.Name); strings.Contains(doc, "["+function+"]") != (takes != but) {
				t.Errorf("%s takes %s: %v, and its doc does not say so:%s", function, f.Name, takes, doc)
			}
		}
	}
	for function, options := range takes {
		for _, o := range options {
			if !found[o] {
				t.Errorf("%s takes an option %s, which no function returns", function, o)
			}
		}
	}
}

// optionsDeclared returns the exported functions of this package that return an Option.
func optionsDeclared(t *testing.T) (all []*ast.FuncDecl) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.IsExported() && f.Type.Results.NumFields() == 1 {
				if result, ok := f.Type.Results.List[0].Type.(*ast.Ident); ok && result.Name == "Option" {
					all = append(all, f)
				}
			}
		}
	}
	return all
}
