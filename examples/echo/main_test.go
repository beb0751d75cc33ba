package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) {
	if os.Getenv("ECHO_AS_PROGRAM") != "" { // by TestProgram
		asProgram()
		main()
	}
	os.Exit(m.Run())
}

// program runs the program and returns what it printed.
func program(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, &out, &err)
	return status, out.String(), err.String()
}

func TestTable(t *testing.T) {
	status, out, stderr := program(t, "-conns", "3", "-duration", "200ms")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q, want 0 and nothing", status, stderr)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var names []string
	for _, line := range lines[max(0, len(lines)-4):] {
		if fields := strings.Fields(line); len(fields) != 5 {
			t.Errorf("row %q has %d columns, want 5", line, len(fields))
		} else {
			names = append(names, fields[0])
		}
	}
	if diff := cmp.Diff([]string{"net", "heap", "default", "single-slot"}, names); diff != "" {
		t.Errorf("rows (-want +got):\n%s\noutput:\n%s", diff, out)
	}
}

func TestJSON(t *testing.T) {
	status, out, stderr := program(t, "-json", "-conns", "4", "-size", "1000", "-duration", "200ms")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q, want 0 and nothing", status, stderr)
	}
	var policies []string
	for line := range strings.Lines(out) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		number := func(name string) float64 {
			x, ok := fields[name].(float64)
			if !ok {
				t.Errorf("line %q: field %s is no number", line, name)
			}
			delete(fields, name)
			return x
		}
		name, _ := fields["policy"].(string)
		policies = append(policies, name)
		if backend, _ := fields["backend"].(string); backend == "" || (backend == "net") != (name == "net") {
			t.Errorf("%s: backend is %q", name, backend)
		}
		delete(fields, "policy")
		delete(fields, "backend")
		if number("messages_per_second") <= 0 || number("ratio_to_net") <= 0 {
			t.Errorf("%s: nothing was measured: %s", name, line)
		}
		allocs, size, cycles := number("allocs_per_message"), number("bytes_per_message"), number("gc_cycles")
		switch {
		case name == "heap" && (allocs < 1.9 || size < 100): // a read and a write
			t.Errorf("heap: %v allocations and %v bytes a message, want 2 and two blocks", allocs, size)
		case (name == "default" || name == "single-slot") && (allocs > 0.1 || cycles != 0):
			t.Errorf("%s: %v allocations a message and %v GC cycles, want none", name, allocs, cycles)
		}
		if v := number("violations"); v != 0 {
			t.Errorf("%s: %v violations", name, v)
		}
		if len(fields) > 0 {
			t.Errorf("%s: fields that nobody asked for: %v", name, fields)
		}
	}
	if diff := cmp.Diff([]string{"net", "heap", "default", "single-slot"}, policies); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
}

// A message larger than what the kernel buffers must not get stuck.
func TestLargeMessages(t *testing.T) {
	status, out, stderr := program(t, "-conns", "2", "-size", "1048576", "-duration", "300ms")
	if status != 0 {
		t.Fatalf("status %d, stderr %q, output:\n%s", status, stderr, out)
	}
}

func TestPortable(t *testing.T) {
	status, out, stderr := program(t, "-backend", "portable", "-json", "-conns", "2", "-duration", "100ms")
	if status != 0 || strings.Count(out, `"backend":"portable"`) != 3 {
		t.Fatalf("status %d, stderr %q, output:\n%s", status, stderr, out)
	}
}

func TestFlags(t *testing.T) {
	for _, test := range []struct {
		args   string
		status int
		want   string // in stderr, or stdout if the status is 0
	}{
		{"-h", 0, "-listen ADDR"},
		{"-help", 0, "-listen ADDR"},
		{"-conns 0", exitUsage, "-conns: want a number from 1 to 10000"},
		{"-conns -5", exitUsage, "-conns: want a number from 1 to 10000"},
		{"-conns 99999999999999999999", exitUsage, "-conns: want a number from 1 to 10000"},
		{"-size 0", exitUsage, "-size: want a number from 1 to 1048576"},
		{"-size 2000000", exitUsage, "-size: want a number from 1 to 1048576"},
		{"-size x", exitUsage, "-size: want a number from 1 to 1048576"},
		{"-duration 0s", exitUsage, "-duration: want a time from 1ms to 1h"},
		{"-duration -1s", exitUsage, "-duration: want a time from 1ms to 1h"},
		{"-duration 1000h", exitUsage, "-duration: want a time from 1ms to 1h"},
		{"-conns 10000 -size 1048576", exitUsage, "is more than 256 MiB"},
		{"-nonsense", exitUsage, "not defined: -nonsense"},
		{"nonsense", exitUsage, `unexpected argument "nonsense"`},
		{"-listen=", exitUsage, "-listen wants an address"},
		{"-listen :0 -conns 3", exitUsage, "-conns has no meaning with -listen"},
		{"-listen :0 -buffer 0", exitUsage, "-buffer: want a number from 1 to 1048576"},
		{"-listen :0 -buffer 2000000", exitUsage, "-buffer: want a number from 1 to 1048576"},
		{"-buffer 65536", exitUsage, "-buffer is for -listen"},
		{"-check", exitUsage, "-check is for -listen"},
		{"-backend nonsense", exitFailed, `no backend "nonsense"`},
		{"-listen nonsense", exitFailed, "missing port"},
		{"-listen 127.0.0.1:0 -backend nonsense", exitFailed, `no backend "nonsense"`},
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

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if status := run(ctx, []string{"-duration", "1h", "-conns", "2"}, io.Discard, io.Discard); status != exitFailed {
		t.Errorf("status %d, want %d", status, exitFailed)
	}
}
