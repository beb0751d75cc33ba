package chains

import (
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// A sole is a layer that takes it for granted that one goroutine calls the handlers of all
// chains.
type sole struct {
	ops.Handler
	inside *atomic.Int32
}

func (s *sole) Complete(n int, err error) {
	defer s.inside.Add(-1)
	if s.inside.Add(1) > 1 {
		panic("a handler is called from inside another")
	}
	s.Handler.Complete(n, err)
}

func (s *sole) Unwrap() ops.Handler { return s.Handler }

// needTurns are layers with a fault that needs two runners to show.
var needTurns = map[string]struct {
	wrap  func(ops.Handler) ops.Handler
	says  string
	steps int // that are left of a program at most
	small Program
}{
	"handlers for one goroutine": {
		wrap: func() func(ops.Handler) ops.Handler {
			inside := new(atomic.Int32)
			return func(h ops.Handler) ops.Handler { return &sole{h, inside} }
		}(),
		says:  "a handler is called from inside another",
		steps: 2,
		small: Program{Runners: 2, Chains: []Chain{
			{Name: "one", Steps: []Step{{Kind: "post"}}},
			{Name: "two", Steps: []Step{{Kind: "post"}}},
		}},
	},
	"past the strand": {
		wrap: func(h ops.Handler) ops.Handler {
			if c := chainOf(h); c.program.Strand {
				return ops.WithExecutor(h, c.run.proactor)
			}
			return h
		},
		says:  "two handlers of one strand run at the same time",
		steps: 2,
		small: Program{Runners: 2, Chains: []Chain{
			{Name: "one", Strand: true, Steps: []Step{{Kind: "wait", Pause: 1}}},
			{Name: "two", Strand: true, Steps: []Step{{Kind: "wait", Pause: 1}}},
		}},
	},
}

// TestTurns says that a fault which needs two runners is found on the simulated platform, that
// the token repeats it, and that the program becomes small; and that it is not found with one
// runner.
func TestTurns(t *testing.T) {
	temporaryIn(t, scratch(t))
	testflag.Set(t, "rapid.seed", "1")
	testflag.Set(t, "rapid.checks", "500") // with -short a fifth of it
	for name, fault := range needTurns {
		t.Run(name, func(t *testing.T) {
			options := []Option{Runners(2), Wrapping(fault.wrap)}
			out := failing(t, func(tb testing.TB) { Simulated(tb, options...) })
			by, err := Replay(lastToken(t, out))
			if err != nil {
				t.Fatal(err)
			}
			again := failing(t, func(tb testing.TB) { Simulated(tb, append(options, Replaying(by))...) })
			for _, out := range []string{out, again} {
				if !strings.Contains(out, fault.says) {
					t.Fatalf("there is no %q in\n%s", fault.says, out)
				}
			}
			by, _ = Replay(lastToken(t, out))
			if p := draw(by, 2); !race.Enabled && (p.steps() > fault.steps || p.Runners != 2) {
				t.Errorf("left are %d steps, want %d:\n%s", p.steps(), fault.steps, p)
			}
			testflag.Set(t, "rapid.checks", "100")
			Simulated(t, Runners(1), options[1])
		})
	}
}

// TestTurnsExplored says that the orders of two runners can be explored to the end, and that
// this finds what needs a certain one; and that random orders do.
func TestTurnsExplored(t *testing.T) {
	temporaryIn(t, scratch(t))
	for name, fault := range needTurns {
		t.Run(name, func(t *testing.T) {
			n := Explore(t, fault.small, Schedules(20_000))
			t.Logf("%d schedules", n)
			if some := Explore(t, fault.small, Independent()); some != n {
				t.Errorf("with the promise that chains share nothing there are %d of %d schedules", some, n)
			}
			if n := Explore(t, fault.small, Deviations(0)); n != 1 {
				t.Errorf("there are %d schedules without a deviation", n)
			}
			for _, how := range []Option{Deviations(2), Sampled(100, 2)} {
				out := failing(t, func(tb testing.TB) { Explore(tb, fault.small, how, Wrapping(fault.wrap)) })
				if !strings.Contains(out, fault.says) {
					t.Fatalf("there is no %q in\n%s", fault.says, out)
				}
				by, err := Replay(lastToken(t, out))
				if err != nil {
					t.Fatal(err)
				}
				report, err := RunSimulated(fault.small, by, In(sim.Weather{Interleave: true}), Wrapping(fault.wrap))
				if err != nil {
					t.Fatal(err)
				}
				if len(report.Violations) == 0 || !strings.Contains(report.Violations[0].Text, fault.says) {
					t.Errorf("the path that was printed leads to\n%s", report)
				}
			}
		})
	}
}

// TestSampledRunners says that random orders give runners priorities, as they do for other
// events. The fault shows only if one runner stays in its handler for as long as the other
// one needs for all of its steps, which a random answer at each place hardly ever does.
func TestSampledRunners(t *testing.T) {
	temporaryIn(t, scratch(t))
	testflag.Set(t, "rapid.seed", "1")
	p := Program{Runners: 2, Chains: []Chain{
		{Name: "one", Steps: []Step{{Kind: "post"}}},
		{Name: "other", Steps: slices.Repeat([]Step{{Kind: "post"}}, overtakes)},
	}}
	var inside, meanwhile atomic.Int32
	wrap := func(h ops.Handler) ops.Handler { return &overtaken{h, chainOf(h).number, &inside, &meanwhile} }
	out := failing(t, func(tb testing.TB) { Explore(tb, p, Sampled(100, 2), Wrapping(wrap)) })
	if !strings.Contains(out, "overtaken") {
		t.Errorf("it says\n%s", out)
	}
}

const overtakes = 12

// An overtaken is a layer that panics if all steps of the second chain happen in a handler of
// the first.
type overtaken struct {
	ops.Handler
	chain             int
	inside, meanwhile *atomic.Int32
}

func (o *overtaken) Complete(n int, err error) {
	if o.chain == 0 {
		o.meanwhile.Store(0)
		o.inside.Store(1)
		defer o.inside.Store(0)
	} else if o.inside.Load() == 1 && o.meanwhile.Add(1) == overtakes {
		panic("the handler is overtaken")
	}
	o.Handler.Complete(n, err)
}

func (o *overtaken) Unwrap() ops.Handler { return o.Handler }

// TestTurnsHint says that a real platform's failure which needs several runners is repeated
// on the simulated one with several.
func TestTurnsHint(t *testing.T) {
	fault := needTurns["handlers for one goroutine"]
	report, err := RunSimulated(fault.small, Seed(failsWithSeed(t, fault.small, Wrapping(fault.wrap))), Wrapping(fault.wrap))
	if err != nil {
		t.Fatal(err)
	}
	hint := simulated(fault.small, newConfig([]Option{Wrapping(fault.wrap)}), report.Violations[0])
	found := regexp.MustCompile(`RunSimulated\(program, chains\.Seed\((\d+)\)\) with Runners 2`).FindStringSubmatch(hint)
	if found == nil {
		t.Fatalf("it says %q", hint)
	}
	seed, _ := strconv.ParseUint(found[1], 10, 64)
	if report, err = RunSimulated(fault.small, Seed(seed), Wrapping(fault.wrap)); err != nil || len(report.Violations) == 0 {
		t.Errorf("what it says shows nothing: %v, %v", report, err)
	}
}

// failsWithSeed returns a seed by which the world shows a failure of the program.
func failsWithSeed(t *testing.T, p Program, options ...Option) uint64 {
	t.Helper()
	for seed := range uint64(checks) {
		if report, err := RunSimulated(p, Seed(seed), options...); err == nil && len(report.Violations) > 0 {
			return seed
		}
	}
	t.Fatalf("none of %d seeds shows a failure", checks)
	return 0
}

// TestTurnsLocked says that a layer which keeps others waiting for a lock does not have the
// test wait for ever.
func TestTurnsLocked(t *testing.T) {
	var mu sync.Mutex
	options := []Option{Patience(100 * time.Millisecond), Wrapping(func(h ops.Handler) ops.Handler { return &locking{h, &mu} })}
	p := needTurns["handlers for one goroutine"].small
	report, err := RunSimulated(p, Seed(failsWithSeed(t, p, options...)), options...)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Violations) == 0 || !strings.Contains(report.Violations[0].Text, "perhaps a handler waits for another goroutine, such as for a lock") {
		t.Errorf("it says\n%s", report)
	}
}

// A locking is a layer that calls one handler at a time.
type locking struct {
	ops.Handler
	mu *sync.Mutex
}

func (l *locking) Complete(n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Handler.Complete(n, err)
}

func (l *locking) Unwrap() ops.Handler { return l.Handler }

// A turnsChooser answers 0, until it is asked once too often who goes on.
type turnsChooser struct {
	left int
	fail func() int
}

func (c *turnsChooser) Choose(_ int, what string) int {
	if what == "who goes on" {
		if c.left--; c.left < 0 {
			return c.fail()
		}
	}
	return 0
}

// TestTurnsChooser says that a Chooser which fails where it is asked who goes on, as rapid
// does while it makes something smaller, fails the run and does not end the process.
func TestTurnsChooser(t *testing.T) {
	p := needTurns["handlers for one goroutine"].small
	for name, fail := range map[string]func() int{
		"panics":           func() int { panic("no more") },
		"is out of range":  func() int { return -1 },
		"ends a goroutine": func() int { runtime.Goexit(); return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			for at := 0; ; at++ {
				c := &turnsChooser{at, fail}
				report, err := RunSimulated(p, c, In(sim.Weather{}))
				if err != nil {
					t.Fatal(err)
				}
				if c.left >= 0 {
					if at < 3 {
						t.Errorf("it is asked %d times only", at)
					}
					return
				}
				v := report.Violations
				if name != "ends a goroutine" && (len(v) == 0 || !strings.HasPrefix(v[0].Text, panicSign)) {
					t.Errorf("after %d answers the report is\n%s", at, report)
				}
			}
		})
	}
}
