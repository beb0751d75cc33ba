package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestBadFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"echo"}, `unexpected argument "echo"`},
		{[]string{"-rounds", "0"}, "-rounds wants a number from 1 to 1000"},
		{[]string{"-time", "1ms"}, "-time wants a time from 10ms to 1h"},
		{[]string{"-run", "("}, "-run: error parsing regexp"},
		{[]string{"-programs", "("}, "-programs: error parsing regexp"},
		{[]string{"-asio", "testdata"}, "-asio: there is neither asio.hpp nor boost/asio.hpp in testdata"},
		{[]string{"-speed"}, "flag provided but not defined: -speed"},
	} {
		var stderr bytes.Buffer
		if status := run(t.Context(), c.args, io.Discard, &stderr); status != exitUsage || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: status %d and %q, want %d and %q", c.args, status, &stderr, exitUsage, c.want)
		}
	}
}

func TestHelp(t *testing.T) {
	var stdout bytes.Buffer
	if status := run(t.Context(), []string{"-h"}, &stdout, io.Discard); status != 0 {
		t.Fatalf("status %d", status)
	}
	for _, s := range scenarios() {
		if !strings.Contains(stdout.String(), "  "+s.name+" ") {
			t.Errorf("the help does not list the scenario %s:\n%s", s.name, &stdout)
		}
	}
}

// Scenarios and programs are told apart by their names, and each scenario has what a report
// needs.
func TestScenarios(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range scenarios() {
		if seen[s.name] {
			t.Errorf("there are two scenarios %s", s.name)
		}
		seen[s.name] = true
		if s.title == "" || s.about == "" || s.note == "" || len(s.metrics) == 0 || len(s.variants) == 0 || s.processors < 1 || s.measure == nil {
			t.Errorf("%s lacks something: %+v", s.name, s)
		}
		for _, v := range s.variants {
			if v.name == "" || strings.Contains(v.name, "/") { // which would cut the name of a benchmark
				t.Errorf("%s: not the name of a variant: %q", s.name, v.name)
			}
		}
		for _, m := range s.metrics {
			if strings.ContainsAny(m.unit, " \t") || m.label == "" {
				t.Errorf("%s: not a metric: %+v", s.name, m)
			}
		}
	}
	for _, kind := range kinds {
		names := make(map[string]bool)
		for _, p := range programs("/other") {
			if p.kind == kind && names[p.name] {
				t.Errorf("there are two programs %s of kind %s", p.name, kind)
			}
			names[p.name] = names[p.name] || p.kind == kind
		}
	}
}

// The Asio of a directory is called by its version.
func TestOtherAsio(t *testing.T) {
	for _, c := range []struct{ header, version, text, want, flag string }{
		{"asio.hpp", "asio/version.hpp", "#define ASIO_VERSION 103002 // 1.30.2\n", "Asio 1.30.2", "-DASIO_STANDALONE"},
		{"boost/asio.hpp", "boost/asio/version.hpp", "#define BOOST_ASIO_VERSION 103600 // 1.36.0\n", "Boost.Asio 1.36.0", "-DUSE_BOOST"},
		{"asio.hpp", "asio/version.hpp", "", "Asio of include", "-DASIO_STANDALONE"},
	} {
		dir := filepath.Join(t.TempDir(), "include")
		for file, text := range map[string]string{c.header: "", c.version: c.text} {
			file = filepath.Join(dir, filepath.FromSlash(file))
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if p := asioIn(dir); p.name != c.want || !slices.Contains(p.flags, c.flag) {
			t.Errorf("%s: %q with %q, want %q with %s", c.version, p.name, p.flags, c.want, c.flag)
		}
	}
}

// A program that the system does not have is left out, and the reason says what to install.
func TestNotInstalled(t *testing.T) {
	b := &builder{made: make(map[string]made)}
	_, left, err := b.prepare(t.Context(), &runner{}, []program{{name: "x", executable: "no-such-program", install: "package-of-x"}}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || !strings.Contains(left[0].String(), "no-such-program") || !strings.HasSuffix(left[0].String(), "apt-get install package-of-x") {
		t.Errorf("left out: %v", left)
	}
}

// What the machine is too small for is skipped, and the reason is said.
func TestTooSmall(t *testing.T) {
	r := &runner{cpus: []int{0}, descriptors: 1024}
	programs := []built{{program: program{name: "x", kind: echoes}}}
	tables, skipped := r.newTables([]scenario{singleScenario(), connectionsScenario()}, programs)
	if len(tables) != 1 || tables[0].scenario.name != "connections" {
		t.Fatalf("tables: %v", tables)
	}
	for _, v := range tables[0].scenario.variants {
		if v.n > 1024 {
			t.Errorf("%s needs more descriptors than there are", v.name)
		}
	}
	if len(skipped) == 0 || skipped[0].name != "single" || !strings.Contains(skipped[len(skipped)-1].why.Error(), "ulimit -n") {
		t.Errorf("skipped: %v", skipped)
	}
}

// In a round each program is measured once in each variant, also one that has failed before.
func TestRound(t *testing.T) {
	measured := make(map[string]int)
	s := scenario{
		name: "s", kind: echoes, processors: 1,
		variants: []variant{{name: "one"}, {name: "two"}},
		measure: func(_ context.Context, _ *runner, p built, v variant) ([]float64, error) {
			measured[p.name+" "+v.name]++
			if p.name == "bad" {
				return nil, io.ErrUnexpectedEOF
			}
			return []float64{1}, nil
		},
	}
	programs := []built{{program: program{name: "good", kind: echoes}}, {program: program{name: "bad", kind: echoes}}, {program: program{name: "other", kind: httpServers}}}
	r := &runner{cpus: []int{0}}
	tables, _ := r.newTables([]scenario{s}, programs)
	steps := 0
	for range 3 {
		if err := r.round(t.Context(), tables, func(*table, *cell) { steps++ }); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]int{"good one": 3, "good two": 3, "bad one": 3, "bad two": 3}
	for name, n := range want {
		if measured[name] != n {
			t.Errorf("%s was measured %d times, want %d", name, measured[name], n)
		}
	}
	if len(measured) != len(want) || steps != 3*4 {
		t.Errorf("measured %v in %d steps", measured, steps)
	}
	for _, c := range tables[0].cells {
		if bad := c.program.name == "bad"; (len(c.errs) == 3) != bad || (len(c.rounds) == 3) == bad {
			t.Errorf("%s, %s: %d rounds and %d errors", c.program.name, c.variant.name, len(c.rounds), len(c.errs))
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.round(canceled, tables, func(*table, *cell) {}); err == nil {
		t.Error("it goes on after it was interrupted")
	}
}

func TestChoose(t *testing.T) {
	all := []program{{name: "Heirloom epoll", kind: echoes}, {name: "C epoll", kind: echoes}, {name: "fasthttp", kind: httpServers}}
	chosen := choose([]scenario{{kind: echoes}}, all, regexp.MustCompile("epoll|http"))
	if len(chosen) != 2 || chosen[0].kind != echoes || chosen[1].kind != echoes {
		t.Errorf("chosen: %v", chosen)
	}
}

func TestProgressLine(t *testing.T) {
	p := &progress{total: 4, done: 1}
	const want = "[####............]  25%,    30s left; 1/2 echo-64, Heirloom io_uring          "
	if got := p.line("1/2 echo-64, Heirloom io_uring", 10*time.Second); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	const first = "[................]   0%,      ? left; "
	if got := (&progress{total: 4}).line("", 0); strings.TrimRight(got, " ") != strings.TrimRight(first, " ") {
		t.Errorf("%q, want %q", got, first)
	}
	if got := p.line(strings.Repeat("x", 99), time.Second); len([]rune(got)) != len([]rune(want)) {
		t.Errorf("a long label makes the line %d wide, want %d", len([]rune(got)), len([]rune(want)))
	}
}

func TestFirstError(t *testing.T) {
	for out, want := range map[string]string{
		"": "",
		"x.c: In function 'f':\nx.c:1:2: fatal error: liburing.h: No such file\n 1 | #include\n": "x.c:1:2: fatal error: liburing.h: No such file",
		"# package\n./main.go:3:2: undefined: x\n":                                               "./main.go:3:2: undefined: x",
	} {
		if got := firstError(out); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
}

func TestUnsupported(t *testing.T) {
	if runtime.GOOS == "linux" {
		t.Skip("this is Linux")
	}
	var stderr bytes.Buffer
	if status := run(t.Context(), nil, io.Discard, &stderr); status != exitFailed || !strings.Contains(stderr.String(), "needs Linux") {
		t.Errorf("status %d and %q", status, &stderr)
	}
}
