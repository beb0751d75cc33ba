package chains

import (
	"fmt"
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

// larger says why the program is larger than it must be: it has more than most steps, or a
// single edit leaves one that still fails. Where the platform is a real one, that would have
// to be seen three times. It returns "" if the program is not.
func (s *shrinking) larger(most int) string {
	small := s.program
	if n := small.steps(); n > most {
		return fmt.Sprintf("%d steps are left, want at most %d:\n%s", n, most, small)
	}
	for i, e := range small.edits() {
		try, ok := small.edited(e)
		for range 3 {
			clear(s.tried)
			ok = ok && s.failsAnywhere(try)
		}
		if ok {
			return fmt.Sprintf("edit %d of\n%s\nleaves what still fails:\n%s", i, small, try)
		}
	}
	return ""
}
