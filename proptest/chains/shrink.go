package chains

import (
	"strings"
	"time"

	"github.com/heirloom-go/heirloom/proptest/contract"
)

// A failed program is data, so it is made smaller by leaving out what it does not need to
// fail in the same way: links, chains, steps, then what is special about those that are
// left (delta debugging, A. Zeller and R. Hildebrandt, 2002). On a simulated platform the
// answers of the world come last: as many as possible become 0, so that nothing unusual
// happens but what matters.

// shrinkFor bounds how long a program is made smaller. On the simulated platform most are
// as small as they get in a fraction of that. Tests change it.
var shrinkFor = 2 * time.Second

// A trial runs a program, in the given world: that is the answers of a simulated one, the
// seed of the one that SameTraces compares with, or nothing.
type trial func(p Program, world []uint64) (*Report, error)

// A shrinking is a failed program that is being made smaller.
type shrinking struct {
	run       trial
	simulated bool
	until     time.Time

	first   contract.Violation // of the failure
	program Program
	world   []uint64 // see trial
	report  *Report
}

// shrink makes a failed program smaller, and returns the smallest that fails in the same
// way, and how that run went.
func shrink(failed *Report, world []uint64, simulated bool, run trial) *shrinking {
	s := &shrinking{
		run: run, simulated: simulated, until: time.Now().Add(shrinkFor),
		first: failed.Violations[0], program: failed.Program.clone(), world: world, report: failed,
	}
	for smaller := true; smaller && s.hasTime(); {
		smaller = s.pass()
	}
	if simulated {
		s.calm()
	}
	s.report.Program.token = tokenOf(s.program, s.world)
	return s
}

func (s *shrinking) hasTime() bool { return time.Now().Before(s.until) }

// pass tries every edit once, and reports whether one has helped.
func (s *shrinking) pass() (smaller bool) {
	edits := s.program.edits()
	for i := 0; i < len(edits) && s.hasTime(); {
		try := s.program.clone()
		if edits[i](&try) && len(try.Chains) > 0 && try.check() == nil && s.fails(try) {
			edits, smaller = s.program.edits(), true // of which there are fewer
			continue
		}
		i++
	}
	return smaller
}

// A smaller program is tried in some random worlds.
const (
	worlds       = 6
	worldAnswers = 400 // of each
)

// fails runs a program, and keeps it if it fails in the same way: on a simulated platform
// in the world of the last one, in a calm one, and in some random ones.
func (s *shrinking) fails(try Program) bool {
	if !s.simulated {
		return s.failsIn(try, s.world)
	}
	if s.failsIn(try, s.world) || s.failsIn(try, nil) {
		return true
	}
	for seed := range uint64(worlds) {
		record := &recording{Chooser: Seed(seed)}
		for range worldAnswers {
			record.Choose(1<<16, "")
		}
		if s.failsIn(try, record.answers(0)) {
			return true
		}
	}
	return false
}

func (s *shrinking) failsIn(try Program, world []uint64) bool {
	report, err := s.run(try, world)
	if err != nil || len(report.Violations) == 0 || !alike(report.Violations[0], s.first) {
		return false
	}
	s.program, s.world, s.report = try, world, report
	return true
}

// alike reports whether two runs have failed in the same way. Among those that broke no
// clause are some that panicked, and some that say where to look.
func alike(a, b contract.Violation) bool {
	panicked := func(v contract.Violation) bool { return strings.HasPrefix(v.Text, panicSign) }
	return a.Clause == b.Clause && a.Look == b.Look && panicked(a) == panicked(b)
}

// calm has as many answers of the world as possible be 0.
func (s *shrinking) calm() {
	if s.failsIn(s.program, nil) {
		return
	}
	for size := max(1, len(s.world)/2); size > 0 && s.hasTime(); size /= 2 {
		for at := 0; at < len(s.world) && s.hasTime(); at += size {
			try := append([]uint64(nil), s.world...)
			part := try[at:min(at+size, len(try))]
			if allZero(part) {
				continue
			}
			clear(part)
			s.failsIn(s.program, try)
		}
	}
	for len(s.world) > 0 && s.world[len(s.world)-1] == 0 {
		s.world = s.world[:len(s.world)-1]
	}
}

func allZero(answers []uint64) bool {
	for _, a := range answers {
		if a != 0 {
			return false
		}
	}
	return true
}

// steps returns how many steps the chains have.
func (p Program) steps() (n int) {
	for _, c := range p.Chains {
		n += len(c.Steps)
	}
	return n
}
