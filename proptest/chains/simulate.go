package chains

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// Simulated is Platform on the simulated network of package platform/sim. Not
// only the programs are drawn, but everything that happens to them: the
// weather, partial transfers, delays, in which order operations end, which
// cancellation comes too late. With one runner a failure can be repeated
// exactly, and it shrinks to a run in which nothing unusual happens that does
// not matter. It names a picture of the run, as Platform does.
//
// If the flag -chains.for is given, Simulated runs random programs for so
// long instead; see [Soak].
func Simulated(t testing.TB, options ...Option) {
	t.Helper()
	c := configOf("Simulated", options)
	if c.replay == nil && *soakFor > 0 {
		Soak(t, *soakFor, options...)
		return
	}
	var failed *Report // the last one, which is the one that has shrunk the most
	defer keepPicture(t, &failed)
	if c.replay != nil {
		simulate(c.replay, options).verify(t, &failed)
		return
	}
	runs := rapid.Custom(func(t *rapid.T) *simulation {
		by := &steady{Chooser: evenly{t}}
		s := simulate(by, options)
		by.repanic()
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		t.Helper()
		runs.Draw(t, "run").verify(t, &failed)
	})
}

// Simulate runs a program on a simulated network in which c chooses what
// happens, and judges it. With at most one runner the run depends on nothing
// but the program and the answers of c.
func Simulate(p Program, c Chooser, options ...Option) (*Report, error) {
	config := configOf("Simulate", options)
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
	played     *run
	violations []contract.Violation
	err        error
}

// simulate draws a program and runs it.
func simulate(by Chooser, options []Option) *simulation {
	c := newConfig(options)
	s := &simulation{chooser: &recording{Chooser: by}}
	s.program = drawSized(s.chooser, c.runners, simulatedSizes)
	s.run(c)
	s.program.token = s.chooser.token()
	return s
}

func (s *simulation) run(c config) {
	r := newRun(s.program, c)
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
	in := []sim.Option{sim.WithWeather(r.weather), sim.WithFaults(c.faults)}
	if s.program.Runners <= 1 {
		in = append(in, sim.Alone())
		r.ledger.Alone = true
	} else {
		in = append(in, sim.WithPatience(c.patience))
	}
	r.world = sim.New(s.chooser, in...)
	r.openSecond = func(options ...platform.Option) (*platform.Proactor, error) {
		calm := sim.New(sim.Calm, sim.Alone())
		return platform.New(append(options, platform.WithCustomBackend(calm.Backend))...)
	}
	r.ledger.Clock = r.world.Now
	s.played = r
	s.violations, s.err = r.execute(func(options ...platform.Option) (*platform.Proactor, error) {
		return platform.New(append(options, platform.WithCustomBackend(r.world.Backend))...)
	})
}

// discard leaves the memory of the simulation, of which no report is wanted any
// more, to the next one.
func (s *simulation) discard() { s.played.ledger.Discard() }

func (s *simulation) report() *Report {
	report := s.played.report(s.violations)
	report.Program = s.program
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
func (s *simulation) verify(t rapid.TB, failed **Report) {
	t.Helper()
	if s.err != nil {
		t.Fatalf("%v", s.err)
	}
	if len(s.violations) > 0 {
		*failed = s.report()
		t.Logf("on the simulated platform, which Simulated with Replaying repeats:\n%s", *failed)
		t.Fatalf("%s", s.violations[0].Kind())
	}
}

// GoString is what rapid prints of the run.
func (s *simulation) GoString() string { return s.program.GoString() }

// calm is the weather in which nothing unusual happens.
var calm sim.Weather

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

// evenly is a chooser that lets rapid choose every number as often as any
// other. (Drawn prefers small ones, which would make everything happen that is
// to happen once in a long time.)
type evenly struct{ t *rapid.T }

func (e evenly) Choose(n int, _ string) int {
	v, bits := 0, 0
	for ; 1<<bits < n; bits++ {
		v <<= 1
		if rapid.Bool().Draw(e.t, "") {
			v |= 1
		}
	}
	return v * n >> bits
}

// steady is a chooser that answers 0 once the one below has panicked, because
// it has no more answers.
type steady struct {
	Chooser
	panicked any
}

func (s *steady) Choose(n int, what string) (answer int) {
	if s.panicked != nil {
		return 0
	}
	defer func() { s.panicked = recover() }()
	return s.Chooser.Choose(n, what)
}

// repanic lets the panic out that was kept.
func (s *steady) repanic() {
	if s.panicked != nil {
		panic(s.panicked)
	}
}
