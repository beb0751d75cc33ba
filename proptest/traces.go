package proptest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// SameTraces draws programs in which the order of events in each chain is
// determined, and checks that it is the same on the simulated platform and on
// each of those that are given, by name: what was started, when memory was
// taken and given back, and what the handlers were told. How the chains
// intermingle is up to the platform.
//
// Such a program cancels, aborts and closes nothing while it is outstanding,
// transfers in full, and waits for no packet that has not been sent. The
// simulated platform has a random weather in which nothing fails, unless [In]
// fixes another one. Runs are judged as [Platform] does.
func SameTraces(t testing.TB, platforms map[string]Opener, options ...Option) {
	t.Helper()
	c := newConfig(options)
	var failed *Report
	defer keepPicture(t, &failed)
	if c.replay != nil {
		compareTraces(t, draw(c.replay, c.runners).settled(), 0, platforms, c, &failed)
		return
	}
	programs := rapid.Custom(func(t *rapid.T) Program { return draw(Drawn(t), c.runners).settled() })
	rapid.Check(t, func(t *rapid.T) {
		t.Helper()
		seed := rapid.Uint64().Draw(t, "seed of the simulated platform")
		compareTraces(t, programs.Draw(t, "program"), seed, platforms, c, &failed)
	})
}

// settled returns the program without what makes the order of events in a chain
// depend on the platform.
func (p Program) settled() Program {
	p.RefuseAt = 0 // whose request that is depends
	chains := slices.Clone(p.Chains)
	for i := range chains {
		var kept []Step
		for _, s := range chains[i].Steps {
			s.Cancel, s.Pause = CancelNothing, max(s.Pause, 0)
			ok := true
			if settle := kindOf(s.Kind).settle; settle != nil {
				s, ok = settle(kept, s)
			}
			if ok {
				kept = append(kept, s)
			}
		}
		chains[i].Steps = kept
	}
	p.Chains = chains
	return p
}

// harmless is a weather in which nothing fails.
var harmless = sim.Weather{
	AtOnce: 3, Delay: 4, Overtake: 2, Few: 4, Spurious: 8, Lag: 6, Stale: 8, Scribble: 4, Partial: 3,
}

func compareTraces(t rapid.TB, p Program, seed uint64, platforms map[string]Opener, c config, failed **Report) {
	t.Helper()
	if c.weather == nil {
		c.weather = &harmless
	}
	alone := p
	alone.Runners = min(p.Runners, 1)
	s := &simulation{program: alone, chooser: &recording{Chooser: Seed(seed)}}
	s.run(c)
	s.verify(t, failed)
	want := s.played.trace()
	s.discard()
	for _, name := range slices.Sorted(maps.Keys(platforms)) {
		r := newRun(p, c)
		violations, err := r.judge(platforms[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		diff := cmp.Diff(want, r.trace())
		if len(violations) == 0 && diff == "" {
			continue
		}
		if len(violations) == 0 {
			violations = []Violation{{Text: "the events of a chain are not those on the simulated platform"}}
		}
		report := &Report{Program: p, Violations: violations, Timeline: r.ledger.Timeline()}
		*failed = report
		t.Logf("on %s:\n%s", name, report)
		if diff != "" {
			t.Logf("- simulated, + %s:\n%s", name, diff)
		}
		t.Fatalf("%s", violations[0].verdict())
	}
}

// trace returns what happened to each chain, in order: all but when the backend
// had an operation and when the functions that start one have returned, which
// depends on the platform.
func (r *run) trace() map[string][]string {
	l := r.ledger
	l.settle()
	l.mu.Lock()
	defer l.mu.Unlock()
	trace := make(map[string][]string)
	for i := range l.history {
		e := &l.history[i]
		if e.chain == 0 {
			continue
		}
		text := ""
		switch e.kind {
		case eventNote:
			text = e.what
		case eventStart:
			text = "start " + e.what
		case eventAllocated:
			text = "allocated from " + l.arbiter.name(e.allocator)
		case eventRefused:
			text = "refused by " + l.arbiter.name(e.allocator)
		case eventReleased:
			text = "released to " + l.arbiter.name(e.allocator)
		case eventHandler:
			text = fmt.Sprintf("told %d, %s", e.n, errorClass(e.err))
		case eventAbandoned:
			text = "abandoned"
		default:
			continue
		}
		name := l.chains[e.chain-1].name
		trace[name] = append(trace[name], text)
	}
	return trace
}

// errorClass says what kind of error err is, in words that are the same on every
// system.
func errorClass(err error) string {
	if err == nil {
		return "nil"
	}
	err = commonErrno(err)
	for _, class := range []error{
		allocator.ErrExhausted, ops.ErrCanceled, os.ErrDeadlineExceeded, net.ErrClosed,
		io.EOF, io.ErrUnexpectedEOF, io.ErrShortBuffer,
		syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.ECONNABORTED, syscall.EPIPE, syscall.ENOTCONN, syscall.ENOBUFS,
	} {
		if errors.Is(err, class) {
			return class.Error()
		}
	}
	return "another error"
}
