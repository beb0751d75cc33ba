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

// mustBeMinimal says that no single edit leaves a smaller program which still fails. Where the
// platform is a real one, that would have to be seen three times.
func (s *shrinking) mustBeMinimal(t *testing.T) {
	t.Helper()
	small := s.program
	for i, e := range small.edits() {
		try, ok := small.edited(e)
		for range 3 {
			clear(s.tried)
			ok = ok && s.failsAnywhere(try)
		}
		if ok {
			t.Errorf("edit %d of\n%s\nleaves what still fails:\n%s", i, small, try)
		}
	}
}
