package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The test that noticed a mutant runs first for the next one of the same file.
func TestNoticing(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package and runs its tests some times")
	}
	s, mutants := clampSuite(t, "n > high => !(n > high)", "n < low => !(n < low)", "n + Step => n - Step")
	try := func(m mutant, want verdict) {
		t.Helper()
		if v, test, err := s.try(t.Context(), m); v != want || err != nil {
			t.Errorf("%v: verdict is %d, by %q, error is %v, want %d", m, v, test, err, want)
		}
	}
	none := s.tests[0].only("")
	none.limit = time.Minute
	all := s.tests[0]
	s.tests[0] = none
	s.nearTo[mutants[0].file] = true
	try(mutants[0], survived)
	s.tests[0] = all
	try(mutants[0], killed)
	s.tests[0] = none
	try(mutants[1], killed)
	try(mutants[2], survived)
}

// So do the tests beside the file.
func TestNoticingNear(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package and runs its tests some times")
	}
	s, mutants := clampSuite(t, "n > high => !(n > high)")
	s.near(t.Context(), mutants[0].file, t.TempDir())
	s.tests[0] = s.tests[0].only("")
	if v, test, err := s.try(t.Context(), mutants[0]); v != killed || test != "TestClamp" || err != nil {
		t.Errorf("verdict is %d, by %q, error is %v", v, test, err)
	}
}

// A test that fails without a mutant, when it runs alone, notices nothing.
func TestNoticingNot(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages and runs their tests")
	}
	for _, test := range []struct {
		folder, output string
		want           int
	}{
		{"clamp", "--- FAIL: TestDrain (0.00s)\n", 1},
		{"clamp", "fatal error: all goroutines are asleep", 0},
		{"broken", "--- FAIL: TestOne (0.00s)\n", 0},
	} {
		tests, err := newTestPackage(t.Context(), "./testdata/"+test.folder, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		binary, err := tests.build(t.Context(), filepath.Join(dir, "test.exe"), "")
		if err != nil {
			t.Fatal(err)
		}
		s := &suite{tests: []testPackage{tests}, binaries: []string{binary}, times: 30}
		file := new(sourceFile)
		s.noticed(t.Context(), mutant{file: file}, 0, []byte(test.output), dir)
		if got := len(s.noticing.of(file)); got != test.want {
			t.Errorf("%s: after %q, %d tests are kept, want %d", test.folder, test.output, got, test.want)
		}
	}
}

// Tests that lie beside a file run first.
func TestNear(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"timer_test.go":       "package p\n\nfunc TestA(t *testing.T) {}\n\nfunc help() {}\n\nfunc ExampleTimer() {}\n",
		"timer_linux_test.go": "package p\n\nfunc FuzzB(f *testing.F) {}\n",
		"timers_test.go":      "package p\n\nfunc TestC(t *testing.T) {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"timer.go": "FuzzB|TestA|ExampleTimer", "timer_heap.go": "FuzzB|TestA|ExampleTimer", "timers.go": "TestC", "time.go": "",
	} {
		if got := strings.Join(nearTests(&sourceFile{path: filepath.Join(dir, name)}), "|"); got != want {
			t.Errorf("beside %s lie %q, want %q", name, got, want)
		}
	}
}

// Those that noticed something last are kept, each once, and not too many.
func TestNoticingOrder(t *testing.T) {
	var n noticing
	a, b := new(sourceFile), new(sourceFile)
	for _, name := range []string{"TestA", "TestB", "TestA", "TestC", "TestD", "TestE", "TestC"} {
		n.add(a, noticingTest{name: name})
	}
	n.add(b, noticingTest{name: "TestA"})
	n.add(b, noticingTest{name: "TestA", of: 1})
	names := func(f *sourceFile) (names []string) {
		for _, t := range n.of(f) {
			names = append(names, t.name)
		}
		return names
	}
	if diff := cmp.Diff([][]string{{"TestC", "TestE", "TestD", "TestA"}, {"TestA", "TestA"}}, [][]string{names(a), names(b)}); diff != "" {
		t.Errorf("tests (-want +got):\n%s", diff)
	}
}

// An output has the name of a test wherever it ends.
func TestTestIn(t *testing.T) {
	for _, test := range []struct{ name, output, want string }{
		{"failed", "ok\n--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/b (0.00s)\n", "TestA"},
		{"example", "--- FAIL: ExampleA_b (0.00s)\ngot:\n", "ExampleA_b"},
		{"panic elsewhere", "panic: p\n\ngoroutine 7 [running]:\na/b_test.TestA.func1()\n\t/a/b_test.go:7\n", "TestA"},
		{"generic", "panic: p\n\na/b_test.TestA[...](0x1)\n", "TestA"},
		{"none", "fatal error: all goroutines are asleep - deadlock!\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := testIn([]byte(test.output)); got != test.want {
				t.Errorf("the test is %q, want %q", got, test.want)
			}
		})
	}
}
