package chains

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/heirloom-go/heirloom/proptest/contract"
)

// A failed program is data, so it is made smaller by leaving out what it does not need to
// fail in the same way: links, chains, steps, then what is special about those that are
// left (delta debugging, A. Zeller and R. Hildebrandt, 2002). Many edits are tried together
// before single ones are, and in the end no single edit leaves a program that fails. On a
// simulated platform the answers of the world come last: as many as possible become 0, so
// that nothing unusual happens but what matters.

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
	runs    int // of programs, so far

	tried map[string]bool // what was tried since a program was kept; see once
}

// shrink makes a failed program smaller, and returns the smallest that fails in the same
// way, and how that run went.
func shrink(failed *Report, world []uint64, simulated bool, run trial) *shrinking {
	s := &shrinking{
		run: run, simulated: simulated, until: time.Now().Add(shrinkFor),
		first: failed.Violations[0], program: failed.Program.clone(), world: world, report: failed,
		tried: make(map[string]bool),
	}
	s.pass(Program.cuts, s.failsAnywhere)
	s.halve(s.program.cutsOfSteps())
	s.halve(s.program.simplifications())
	for smaller := true; smaller && s.hasTime(); {
		smaller = s.pass(Program.edits, s.failsAnywhere)
		if !smaller && simulated && s.calm() {
			smaller = s.pass(Program.edits, s.failsHere) // the other worlds were tried
		}
	}
	s.report.Program.token = tokenOf(s.program, s.world)
	return s
}

func (s *shrinking) hasTime() bool { return time.Now().Before(s.until) }

// pass tries every edit once, and reports whether one has helped: whether the program fails
// without what it leaves out.
func (s *shrinking) pass(editsOf func(Program) []edit, fails func(Program) bool) (smaller bool) {
	edits := editsOf(s.program)
	for i := 0; i < len(edits) && s.hasTime(); {
		if try, ok := s.program.edited(edits[i]); ok && fails(try) {
			edits, smaller = editsOf(s.program), true // of which there are fewer
			continue
		}
		i++
	}
	return smaller
}

// halve tries all edits together, then each half of them, then each quarter, and so on down to
// pairs. A failure does not depend on most of a program, and that goes in a few runs.
func (s *shrinking) halve(edits []edit) {
	for size := len(edits); size > 1; size /= 2 {
		for at := 0; at < len(edits) && s.hasTime(); at += size {
			if try, ok := s.program.edited(edits[at:min(at+size, len(edits))]...); ok {
				s.fails(try)
			}
		}
	}
}

// edited returns the program after some edits, and whether that is another one which can be
// run.
func (p Program) edited(edits ...edit) (try Program, ok bool) {
	try = p.clone()
	for _, e := range edits {
		ok = e(&try) || ok
	}
	return try, ok && len(try.Chains) > 0 && try.check() == nil
}

// A smaller program is tried in some random worlds.
const (
	worlds       = 6
	worldAnswers = 400 // of each
)

// fails runs a program, and keeps it if it fails in the same way: on a simulated platform in
// the world of the last one, and in a calm one.
func (s *shrinking) fails(try Program) bool {
	return s.once(try, "here") && (s.failsHere(try) || s.simulated && s.failsIn(try, nil))
}

// failsAnywhere is fails, also in some random worlds.
func (s *shrinking) failsAnywhere(try Program) bool {
	if s.fails(try) {
		return true
	}
	if !s.simulated || !s.once(try, "elsewhere") {
		return false
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

// once reports whether the program was not tried in these worlds since one was kept.
func (s *shrinking) once(try Program, where string) bool {
	text, err := json.Marshal(try)
	if err != nil {
		panic(err) // it is plain data
	}
	key := where + string(text)
	defer func() { s.tried[key] = true }()
	return !s.tried[key]
}

// failsHere runs a program in the world of the last one.
func (s *shrinking) failsHere(try Program) bool { return s.failsIn(try, s.world) }

func (s *shrinking) failsIn(try Program, world []uint64) bool {
	s.runs++
	report, err := s.run(try, world)
	if err != nil || len(report.Violations) == 0 || !alike(report.Violations[0], s.first) {
		return false
	}
	s.program, s.world, s.report = try, world, report
	clear(s.tried)
	return true
}

// alike reports whether two runs have failed in the same way. Among those that broke no
// clause are some that panicked, and some that say where to look.
func alike(a, b contract.Violation) bool {
	panicked := func(v contract.Violation) bool { return strings.HasPrefix(v.Text, panicSign) }
	return a.Clause == b.Clause && a.Look == b.Look && panicked(a) == panicked(b)
}

// calm has as many answers of the world as possible be 0, and reports whether that has made a
// world in which no program was tried yet.
func (s *shrinking) calm() (calmer bool) {
	if allZero(s.world) {
		s.world = nil
		return false
	}
	if s.failsIn(s.program, nil) {
		return false
	}
	for size := max(1, len(s.world)/2); size > 0 && s.hasTime(); size /= 2 {
		for at := 0; at < len(s.world) && s.hasTime(); at += size {
			try := append([]uint64(nil), s.world...)
			part := try[at:min(at+size, len(try))]
			if allZero(part) {
				continue
			}
			clear(part)
			calmer = s.failsIn(s.program, try) || calmer
		}
	}
	for len(s.world) > 0 && s.world[len(s.world)-1] == 0 {
		s.world = s.world[:len(s.world)-1]
	}
	return calmer
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
