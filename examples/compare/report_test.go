package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares a text with a file of testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
		t.Errorf("go test -update writes the file anew if this is wanted (-want +got):\n%s", diff)
	}
}

// sample returns a report with a scenario of one variant, and one of two.
func sample() *report {
	ours := built{program: program{name: "Heirloom epoll", ours: true, kind: echoes, source: "echo"}}
	peer := built{program: program{name: "C epoll", kind: echoes, source: "c/epoll.c"}}
	one := variant{name: "64 connections", n: 64}
	slow, quick := variant{name: "1,000 messages a second", n: 1000}, variant{name: "2,000 messages a second", n: 2000}
	none := math.NaN()
	return &report{
		machine: machine{system: "linux/amd64", cpu: "A & B", kernel: "6.18.1", goVersion: "go1.26.8", processors: 2, tools: []string{"c++ 12.2.0", "Asio 1.22.1"}},
		began:   time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC),
		rounds:  3,
		time:    time.Second,
		quiet:   []quiet{{0.25, 0.01, 90}, {1.5, 0.02, 95}, {1.7, 0.01, 140}},
		tables: []*table{{
			scenario: scenario{
				name: "echo-64", title: "Time of a message", note: "How it was measured.", kind: echoes,
				metrics:  []metric{costMetric, {unit: "allocs/msg", label: "allocations a message"}},
				variants: []variant{one},
			},
			cells: []*cell{
				{program: ours, variant: one, rounds: [][]float64{{1894.2, 0}, {1900, 0.001}, {1890, 0}}},
				{program: peer, variant: one, rounds: [][]float64{{1717, none}, {1700, none}, {1800, none}}},
			},
		}, {
			scenario: scenario{
				name: "open", title: "Latency", note: "Open.", kind: echoes,
				metrics:  []metric{p99Metric, p50Metric},
				variants: []variant{slow, quick},
			},
			cells: []*cell{
				{program: ours, variant: slow, rounds: [][]float64{{31_000, 12_345}}},
				{program: peer, variant: slow, rounds: [][]float64{{29_500, 10_000}}},
				{program: ours, variant: quick, rounds: [][]float64{{1_234_567, 99_940}}},
				{program: peer, variant: quick, errs: []error{errors.New("load: it has\nended")}},
			},
		}},
		leftOut: []leftOut{
			{name: "Asio", kind: echoes, why: errors.New("c++: no such file; on Debian it needs: apt-get install g++ libasio-dev")},
			{name: "fasthttp", kind: httpServers, why: errors.New("of another kind")},
			{name: "4,000 messages a second", scenario: "open", why: errors.New("too many")},
			{name: "loops", scenario: "loops", why: errors.New("it needs 2 processors")},
		},
	}
}

func TestTables(t *testing.T) {
	rep := sample()
	p := make(page)
	for _, table := range rep.tables {
		var text strings.Builder
		rep.section(&text, table)
		p[table.scenario.name] = text.String()
	}
	rep.addSkipped(p)
	rep.addMachine(p)
	var text strings.Builder
	p.write(&text, []string{"echo-64", "open", "loops", "never measured", machineSection})
	golden(t, "tables.md", text.String())

	// What is read back is what was written, so a section that is not measured stays.
	if diff := cmp.Diff(p, readPage(text.String())); diff != "" {
		t.Errorf("read back (-written +read):\n%s", diff)
	}
}

func TestBenchmarks(t *testing.T) {
	rep := sample()
	var text strings.Builder
	for _, table := range rep.tables {
		rep.benchmarks(&text, table)
	}
	golden(t, "benchmarks.txt", text.String())
}

func TestWarnings(t *testing.T) {
	calm := quiet{0.1, 0.01, 100}
	for name, c := range map[string]struct {
		rounds []quiet
		want   string
	}{
		"calm":           {[]quiet{calm, calm}, ""},
		"loaded by us":   {[]quiet{calm, {2, 0.01, 110}}, ""},
		"others at work": {[]quiet{calm, {0, 0.2, 100}}, "other programs took more than 5 % of the processors"},
		"slow calls":     {[]quiet{calm, {0, 0, 200}}, "an empty system call took 100ns in one round and 200ns in another"},
	} {
		t.Run(name, func(t *testing.T) {
			_, warnings := summarise(c.rounds)
			if got := strings.Join(warnings, "; "); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestValue(t *testing.T) {
	values := func(v ...float64) (rounds [][]float64) {
		for _, v := range v {
			rounds = append(rounds, []float64{v})
		}
		return rounds
	}
	for _, c := range []struct {
		rounds [][]float64
		size   float64
		want   string
	}{
		{nil, 1, "–"},
		{values(math.NaN()), 1, "–"},
		{values(7), 1, "7"},
		{values(0, 0), 1, "0"},
		{values(1, 2, 9), 1, "2 ± 100 %"}, // quartiles 1.5 and 5.5
		{values(100, 102), 1, "101 ± 0 %"},
		{values(1, 2, 3, 4), 1, "2.50 ± 30 %"},
		{values(0.125), 1, "0.12"},
		{values(12.34), 1, "12.3"},
		{values(15), 1, "15"},
		{values(1, 1, 1), 1, "1"},
		{values(0.001, 0.002, 0.003), 1, "0.00"},
		{values(1_234_567), 1, "1,234,567"},
		{values(999), 1, "999"},
		{values(12_345), 1000, "12.3"},
		{values(12_345), 0, "12,345"},
	} {
		cell := cell{rounds: c.rounds}
		if got := cell.value(0, c.size); got != c.want {
			t.Errorf("%v in units of %g: %s, want %s", c.rounds, c.size, got, c.want)
		}
	}
}

func TestFailure(t *testing.T) {
	rep := sample()
	if err := rep.failure(); err != nil {
		t.Errorf("a peer has failed, and the error is %v", err)
	}
	rep.tables[0].cells[0].errs = []error{errors.New("broken")}
	if rep.failure() == nil {
		t.Error("Heirloom has failed, and there is no error")
	}
}

// What was measured before an interrupt is written. What was interrupted is neither a value nor a
// failure, and a round without its first metric has failed.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := 0
	s := echoScenario(64)
	s.measure = func(context.Context, *runner, built, variant) ([]float64, error) {
		switch calls++; calls {
		case 2:
			return []float64{math.NaN(), 1, 1}, nil
		case 3:
			cancel()
			return nil, errors.New("signal: interrupt")
		}
		return []float64{1234, 1, 1}, nil
	}
	never := echoScenario(512)
	ours := built{program: program{name: "Heirloom epoll", ours: true, kind: echoes}}
	rep := &report{rounds: 5, tables: []*table{newTable(s, []built{ours}), newTable(never, nil)}}
	dir := filepath.Join(t.TempDir(), "results")
	r := &runner{}
	if err := r.rounds(ctx, rep, dir, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was interrupted", err)
	}
	c := rep.tables[0].cells[0]
	if len(c.rounds) != 1 || len(c.errs) != 1 || calls != 3 {
		t.Errorf("%d values and %v after %d calls", len(c.rounds), c.errs, calls)
	}
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil || !strings.Contains(string(text), "| Heirloom epoll | 1,234 |") || strings.Contains(string(text), "512") {
		t.Errorf("%v:\n%s", err, text)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "echo-64.txt")); err != nil || !strings.Contains(string(text), "1234 ns/msg") {
		t.Errorf("%v:\n%s", err, text)
	}
}

// A file of somebody else is not replaced.
func TestOtherFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "README.md")
	if err := os.WriteFile(file, []byte("# Diary\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := sample().write(dir); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v, want one about %s", err, file)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "# Diary\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// The machine of an earlier day is named as long as there are figures of it.
func TestMachines(t *testing.T) {
	rep := sample()
	p := page{
		"open":         "3 rounds of 1s on 1 May 2026, Linux 6.1.\n",
		machineSection: "## The machine\n\n- 1 April 2026, Linux 6.1: one.\n- 1 May 2026, Linux 6.1: two.\n",
	}
	rep.addMachine(p)
	text := p[machineSection]
	if strings.Contains(text, "one") || !strings.Contains(text, "- 1 May 2026, Linux 6.1: two.\n") || !strings.Contains(text, "- 29 November 2026, Linux 6.18.1: linux/amd64") {
		t.Error(text)
	}
}
