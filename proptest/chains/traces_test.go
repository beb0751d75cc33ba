package chains

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// backends returns what makes proactors with each backend that works here.
func backends(t *testing.T) map[string]Opener {
	all := make(map[string]Opener)
	for _, name := range platform.Backends() {
		open := func(options ...platform.Option) (*platform.Proactor, error) {
			return platform.New(append(options, platform.WithBackend(name))...)
		}
		p, err := open()
		if err != nil {
			t.Logf("not compared: %v", err)
			continue
		}
		p.Close()
		all[name] = open
	}
	return all
}

// TestSameTraces says that a chain sees the same on every backend.
func TestSameTraces(t *testing.T) { SameTraces(t, backends(t)) }

// TestOtherTraces says that a difference is found that breaks no clause: one
// platform delivers the packets that the other one loses.
func TestOtherTraces(t *testing.T) {
	temporaryIn(t, scratch(t))
	testflag.Set(t, "rapid.seed", "1")
	out := failing(t, func(tb testing.TB) { SameTraces(tb, backends(t), In(sim.Weather{Loss: 1})) })
	for _, want := range []string{"told 0, i/o timeout", "told 32, nil", "on the simulated platform (-), and on ", "receive", "picture of the run"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
}

// TestDroppedPacket says that a packet that a platform drops once is no difference, and
// that one is that it drops each time.
func TestDroppedPacket(t *testing.T) {
	temporaryIn(t, scratch(t))
	program := Program{Runners: 1, Chains: []Chain{{Name: "alone", Steps: []Step{{Kind: "send"}, {Kind: "receive", Pause: 500}}}}}
	for _, test := range []struct {
		drops, runs int
		fails       bool
	}{{0, 1, false}, {1, 2, false}, {2, 3, false}, {3, 3, true}} {
		runs := 0
		open := func(options ...platform.Option) (*platform.Proactor, error) {
			weather := sim.Weather{}
			if runs < test.drops {
				weather.Loss = 1
			}
			runs++
			w := sim.New(sim.Calm, sim.WithWeather(weather))
			return platform.New(append(options, platform.WithCustomBackend(w.Backend))...)
		}
		c := newConfig(nil)
		c.weather = &harmless
		var report *Report
		synctest.Test(t, func(t *testing.T) { // where two seconds take no time
			var err error
			if report, err = compareTraces(t, program, 1, map[string]Opener{"dropping": open}, c); err != nil {
				t.Fatal(err)
			}
		})
		if fails := len(report.Violations) > 0; fails != test.fails || runs != test.runs {
			t.Errorf("%d drops: %d runs, failed %v, want %d, %v: %v", test.drops, runs, fails, test.runs, test.fails, report.Violations)
		}
	}
}

// TestOtherTracesReplayed says that the token of a difference also has the simulated world
// that shows it.
func TestOtherTracesReplayed(t *testing.T) {
	temporaryIn(t, scratch(t))
	testflag.Set(t, "rapid.checks", "1000") // also with -short
	weather := In(sim.Weather{Loss: 2})
	for _, seed := range []string{"1", "2", "3", "18446744073709551000"} {
		testflag.Set(t, "rapid.seed", seed)
		token := lastToken(t, failing(t, func(tb testing.TB) { SameTraces(tb, backends(t), weather) }))
		by, err := Replay(token)
		if err != nil {
			t.Fatal(err)
		}
		failing(t, func(tb testing.TB) { SameTraces(tb, backends(t), weather, Replaying(by)) })
	}
}
