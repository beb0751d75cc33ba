package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// program runs the program and returns what it printed.
func program(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, &out, &err)
	return status, out.String(), err.String()
}

// short is a soak for tests.
func short(backend string, runners int) config {
	return config{backend: backend, runners: runners, conns: 200, seed: 1, duration: time.Second}
}

// Every backend survives a short soak in which everything happens.
func TestSoak(t *testing.T) {
	for _, backend := range platform.Backends() {
		for name, runners := range map[string]int{"one": 1, "several": 3} {
			t.Run(backend+"/"+name, func(t *testing.T) {
				all := new(tally)
				var r row
				enough := func() bool { return r.Connections >= 200 && r.Messages >= 200 }
				for seed := range uint64(100) { // on a slow machine it takes many until everything has happened
					c := short(backend, runners)
					c.seed = seed
					var err error
					if r, err = soak(t.Context(), c, all); err != nil {
						t.Fatal(err)
					}
					if r.bad() || enough() && !slices.Contains(slices.Collect(maps.Values(r.Faults)), 0) {
						break
					}
				}
				if r.bad() {
					var problems strings.Builder
					all.print(&problems, backend)
					t.Errorf("%+v\n%s", r, problems.String())
				}
				if !enough() || r.Operations < r.Messages {
					t.Errorf("too little happened: %+v", r)
				}
				for kind, n := range r.Faults {
					if n == 0 {
						t.Errorf("no %s", kind)
					}
				}
			})
		}
	}
}

// plant is an allocator that does something wrong, once.
type plant struct {
	allocator.Allocator[ops.Operation]
	once       chan struct{}
	deallocate func(parent allocator.Allocator[ops.Operation], s []ops.Operation)
}

func (p plant) Deallocate(s []ops.Operation) {
	select {
	case <-p.once:
		p.deallocate(p.Allocator, s)
	default:
		p.Allocator.Deallocate(s)
	}
}

// A fault that is planted is found.
func TestPlanted(t *testing.T) {
	planted := func(deallocate func(allocator.Allocator[ops.Operation], []ops.Operation)) row {
		t.Helper()
		once := make(chan struct{}, 1)
		once <- struct{}{}
		c := short(platform.Backends()[0], 2)
		c.duration = 200 * time.Millisecond
		c.layer = func(a allocator.Allocator[ops.Operation]) allocator.Allocator[ops.Operation] {
			return plant{a, once, deallocate}
		}
		all := new(tally)
		r, err := soak(t.Context(), c, all)
		if err != nil {
			t.Fatal(err)
		}
		if !r.bad() || len(all.problems) != 1 || !strings.Contains(all.problems[0].text, "Checked(") {
			t.Errorf("bad: %v, problems: %v", r.bad(), all.problems)
		}
		return r
	}
	t.Run("leaked block", func(t *testing.T) {
		r := planted(func(allocator.Allocator[ops.Operation], []ops.Operation) {})
		if r.BlocksLeaked != 1 || r.Violations != 0 {
			t.Errorf("%d blocks leaked and %d violations, want 1 and 0", r.BlocksLeaked, r.Violations)
		}
	})
	t.Run("double free", func(t *testing.T) {
		r := planted(func(a allocator.Allocator[ops.Operation], s []ops.Operation) {
			a.Deallocate(s)
			a.Deallocate(s)
		})
		if r.BlocksLeaked != 0 || r.Violations != 1 {
			t.Errorf("%d blocks leaked and %d violations, want 0 and 1", r.BlocksLeaked, r.Violations)
		}
	})
	t.Run("leaked descriptor", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("nobody can tell here")
		}
		c := short(platform.Backends()[0], 2)
		c.duration = 200 * time.Millisecond
		var files []*os.File
		c.aside = func() {
			f, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		r, err := soak(t.Context(), c, new(tally))
		if err != nil {
			t.Fatal(err)
		}
		if *r.DescriptorsLeaked != len(files) || !r.bad() {
			t.Errorf("%d descriptors leaked, want %d", *r.DescriptorsLeaked, len(files))
		}
		for _, f := range files {
			f.Close()
		}
	})
}

func TestTable(t *testing.T) {
	status, out, stderr := program(t, "-conns", "20", "-duration", "200ms")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q, want 0 and nothing; output:\n%s", status, stderr, out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	backends := platform.Backends()
	if len(lines) < len(backends) {
		t.Fatalf("output:\n%s", out)
	}
	for i, line := range lines[len(lines)-len(backends):] {
		if fields := strings.Fields(line); len(fields) != 3+int(faultKinds)+3 || fields[0] != backends[i] {
			t.Errorf("row %q, want one of %s with all columns", line, backends[i])
		}
	}
}

func TestJSON(t *testing.T) {
	var r row
	for duration := 200 * time.Millisecond; r.Messages == 0 && duration < time.Minute; duration *= 2 { // on a slow machine it takes longer until there is a message
		status, out, stderr := program(t, "-json", "-backend", "portable", "-seed", "7", "-runners", "1", "-conns", "20", "-duration", duration.String())
		if status != 0 || stderr != "" {
			t.Fatalf("status %d, stderr %q, want 0 and nothing; output:\n%s", status, stderr, out)
		}
		d := json.NewDecoder(strings.NewReader(out))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
	}
	if r.Backend != "portable" || r.Runners != 1 || r.AtOnce != 20 || r.Seed != 7 || r.Messages == 0 || len(r.Faults) != int(faultKinds) {
		t.Errorf("row %+v", r)
	}
	if (r.DescriptorsLeaked == nil) != (runtime.GOOS != "linux") {
		t.Errorf("descriptors leaked: %v", r.DescriptorsLeaked)
	}
}

// What was found makes the program fail, and is printed.
func TestFound(t *testing.T) {
	all := new(tally)
	for range 3 {
		all.violated("%v: such a thing\nin detail", contract.SameBlock)
	}
	r := all.row(short("epoll", 1), time.Second, 0)
	var b strings.Builder
	all.print(&b, "epoll")
	if want := "soak: epoll: 3 times: 3 SameBlock: such a thing\n\tin detail\n"; !r.bad() || r.Violations != 3 || b.String() != want {
		t.Errorf("%+v\n%s, want\n%s", r, b.String(), want)
	}
	for range 2 * mostProblems {
		all.violated("problem %d", all.violations.Load())
	}
	if len(all.problems) != mostProblems {
		t.Errorf("%d problems, want %d", len(all.problems), mostProblems)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out, stderr bytes.Buffer
	status := run(ctx, []string{"-duration", "1h", "-conns", "100"}, &out, &stderr)
	if rows := strings.Count(out.String(), platform.Backends()[0]); status != 0 || rows != 1 || strings.Count(stderr.String(), "interrupted before") > 1 {
		t.Errorf("status %d, stderr %q, output:\n%s", status, stderr.String(), out.String())
	}
}

func TestFlags(t *testing.T) {
	for _, test := range []struct {
		args   string
		status int
		want   string // in stderr, or stdout if the status is 0
	}{
		{"-h", 0, "-duration D"},
		{"-help", 0, "-duration D"},
		{"-conns 0", exitUsage, "-conns: want a number from 1 to 20000"},
		{"-conns 20001", exitUsage, "-conns: want a number from 1 to 20000"},
		{"-conns x", exitUsage, "-conns: want a number from 1 to 20000"},
		{"-runners 0", exitUsage, "-runners: want a number from 1 to 64"},
		{"-runners n", exitUsage, "-runners: want a number from 1 to 64"},
		{"-duration 0s", exitUsage, "-duration: want a time from 100ms to 240h"},
		{"-duration 10", exitUsage, "-duration: want a time from 100ms to 240h"},
		{"-duration 1000h", exitUsage, "-duration: want a time from 100ms to 240h"},
		{"-seed -1", exitUsage, "-seed: want a number from 0"},
		{"-backend nonsense", exitUsage, "-backend: want one of " + platform.Backends()[0]},
		{"-backend=", exitUsage, "-backend: want one of " + platform.Backends()[0]},
		{"-nonsense", exitUsage, "not defined: -nonsense"},
		{"nonsense", exitUsage, `unexpected argument "nonsense"`},
	} {
		t.Run(test.args, func(t *testing.T) {
			status, out, stderr := program(t, strings.Fields(test.args)...)
			text := stderr
			if test.status == 0 {
				text = out
			}
			if status != test.status || !strings.Contains(text, test.want) {
				t.Errorf("status %d and %q, want %d and … %s …", status, text, test.status, test.want)
			}
		})
	}
}
