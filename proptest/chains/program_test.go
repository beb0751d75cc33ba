package chains

import (
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
)

// TestProgramCheck says that a program which cannot be run is refused.
func TestProgramCheck(t *testing.T) {
	for want, p := range map[string]Program{
		"unknown kind":        {Chains: []Chain{{Steps: []Step{{Kind: "raed"}}}}},
		"unknown network":     {Links: []Link{{Network: "udp"}}},
		"none before":         {Links: []Link{{Network: "tcp", Reuse: true}}},
		"link 0: unknown":     {Links: []Link{{Network: "tcp", Disposal: [2]Disposal{0, Elsewhere + 1}}}},
		"unknown disposal":    {Chains: []Chain{{Disposal: -1}}},
		"are recycled":        {Links: []Link{{Network: "tcp", Disposal: [2]Disposal{Recycled, Kept}}, {Network: "tcp", Reuse: true}}},
		"no link 0":           {Chains: []Chain{{Steps: []Step{{Kind: "read"}}}}},
		"no chain 3":          {Chains: []Chain{{Steps: []Step{{Kind: "fork", Chain: 3}}}}},
		"no chain 4":          {Chains: []Chain{{Steps: []Step{{Kind: "send to", Chain: 4}}}}},
		"begins by itself":    {Chains: []Chain{{Steps: []Step{{Kind: "fork"}}}}},
		"the size must be":    {Chains: []Chain{{Steps: []Step{{Kind: "post", Size: -1}}}}},
		"no cancel slot":      {Chains: []Chain{{Steps: []Step{{Kind: "post", Cancel: CancelSlot}}}}},
		"nothing to cancel":   {Chains: []Chain{{Steps: []Step{{Kind: "post", Cancel: CancelAll}}}}},
		"no deadline that is": {Chains: []Chain{{Steps: []Step{{Kind: "post", Cancel: CancelMoved}}}}},
		"an hour is too long": {Chains: []Chain{{Steps: []Step{{Kind: "wait", Pause: -1}}}}},
		"-1 runners":          {Runners: -1},
		"no such Cancel":      {Links: []Link{{Network: "tcp"}}, Chains: []Chain{{Steps: []Step{{Kind: "end", Cancel: CancelPassed + 1}}}}},
		"no such Style":       {Chains: []Chain{{Memory: Association{Style: Standard + 1}}}},
	} {
		if _, err := Run(p, platform.New); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want an error with %q", p, err, want)
		}
	}
	for seed := range uint64(checks) {
		if err := Draw(Seed(seed)).check(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}
