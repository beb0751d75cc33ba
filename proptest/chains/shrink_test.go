package chains

import (
	"testing"

	"github.com/heirloom-go/heirloom/proptest/contract"
)

// TestShrinkSameWay says that a program does not become one that fails in another way.
func TestShrinkSameWay(t *testing.T) {
	panics := contract.Violation{Text: "panic: index out of range"}
	disturbed := contract.Violation{Text: "the Timer was written to", Look: whoKnowsIt}
	wrong := contract.Violation{Text: "was told 1, nil: must be 0, nil"}
	for _, test := range []struct{ first, other contract.Violation }{
		{panics, wrong}, {wrong, panics}, {disturbed, wrong}, {wrong, disturbed},
		{contract.Violation{Clause: contract.Stable}, contract.Violation{Clause: contract.Default}},
	} {
		p := Program{Chains: []Chain{{Steps: []Step{{Kind: "post"}, {Kind: "gc"}, {Kind: "post"}}}}}
		failed := &Report{Program: p, Violations: []contract.Violation{test.first}}
		other := func(p Program, _ []uint64) (*Report, error) {
			return &Report{Program: p, Violations: []contract.Violation{test.other}}, nil
		}
		if got := shrink(failed, nil, false, other).report.Violations[0]; got != test.first {
			t.Errorf("%q became %q", test.first.Text, got.Text)
		}
	}
}
