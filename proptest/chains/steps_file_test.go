package chains

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestNoSpace says that a program goes on after a write to a file that finds no room, and that
// it notices if more or less was written than the handler was told.
func TestNoSpace(t *testing.T) {
	p := Program{
		Links: []Link{{Network: "tcp"}},
		Chains: []Chain{
			{Name: "client", Steps: []Step{{Kind: "connect"}, {Kind: "send file", Size: 2}, {Kind: "close"}}},
			{Name: "server", Steps: []Step{{Kind: "accept"}, {Kind: "read full", Size: 2}, {Kind: "close"}}},
			{Name: "notes", Steps: []Step{{Kind: "write at", Size: 3}, {Kind: "write at", Size: 2}, {Kind: "read at", Size: 9}}},
		},
	}
	weather := In(sim.Weather{NoSpace: 2})
	n := Explore(t, p, weather, Deviations(4))
	t.Logf("%d schedules", n)
	alone := p
	alone.Links, alone.Chains = nil, p.Chains[2:]
	for name, lie := range map[string]func(int) int{
		"more":       func(n int) int { return n + 1 },
		"nothing":    func(int) int { return 0 },
		"everything": func(int) int { return 3 },
	} {
		t.Run(name, func(t *testing.T) {
			temporaryIn(t, scratch(t))
			out := failing(t, func(tb testing.TB) {
				Explore(tb, alone, weather, Wrapping(falsify(func(f *falsified, _ *source) {
					f.complete = func(n int, err error) {
						if errors.Is(err, syscall.ENOSPC) {
							n = lie(n)
						}
						f.Handler.Complete(n, err)
					}
				})))
			})
			if !strings.Contains(out, "read at") && !strings.Contains(out, "no room for all") {
				t.Errorf("it says\n%s", out)
			}
		})
	}
	report, err := RunSimulated(alone, sim.Calm, In(sim.Weather{}), Wrapping(func(h ops.Handler) ops.Handler {
		return &falsified{Handler: h, complete: func(_ int, _ error) { h.Complete(0, syscall.ENOSPC) }}
	}))
	if err != nil || len(report.Violations) == 0 {
		t.Errorf("where there is always room, none is no fault: %v, %v", report, err)
	}
}
