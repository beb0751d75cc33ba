package main

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parsed returns a package with files.
func parsed(t *testing.T, texts ...string) *sourcePackage {
	t.Helper()
	p := &sourcePackage{path: "p", fset: token.NewFileSet(), info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	p.config.Importer = importer.Default()
	for i, text := range texts {
		name := fmt.Sprintf("p%d.go", i)
		f := &sourceFile{pkg: p, path: name, name: name, text: []byte(text)}
		var err error
		if f.syntax, err = parser.ParseFile(p.fset, f.path, f.text, parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, f)
	}
	if err := p.check(p.syntax(), &p.info); err != nil {
		t.Fatal(err)
	}
	return p
}

// Each kind of code has its mutants.
func TestMutants(t *testing.T) {
	for _, test := range []struct {
		name, code string
		want       []string // - before those that do not compile
	}{
		{"comparison", "func f(a, b int) bool { return a < b }", []string{"f: a < b => a <= b"}},
		{"comparison in if", "func f(a int) { if a > 7 { g(a); g(a) } }; func g(int) {}", []string{
			"f: a > 7 => !(a > 7)", "f: a > 7 => a >= 7", "f: { g(a); g(a) } => {}", "f: g(a) => nothing", "f: g(a) => nothing (2)",
		}},
		{"equality", "func f(a int) { for a == 7 { a++ } }", []string{
			"f: a == 7 => a != 7", "f: a++ => a--", "f: a++ => nothing",
		}},
		{"and", "func f(a, b, c bool) bool { return a && b || !c }", []string{
			"f: a && b || !c => a && b && !c", "f: a && b => a || b", "f: !c => c",
		}},
		{"sum", `func f(a string) int { a += "s"; return len(a+"s") - 7*3 }`, []string{
			`-f: a += "s" => a -= "s"`, `f: a += "s" => nothing`,
			`f: len(a+"s") - 7*3 => len(a+"s") + 7*3`, `-f: a+"s" => a-"s"`, "f: 7*3 => 7+3",
		}},
		{"constants", "const c = 0\nfunc f() (int, bool) { return 1, false }", []string{
			"package: 0 => 1", "f: 1 => 0", "f: false => true",
		}},
		{"types", "type t [1]int", nil},
		{"error", "func f(err error) (int, error) { g := func() int { return 7 }; return g(), err }", []string{
			"f: err => nil",
		}},
		{"no error", "func f() error { return nil }; func g() (int, error) { return h() }; func h() (a int, err error) { return }", nil},
		{"removals", "func f(c chan int, m map[int]int) { defer g(); go g(); c <- 7; delete(m, 7); a := 7; a = 8; _ = a }; func g() {}", []string{
			"f: defer g() => nothing", "f: go g() => nothing", "f: c <- 7 => nothing", "f: delete(m, 7) => nothing",
			"f: a = 8 => nothing", "-f: _ = a => nothing",
		}},
		{"parts of statements", "func f(a int) { for a = 7; a < 8; a++ { } }", []string{
			"f: a < 8 => !(a < 8)", "f: a < 8 => a <= 8", "f: a++ => a--",
		}},
		{"else", "func f(a bool) int { if a { return 7 } else if !a { return 8 } else { return 9 } }", []string{
			"f: a => !(a)", "-f: { return 7 } => {}", "-f: else if !a { return 8 } else { return 9 } => nothing",
			"f: !a => a", "-f: { return 8 } => {}", "-f: else { return 9 } => nothing",
		}},
		{"case", "func f(a int) { switch a { case 7: return; case 8: a++; default: } ; f(8) }", []string{
			"f: return => nothing", "f: a++ => a--", "f: a++ => nothing", "f: f(8) => nothing",
		}},
		{"branch", "func f() { for { switch { default: continue }; break } }", []string{
			"f: continue => nothing", "f: continue => break", "f: break => continue",
		}},
		{"generic method", "type t[T any] struct{}; func (*t[T]) f() bool { return true }", []string{"t.f: true => false"}},
		{"messages", `import "fmt"; type t int; func (a t) String() string { return fmt.Sprint(a + 1) }; func f(a t) { panic(a + 1) }`, []string{
			"f: panic(a + 1) => nothing",
		}},
		{"long", "func f(abcdefghijklmnopqrstuvwxyz, ABCDEFGHIJKLMNOPQRSTUVWXYZ bool) bool { return abcdefghijklmnopqrstuvwxyz && ABCDEFGHIJKLMNOPQRSTUVWXYZ && abcdefghijklmnopqrstuvwxyz }", []string{
			"f: …&& ABCDEFGHIJKLMNOPQRSTUVWXYZ && abcdefghijklmnopqrstuvwxyz => …&& ABCDEFGHIJKLMNOPQRSTUVWXYZ || abcdefghijklmnopqrstuvwxyz",
			"f: abcdefghijklmnopqrstuvwxyz && ABCDEFGHIJKLMNOPQRSTUVWXYZ => abcdefghijklmnopqrstuvwxyz || ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, m := range parsed(t, "package p; "+test.code).mutants(nil) {
				mark := ""
				if !m.compiles() {
					mark = "-"
				}
				got = append(got, mark+strings.TrimPrefix(m.key(), "p0.go: "))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("mutants (-want +got):\n%s", diff)
			}
		})
	}
}

// A mutant that other files do not compile with, does not compile.
func TestCompilesWithOthers(t *testing.T) {
	p := parsed(t, "package p; const a = 1; var b = [a]int{}; func f() int { return a - 1 }",
		`package p; import "os"; func g() int { os.Exit(0); return b[0] }`)
	want := map[string]bool{
		"p0.go: package: 1 => 0":          false, // b has no first element then
		"p0.go: f: a - 1 => a + 1":        true,
		"p0.go: f: 1 => 0":                true,
		"p1.go: g: os.Exit(0) => nothing": false, // nor is os used
		"p1.go: g: 0 => 1":                true,
		"p1.go: g: 0 => 1 (2)":            false,
	}
	got := map[string]bool{}
	for _, m := range p.mutants(nil) {
		got[m.key()] = m.compiles()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("those that compile (-want +got):\n%s", diff)
	}
}

// Nothing changes in calls that are ignored, or goes because of them.
func TestMutantsIgnored(t *testing.T) {
	p := parsed(t, "package p; func f(a int) { note(a == 7); if a > 7 { note(a == 1); note(true) }; _ = note(a == 8) }; func note(bool) int { return 7 }")
	var got []string
	for _, m := range p.mutants(regexp.MustCompile(`^note\(`)) {
		got = append(got, m.change)
	}
	want := []string{"a > 7 => !(a > 7)", "a > 7 => a >= 7", "{ note(a == 1); note(true) } => {}", "_ = note(a == 8) => nothing", "a == 8 => a != 8"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// Operands stay what they were where an operator of lower rank takes the place.
func TestMutantPrecedence(t *testing.T) {
	for _, m := range parsed(t, "package p; func f(a, b, c int) int { return a * b * c }").mutants(nil) {
		if m.change == "a * b => a + b" {
			want := "package p; func f(a, b, c int) int { return (a + b) * c }"
			if got := string(m.source()); got != want {
				t.Errorf("source is %q, want %q", got, want)
			}
			return
		}
	}
	t.Error("there is no such mutant")
}
