package chains

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// An Option changes how a function of this package works. Each option says which
// functions it is for. The others panic when they get it.
type Option func(*config)

type config struct {
	given []string // the options, by name

	open     Opener // of simulated proactors, if it is not platform.New
	runners  int
	replay   Chooser
	wrap     func(ops.Handler) ops.Handler
	memory   func() allocator.Allocator[ops.Operation]
	patience time.Duration
	weather  *sim.Weather
	faults   sim.Faults

	deviations, schedules int  // bounds of Explore, if not negative
	everyOrder            bool // Explore leaves out no order
	independent           bool // see Independent
	samples, depth        int  // of Explore, if it runs random orders
}

// option returns the Option of a name.
func option(name string, set func(*config)) Option {
	return func(c *config) {
		c.given = append(c.given, name)
		set(c)
	}
}

func newConfig(options []Option) config {
	c := config{runners: -1, patience: 5 * time.Second, deviations: -1, schedules: -1}
	for _, o := range options {
		o(&c)
	}
	return c
}

// takes says which options have a meaning for which function.
var takes = map[string][]string{
	"Platform":     {"Runners", "Replaying", "Wrapping", "Memory", "Patience"},
	"Run":          {"Wrapping", "Memory", "Patience"},
	"Simulated":    {"Runners", "Replaying", "Wrapping", "Memory", "Patience", "In", "Faulty"},
	"RunSimulated": {"Wrapping", "Memory", "Patience", "In", "Faulty"},
	"Soak":         {"Runners", "Wrapping", "Memory", "Patience", "In", "Faulty"},
	"SameTraces":   {"Runners", "Replaying", "Wrapping", "Memory", "Patience", "In", "Faulty"},
	"Explore":      {"Wrapping", "Memory", "In", "Faulty", "Deviations", "Schedules", "Sampled", "Independent"},
	"ExploreAll":   {"Deviations", "Schedules"},
}

// configOf returns what the options say to a function, and panics if that can do
// nothing with one of them.
func configOf(function string, options []Option) config {
	c := newConfig(options)
	for _, name := range c.given {
		if !slices.Contains(takes[function], name) {
			panic(fmt.Sprintf("chains: %s: the option %s has no meaning here; those that have are %s", function, name, strings.Join(takes[function], ", ")))
		}
	}
	if c.samples > 0 && (c.deviations >= 0 || c.schedules >= 0) {
		panic(fmt.Sprintf("chains: %s: Sampled runs a number of random schedules, and has no use for Deviations or Schedules", function))
	}
	return c
}

// Runners fixes the number of goroutines that run the proactor, which is drawn otherwise.
// 0 means one goroutine, on a proactor made with platform.SingleRunner. It is for the
// functions that draw programs: [Platform], [Simulated], [Soak] and [SameTraces]. A
// [Program] has a field Runners of its own. On a simulated platform several runners take
// turns, and the Chooser says which goes on; see [Wrapping].
func Runners(n int) Option { return option("Runners", func(c *config) { c.runners = n }) }

// Replaying makes a function run only the program of a chooser: [Seed], or [Replay] with
// the token of a failure. It is for [Platform], [Simulated] and [SameTraces].
func Replaying(by Chooser) Option { return option("Replaying", func(c *config) { c.replay = by }) }

// Wrapping puts a layer around every handler: the wrapper to check. The layer must pass
// on what is associated with the handler inside it. It is for all but [ExploreAll]. With a
// layer [Explore] leaves out no order, unless [Independent] is given too.
//
// On a simulated platform with several runners, another runner may go on while the layer
// calls the handler inside it. So the layer must not hold a lock during this call that it
// also takes in other handlers, or no runner could go on.
func Wrapping(wrap func(h ops.Handler) ops.Handler) Option {
	return option("Wrapping", func(c *config) { c.wrap = wrap })
}

// Memory makes allocators for the chains: those to check. make is called once for each
// allocator, and one goroutine at a time uses what it returns. It is for all but
// [ExploreAll]. With such allocators [Explore] leaves out no order, unless [Independent] is
// given too.
func Memory(make func() allocator.Allocator[ops.Operation]) Option {
	return option("Memory", func(c *config) { c.memory = make })
}

// Patience sets how long nothing may happen in a run before it counts as stuck. It is 5
// seconds unless set, and a tenth of this once a clause is broken. It is for all but
// [Explore] and [ExploreAll]. A simulated run is known to be stuck at once, unless a
// handler blocks its goroutine.
func Patience(d time.Duration) Option { return option("Patience", func(c *config) { c.patience = d }) }

// In fixes the weather of a simulated network. Without it the weather is drawn, except
// by [Explore]. It is for [Simulated], [RunSimulated], [Soak], [Explore] and [SameTraces].
func In(weather sim.Weather) Option { return option("In", func(c *config) { c.weather = &weather }) }

// Faulty makes the simulated network deliberately wrong, to see whether that is found
// out. It is for [Simulated], [RunSimulated], [Soak], [Explore] and [SameTraces].
func Faulty(f sim.Faults) Option { return option("Faulty", func(c *config) { c.faults = f }) }

// Deviations bounds an exploration to sequences with at most n answers that are not 0. A
// wrong order of events often differs from the plain one in only two or three places.
// With several runners, each place counts where another runner goes on although the last
// one could. It is for [Explore] and [ExploreAll].
func Deviations(n int) Option { return option("Deviations", func(c *config) { c.deviations = n }) }

// Schedules bounds the number of runs of an exploration, which fails with [ErrTooMany] if
// there are more. It is for [Explore] and [ExploreAll].
func Schedules(n int) Option { return option("Schedules", func(c *config) { c.schedules = n }) }

// Independent promises that chains share nothing through code of yours: what the wrapper,
// the allocators and registered operations do for one chain does not depend on what they
// have done for another. Then [Explore] need not try all orders of independent steps. If
// the promise does not hold, faults may be missed. It is for [Explore]. Beside [Deviations]
// or [Sampled], and with several runners, it changes nothing.
func Independent() Option { return option("Independent", func(c *config) { c.independent = true }) }
