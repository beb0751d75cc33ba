package chains

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// An Opener makes a proactor, as platform.New does. It passes on the options
// that it is given and may add others.
type Opener = func(options ...platform.Option) (*platform.Proactor, error)

// Platform draws arbitrary programs of chains, runs them on proactors that open
// makes, and judges each by the contract. What fails is made smaller for up to two
// seconds, and prints what was broken, the timeline of the run, the program, and
// the token that replays it ([Replaying]). It names a file with a picture of the
// run, which is in the artifacts of the test if go test keeps those (-artifacts),
// and among the temporary files otherwise.
//
// The number of programs is 100 unless the flag -rapid.checks says otherwise, and their
// seeds begin at random unless -rapid.seed says where. In half of the programs a random
// half of what may happen is left out, so that the rest happens more often. Platform logs
// how many of the possible answers were given to the questions by which programs are drawn.
func Platform(t testing.TB, open Opener, options ...Option) {
	t.Helper()
	c := newConfig(options)
	var failed *Report
	defer keepPicture(t, &failed)
	again := func(r *Report) string { return simulated(r.Program, options, r.Violations[0]) }
	if c.replay != nil {
		report, err := Run(draw(c.replay, c.runners), open, options...)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if len(report.Violations) > 0 {
			report.fail(t, &failed, again)
		}
		return
	}
	reach := newCoverage()
	defer func() { t.Logf("%v", reach) }()
	hunt(t, &failed, func(seed uint64) (*Report, []uint64, error) {
		report, err := Run(draw(reach.counted(Seed(seed)), c.runners), open, options...)
		return report, nil, err
	}, false, func(p Program, _ []uint64) (*Report, error) { return Run(p, open, options...) }, again)
}

// A Report tells how the run of a program went.
type Report struct {
	Program    Program
	Violations []contract.Violation // in the order in which they happened
	Timeline   *contract.Timeline
	Took       time.Duration // on a simulated platform, in its time

	about string // where it went so, and what else there is to know
}

// violationsPrinted bounds what a report says in words. What is wrong with a
// platform is most often wrong with all its operations.
const violationsPrinted = 5

// String returns the violations, the timeline and the program.
func (r *Report) String() string {
	var b strings.Builder
	for i, v := range r.Violations {
		if i == violationsPrinted {
			fmt.Fprintf(&b, "… and %d more\n", len(r.Violations)-i)
			break
		}
		fmt.Fprintln(&b, v.Error())
	}
	fmt.Fprintf(&b, "\n%s\n%s", r.Timeline, r.Program)
	return b.String()
}

// An Option changes how [Platform] and [Run] work.
type Option func(*config)

type config struct {
	runners  int
	replay   Chooser
	wrap     func(ops.Handler) ops.Handler
	memory   func() allocator.Allocator[ops.Operation]
	patience time.Duration
	weather  *sim.Weather
	faults   sim.Faults

	deviations, schedules int  // bounds of Explore, if not negative
	everyOrder            bool // Explore leaves out no order
	samples, depth        int  // of Explore, if it is to run random orders
}

func newConfig(options []Option) config {
	c := config{runners: -1, patience: 5 * time.Second, deviations: -1, schedules: -1}
	for _, o := range options {
		o(&c)
	}
	return c
}

// Runners fixes the number of goroutines that run the proactor, which is drawn
// otherwise; 0 is one, on a proactor made with platform.SingleRunner.
func Runners(n int) Option { return func(c *config) { c.runners = n } }

// Replaying makes Platform run one program, that of a chooser: Seed, or Replay
// with the token of a failure.
func Replaying(by Chooser) Option { return func(c *config) { c.replay = by } }

// Wrapping puts a layer around every handler: a wrapper that is to be checked.
// It must pass on what is associated with the handler inside it.
func Wrapping(wrap func(h ops.Handler) ops.Handler) Option {
	return func(c *config) { c.wrap = wrap }
}

// Memory makes allocators for the chains: those to be checked. It is called
// once for each; one goroutine at a time uses what it returns.
func Memory(make func() allocator.Allocator[ops.Operation]) Option {
	return func(c *config) { c.memory = make }
}

// Patience sets after how long without any event a run counts as stuck, 5
// seconds unless set.
func Patience(d time.Duration) Option { return func(c *config) { c.patience = d } }
