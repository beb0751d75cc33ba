package contract

import (
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// TestLeakOnce says that a block which is never released is reported once, however often
// the ledger is asked.
func TestLeakOnce(t *testing.T) {
	l := NewLedger()
	a := Watch[ops.Operation](l.Chain("forgets"), nil)
	l.Call(func() { a.Allocate(1) })
	for range 2 {
		if all := l.Finish(); len(all) != 1 || all[0].Clause != SameBlock {
			t.Errorf("got %v, want one breach of %v", all, SameBlock)
		}
	}
}

// TestPartOfNothing says that a part of an operation that the ledger does not know, or one
// that panics, leaves it able to judge what follows.
func TestPartOfNothing(t *testing.T) {
	l := NewLedger()
	c := l.Chain("parts")
	c.Part(func() {})
	if all := l.Violations(); len(all) != 0 {
		t.Errorf("got %v", all)
	}
	o := c.Next()
	o.Start("begin", Expectation{Layers: 1}, func() {})
	func() {
		defer func() { recover() }()
		c.Part(func() { panic("in the part") })
	}()
	o.Enter(0, nil)()
	if all := l.Finish(); len(all) != 0 {
		t.Errorf("got %v", all)
	}
}
