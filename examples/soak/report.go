package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A fault is a kind of what is done to connections and operations.
type fault int

const (
	halfCloses fault = iota // one stream ended before the other
	drops                   // closed in the middle of things
	resets                  // closed with unread data, or without lingering
	refusals                // connected to where nobody listens
	cancels                 // operations that were told so
	timeouts                // the same
	exhausted               // operations that got no memory
	abandoned               // operations that were outstanding when their proactor was closed
	faultKinds
)

var faultNames = [faultKinds]string{"half-closes", "drops", "resets", "refusals", "cancels", "timeouts", "exhausted", "abandoned"}

// A tally counts what happens on one backend, over all trials.
type tally struct {
	connections, messages, operations atomic.Int64
	faults                            [faultKinds]atomic.Int64
	violations                        atomic.Int64
	blocks                            int // leaked

	mu       sync.Mutex
	problems []problem
}

// A problem is what was found, and how often.
type problem struct {
	text  string
	times int
}

// mostProblems bounds how many problems are told apart.
const mostProblems = 10

func (t *tally) count(f fault) { t.faults[f].Add(1) }

func (t *tally) violated(format string, args ...any) {
	t.violations.Add(1)
	t.found(fmt.Sprintf(format, args...))
}

// found keeps what was found, for the user to read.
func (t *tally) found(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// What differs in the addresses that follow is the same problem.
	first, _, _ := strings.Cut(text, "\n")
	same := func(p problem) bool { f, _, _ := strings.Cut(p.text, "\n"); return f == first }
	if i := slices.IndexFunc(t.problems, same); i >= 0 {
		t.problems[i].times++
	} else if len(t.problems) < mostProblems {
		t.problems = append(t.problems, problem{text, 1})
	}
}

// print prints the problems.
func (t *tally) print(w io.Writer, backend string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.problems {
		fmt.Fprintf(w, "soak: %s: %d times: %s\n", backend, p.times, strings.ReplaceAll(p.text, "\n", "\n\t"))
	}
}

// A row is what happened on one backend.
type row struct {
	Backend           string           `json:"backend"`
	Runners           int              `json:"runners"`
	AtOnce            int              `json:"at_once"` // connections
	Seed              uint64           `json:"seed"`
	Seconds           float64          `json:"seconds"`
	Connections       int64            `json:"connections"`
	Messages          int64            `json:"messages"`
	Operations        int64            `json:"operations"`
	Faults            map[string]int64 `json:"faults"`
	DescriptorsLeaked *int             `json:"descriptors_leaked"` // nil: nobody can tell
	BlocksLeaked      int              `json:"blocks_leaked"`
	Violations        int64            `json:"violations"`
}

func (t *tally) row(c config, took time.Duration, descriptors int) row {
	r := row{
		Backend:      c.backend,
		Runners:      c.runners,
		AtOnce:       c.conns,
		Seed:         c.seed,
		Seconds:      float64(took.Milliseconds()) / 1000,
		Connections:  t.connections.Load(),
		Messages:     t.messages.Load(),
		Operations:   t.operations.Load(),
		Faults:       make(map[string]int64),
		BlocksLeaked: t.blocks,
		Violations:   t.violations.Load(),
	}
	for f := range t.faults {
		r.Faults[faultNames[f]] = t.faults[f].Load()
	}
	if descriptors >= 0 {
		r.DescriptorsLeaked = &descriptors
	}
	return r
}

// bad reports whether anything was found.
func (r row) bad() bool {
	return r.Violations > 0 || r.BlocksLeaked > 0 || r.DescriptorsLeaked != nil && *r.DescriptorsLeaked > 0
}

// header is the two lines above the rows.
func header() string {
	names := fmt.Sprintf("%-9s %11s %9s", "", "connections", "messages")
	for _, name := range faultNames {
		names += fmt.Sprintf(" %*s", faultWidth(name), name)
	}
	return strings.Repeat(" ", len(names)+2) + "leaked:\n" + names + "  descr. blocks violations"
}

func faultWidth(name string) int { return max(len(name), 8) }

// String returns the row of the table.
func (r row) String() string {
	line := fmt.Sprintf("%-9s %11d %9d", r.Backend, r.Connections, r.Messages)
	for _, name := range faultNames {
		line += fmt.Sprintf(" %*d", faultWidth(name), r.Faults[name])
	}
	descriptors := "n/a"
	if r.DescriptorsLeaked != nil {
		descriptors = strconv.Itoa(*r.DescriptorsLeaked)
	}
	return line + fmt.Sprintf("  %6s %6d %10d", descriptors, r.BlocksLeaked, r.Violations)
}
