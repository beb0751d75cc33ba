package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"runtime/trace"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// readOrSkip reads a trace, if golang.org/x/exp/trace knows its version.
func readOrSkip(t *testing.T, recorded []byte) *lives {
	t.Helper()
	events, err := readTrace(bytes.NewReader(recorded))
	if err != nil && strings.Contains(err.Error(), "unsupported trace version") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return livesOf(events)
}

func (l *lives) named(t *testing.T, name string) *chain {
	t.Helper()
	for _, c := range l.chains {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("there is no %q", name)
	return nil
}

// TestServer reads back the lives of sessions: each has one block of the heap, which serves
// all of its operations one after another, and which is free whenever a handler runs.
func TestServer(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("this test is traced itself")
	}
	const messages = 4
	var recorded bytes.Buffer
	if err := record(&recorded, 2, messages); err != nil {
		t.Fatal(err)
	}
	l := readOrSkip(t, recorded.Bytes())
	if len(l.chains) != 4 {
		t.Errorf("%d chains", len(l.chains))
	}
	for _, name := range []string{"session 1", "session 2"} {
		c, heap := l.named(t, name), l.named(t, name+", heap")
		if len(heap.blocks) != 1 || heap.blocks[0].early || heap.blocks[0].late {
			t.Fatalf("%s has of the heap: %+v", name, heap.blocks)
		}
		block := heap.blocks[0]
		const n = 2*messages + 1 // the last read finds the end of the stream
		if len(c.blocks) != n || len(c.calls) != n || c.most != 1 {
			t.Fatalf("%s has %d blocks, %d at a time, and %d calls", name, len(c.blocks), c.most, len(c.calls))
		}
		for i, x := range c.calls {
			what := []string{"read", "written"}[i%2]
			if x.what != what || x.failed != (i == n-1) {
				t.Errorf("%s, call %d: %s, failed: %v", name, i, x.what, x.failed)
			}
			b := c.blocks[i]
			if x.held != 0 || x.block != i || b.to >= x.from {
				t.Errorf("%s, call %d: with %d blocks held, after block %d: %+v %+v", name, i, x.held, x.block, b, x)
			}
			if b.to >= block.to || i > 0 && b.from <= block.from {
				t.Errorf("%s, block %d: %+v, and that of the heap %+v", name, i, b, block)
			}
			if i > 0 && (b.from <= c.calls[i-1].from || b.from >= c.calls[i-1].to) {
				t.Errorf("%s, block %d: %+v, which the handler before did not ask for: %+v", name, i, b, c.calls[i-1])
			}
		}
	}
	if problems := l.problems(); len(problems) > 0 {
		t.Errorf("problems: %+v", problems)
	}
}

// TestFlightRecorder reads what a flight recorder has, of a program whose regions are not
// all ours.
func TestFlightRecorder(t *testing.T) {
	recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{})
	if err := recorder.Start(); err != nil {
		t.Skip(err) // this test is traced itself
	}
	trace.WithRegion(t.Context(), "other", func() {
		ops.WithTrace(ops.HandlerFunc(func(int, error) {}), "chain: call").Complete(0, io.EOF)
	})
	var recorded bytes.Buffer
	_, err := recorder.WriteTo(&recorded)
	recorder.Stop()
	if err != nil {
		t.Fatal(err)
	}
	l := readOrSkip(t, recorded.Bytes())
	if len(l.chains) != 1 || l.chains[0].summary() != "1 call" || !l.chains[0].calls[0].failed {
		t.Errorf("%+v", l.chains)
	}
}

func TestRun(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("this test is traced itself")
	}
	dir := t.TempDir()
	image, saved, broken := filepath.Join(dir, "life.svg"), filepath.Join(dir, "trace"), filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, []byte("no trace"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		status int
		stdout string
		stderr string
	}{
		{"-clients 1 -messages 1 -save " + saved, 0, "session 1: 3 blocks, at most 1 at a time; 3 calls", ""},
		{"-svg " + image + " " + saved, 0, "session 1, heap: 1 block, held for ", ""},
		{"-clients 0", exitUsage, "", "Usage"},
		{"-save " + saved + " " + saved, exitUsage, "", "Usage"},
		{"-x", exitUsage, "", "flag provided but not defined"},
		{broken, exitFailed, "", "tracechain: "},
		{filepath.Join(dir, "none"), exitFailed, "", "tracechain: "},
	} {
		var stdout, stderr strings.Builder
		status := run(strings.Fields(c.args), &stdout, &stderr)
		if strings.Contains(stderr.String(), "unsupported trace version") {
			t.Skip(stderr.String())
		}
		if status != c.status || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%s: exit status %d\n%s%s", c.args, status, &stdout, &stderr)
		}
	}
	svg, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	drawn := classes(t, svg)
	// Three blocks of the session, one of the heap, and one in the legend; and three calls,
	// two of which are of the handler of reads.
	if drawn["block"] != 5 || drawn["release"] != 5 || drawn["call0"] != 2+1 || drawn["call1"] != 1+1 || drawn["bad"] != 0 {
		t.Errorf("drawn: %v\n%s", drawn, svg)
	}
}

// classes counts the elements of an image by their classes.
func classes(t *testing.T, svg []byte) map[string]int {
	t.Helper()
	count := make(map[string]int)
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return count
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "class" {
					count[a.Value]++
				}
			}
		}
	}
}
