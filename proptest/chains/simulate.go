package chains

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// Simulated is [Platform] on the simulated network of package platform/sim. It draws not
// only the programs, but everything that happens to them: the weather, partial transfers,
// delays, the order in which operations end, which cancellation comes too late, which of
// several runners goes on. So a failure can be repeated exactly, and is reduced to a run
// in which nothing unusual happens unless it matters. It names a picture of the run, as
// Platform does.
//
// If the flag -chains.for gives a time, Simulated runs random programs for that time
// instead; see [Soak].
func Simulated(t testing.TB, options ...Option) {
	t.Helper()
	c := configOf("Simulated", options)
	if c.replay == nil && *soakFor > 0 {
		Soak(t, *soakFor, options...)
		return
	}
	var failed *Report
	defer keepPicture(t, &failed)
	if c.replay != nil {
		simulate(c.replay, options).verify(t, &failed)
		return
	}
	reach := newCoverage()
	defer reach.log(t)
	hunt(t, &failed, func(seed uint64) (*Report, []uint64, error) {
		s := simulate(reach.counted(Seed(seed)), options)
		if s.err == nil && len(s.violations) == 0 {
			s.discard()
			return &Report{}, nil, nil
		}
		return s.report(), s.chooser.answers(s.drawn), s.err
	}, true, simulateIn(c), nil)
}

// simulateIn returns the trial of a program on the simulated platform.
func simulateIn(c config) trial {
	return func(p Program, world []uint64) (*Report, error) {
		s := &simulation{program: p, chooser: &recording{Chooser: &replayed{world}}}
		s.run(c)
		if s.err != nil {
			return nil, s.err
		}
		if len(s.violations) == 0 {
			s.discard()
			return &Report{}, nil
		}
		return s.report(), nil
	}
}

// RunSimulated runs a program on a simulated network in which c chooses what happens, and
// judges it. The run depends on nothing but the program, the options and the answers of
// c. The error says that the program could not begin.
func RunSimulated(p Program, c Chooser, options ...Option) (*Report, error) {
	config := configOf("RunSimulated", options)
	s := &simulation{program: p, chooser: &recording{Chooser: c}}
	if err := p.check(); err != nil {
		return nil, err
	}
	s.run(config)
	s.program.token = "" // that of the program alone draws another world
	return s.report(), s.err
}

// A simulation is one run of a program on a simulated network.
type simulation struct {
	program    Program
	chooser    *recording
	drawn      int  // how much of what was recorded is the program
	oneOfMany  bool // programs
	played     *run
	violations []contract.Violation
	err        error
}

// simulate draws a program and runs it.
func simulate(by Chooser, options []Option) *simulation {
	c := newConfig(options)
	s := &simulation{chooser: &recording{Chooser: by}, oneOfMany: c.replay == nil}
	s.program = drawSized(s.chooser, c.runners, simulatedSizes)
	s.drawn = len(s.chooser.made)
	s.run(c)
	if s.program.token = s.chooser.token(); s.drawn == 0 {
		s.program.token = tokenOf(s.program, s.chooser.answers(0))
	}
	return s
}

func (s *simulation) run(c config) {
	r := newRun(s.program, c)
	r.oneOfMany = s.oneOfMany
	if c.weather != nil {
		r.weather = *c.weather
	} else {
		r.weather = drawWeather(s.chooser)
	}
	for _, chain := range s.program.Chains {
		for _, step := range chain.Steps {
			if step.Size > 1<<13 {
				r.weather.Capacity = 64 << 10 // or it would take too long
			}
		}
	}
	r.world = sim.New(s.chooser, sim.WithWeather(r.weather), sim.WithFaults(c.faults), sim.Alone())
	r.ledger.Alone = s.program.Runners <= 1
	r.openSecond = func(options ...platform.Option) (*platform.Proactor, error) {
		calm := sim.New(sim.Calm, sim.Alone())
		return platform.New(append(options, platform.WithCustomBackend(calm.Backend))...)
	}
	r.ledger.Clock = r.world.Now
	if r.ledger.Alone { // else a step does not end before the next one begins
		r.scheduler, r.handsOn = s.chooser, s.program.handsOn()
	}
	s.played = r
	open := c.open
	if open == nil {
		open = platform.New
	}
	s.violations, s.err = r.execute(func(options ...platform.Option) (*platform.Proactor, error) {
		return open(append(options, platform.WithCustomBackend(r.world.Backend))...)
	})
}

// discard leaves the memory of the simulation, of which no report is wanted any
// more, to the next one.
func (s *simulation) discard() { s.played.ledger.Discard() }

func (s *simulation) report() *Report {
	report := s.played.report(s.violations)
	report.Program = s.program
	report.about = "on the simulated platform, which Simulated with Replaying repeats:"
	return report
}

// operations returns how many operations the chains have started.
func (s *simulation) operations() (n int) {
	for _, c := range s.played.chains {
		n += c.chain.Started()
	}
	return n
}

// verify fails the test if something was wrong, and leaves in failed what.
func (s *simulation) verify(t testing.TB, failed **Report) {
	t.Helper()
	if s.err != nil {
		t.Fatalf("%v", s.err)
	}
	if len(s.violations) > 0 {
		s.report().fail(t, failed, nil)
	}
}

// drawWeather draws how often the unusual happens.
func drawWeather(c Chooser) sim.Weather {
	w := sim.Stormy()
	switch c.Choose(4, "weather") {
	case 0:
		return sim.Weather{}
	case 1: // connections last
		w.Reset, w.Refuse, w.NoBuffers, w.NoDescriptors = 0, 0, 0, 0
	case 2: // cancellations race, and everything is late
		w = sim.Weather{Lag: 2, SlowCancel: 2, Stale: 2, Delay: 2, MaxDelay: 200 * time.Microsecond, Overtake: 2, Spurious: 2}
	}
	s := drawSwarm(c, "swarm of the weather")
	for name, rate := range map[string]*int{
		"at once": &w.AtOnce, "delay": &w.Delay, "overtake": &w.Overtake, "few": &w.Few, "spurious": &w.Spurious, "lag": &w.Lag,
		"slow cancel": &w.SlowCancel, "stale": &w.Stale, "scribble": &w.Scribble, "partial": &w.Partial, "reset": &w.Reset,
		"no buffers": &w.NoBuffers, "no descriptors": &w.NoDescriptors, "no space": &w.NoSpace, "false alarm": &w.FalseAlarm, "refuse": &w.Refuse,
		"loss": &w.Loss, "duplicate": &w.Duplicate, "disorder": &w.Disorder,
	} {
		if s.without(name) {
			*rate = 0
		}
	}
	return w
}

// simulatedSizes are for a network whose buffers are small.
var simulatedSizes = []int{1, 0, 5, 64, 700, 3000}

// passes reports whether err is what a simulated network tells of a shortage
// that is over the next time.
func passes(s *Step, err error) bool {
	switch {
	case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.EMFILE):
		return true
	case errors.Is(err, syscall.ENOSPC): // of the file that is to be sent; what was written of it stays
		return s.Kind == "send file"
	}
	return kindOf(s.Kind).connects && errors.Is(err, syscall.ECONNREFUSED)
}

// playAlone runs the program to its end on the goroutine that calls it.
func (r *run) playAlone() {
	r.begin()
	r.work()
	if !r.closing.Load() && !r.failed.Load() {
		r.ledger.Finish() // what has not ended by now was lost
	}
	r.close()
	r.work()
	r.ledger.Closed()
	r.work() // who was refused is told now
	r.endDisposal()
	r.inspectBuffers()
}

// deadlocked notes that nothing can happen any more although operations are
// outstanding.
func (r *run) deadlocked(d *sim.Deadlock) {
	if !r.failed.Load() {
		r.ledger.Finish() // before what a proactor does that was not closed properly
		r.ledger.Fail(0, fmt.Sprint(d))
	}
	r.stop()
}
