package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// program runs the program and returns what it printed, in a certain order.
func program(t *testing.T, args ...string) (status int, stdout []string, stderr string) {
	t.Helper()
	var out, problem strings.Builder
	status = run(t.Context(), args, &out, &problem)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	slices.Sort(lines)
	return status, lines, problem.String()
}

// The tests of the package in testdata notice what makes a difference and is
// tested, and nothing else. One of the mutants that survive is listed, some hang and
// one does not compile.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package and runs its tests some times")
	}
	status, out, problem := program(t, "-timeout", "2", "-score", "77", "-file", "testdata/equivalent.txt", "./testdata/clamp")
	want := []string{
		"17 mutants: 10 killed, 2 timed out, 1 not compiled, 1 equivalent by list, 3 survived: score 76.9 %",
		"examples/mutate/testdata/clamp/clamp.go:13: n > high => n >= high, in Clamp",
		"examples/mutate/testdata/clamp/clamp.go:20: n + Step => n - Step, in Next",
		"examples/mutate/testdata/clamp/clamp.go:5: 1 => 0, in package",
	}
	if diff := cmp.Diff(want, out); diff != "" || status != exitFailed || problem != "" {
		t.Errorf("status is %d, errors are %q, output is (-want +got):\n%s", status, problem, diff)
	}
}

// Only the mutants that are asked for are tried, and a score that is high enough is a
// success.
func TestRunOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package and runs its tests some times")
	}
	status, out, problem := program(t, "-only", "in Clamp$", "-skip", "<|return high", "-score", "66", "./testdata/clamp")
	want := "3 mutants: 2 killed, 0 timed out, 0 not compiled, 0 equivalent by list, 1 survived: score 66.7 %"
	if status != 0 || out[0] != want {
		t.Errorf("status is %d, errors are %q, output is %q, want %q", status, problem, out, want)
	}
}

// Tests that are not chosen notice nothing, also when they lie beside the file.
func TestRunChosen(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package and runs its tests some times")
	}
	status, out, problem := program(t, "-run", "TestNothing", "-only", "in Clamp$", "-skip", "<|return high", "./testdata/clamp")
	want := "3 mutants: 0 killed, 0 timed out, 0 not compiled, 0 equivalent by list, 3 survived: score 0.0 %"
	if status != 0 || out[0] != want {
		t.Errorf("status is %d, errors are %q, output is %q, want %q", status, problem, out, want)
	}
}

// A seed always draws the same mutants, and as many as are asked for that compile.
func TestDraw(t *testing.T) {
	p := parsed(t, `package p; func f(a, b, c int, s string) (bool, string) { return a < b && b < c, s + "x" }`)
	draw := func(sample int, seed uint64) (names []string) {
		compiling, rest := config{sample: sample, seed: seed}.draw(p.mutants(nil))
		for i, m := range compiling {
			if m.id != i+1 || !m.compiles() {
				t.Errorf("number %d of those that compile is %v with the number %d", i+1, m, m.id)
			}
			names = append(names, m.change)
		}
		for _, m := range rest {
			if m.compiles() {
				t.Errorf("%v compiles and is not tried", m)
			}
		}
		return names
	}
	if all := draw(0, 1); len(all) != 3 {
		t.Errorf("all are %q, want 3", all)
	}
	different := map[string]bool{}
	for seed := range uint64(8) {
		first, second := draw(2, seed), draw(2, seed)
		if len(first) != 2 || !slices.Equal(first, second) {
			t.Errorf("seed %d draws %q first and then %q, want 2 and the same", seed, first, second)
		}
		different[strings.Join(first, "\n")] = true
	}
	if len(different) == 1 {
		t.Errorf("all seeds draw %v", different)
	}
}

// Tests that fail anyway say nothing about mutants.
func TestRunBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package and runs its tests")
	}
	status, _, problem := program(t, "./testdata/broken")
	if status != exitFailed || !strings.Contains(problem, "fail without a mutant") || !strings.Contains(problem, "One is 2") {
		t.Errorf("status is %d, error is %q", status, problem)
	}
}

// Bad input gets a clear error.
func TestRunFails(t *testing.T) {
	for _, test := range []struct {
		name, want string
		status     int
		args       []string
	}{
		{"help", "Usage", 0, []string{"-h"}},
		{"no package", "which packages", exitUsage, nil},
		{"no number", "-parallel and -timeout must be positive", exitUsage, []string{"-parallel", "0", "./testdata/clamp"}},
		{"no score", "-score must be", exitUsage, []string{"-score", "101", "./testdata/clamp"}},
		{"no expression", "missing closing )", exitUsage, []string{"-only", "(", "./testdata/clamp"}},
		{"no such package", "nothing", exitFailed, []string{"./testdata/nothing"}},
		{"no such list", "missing.txt", exitFailed, []string{"-file", "testdata/missing.txt", "./testdata/clamp"}},
		{"several tests", "is not one package", exitFailed, []string{"-tests", "./testdata/...", "-sample", "1", "./testdata/clamp"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if status, _, problem := program(t, test.args...); status != test.status || !strings.Contains(problem, test.want) {
				t.Errorf("status is %d, error is %q, want %d and one with %q", status, problem, test.status, test.want)
			}
		})
	}
}

// An entry is wrong when its mutant is noticed, or there is no such mutant any more.
func TestReportWrongEntries(t *testing.T) {
	m := mutant{file: &sourceFile{name: "a/a.go"}, line: 3, function: "f", change: "a < b => a <= b"}
	for _, test := range []struct {
		name    string
		exists  bool
		verdict verdict
		want    string
	}{
		{"killed", true, killed, "noticed by TestA"},
		{"timed out", true, timedOut, "noticed by TestA"},
		{"gone", false, survived, "there is no such mutant"},
		{"right", true, survived, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			known := &equivalents{
				reasons: map[string]string{m.key(): "because", "b/b_windows.go: f: 0 => 1": "of another system"},
				files:   map[string]bool{m.file.name: true},
				exists:  map[string]bool{m.key(): test.exists},
			}
			var out strings.Builder
			r := newReport(&out, io.Discard, known, false, 1)
			r.add(m, test.verdict, "TestA")
			r.summary()
			if wrong := test.want != ""; wrong != (r.wrong == 1) || !strings.Contains(out.String(), test.want) {
				t.Errorf("%d entries are wrong, output is %q, want %q", r.wrong, &out, test.want)
			}
		})
	}
}
