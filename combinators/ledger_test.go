package combinators

import (
	"runtime"
	"testing"
)

// The collector finds a block after its storage was handed out again, so that
// it is one of two at the same address.
func TestLedgerLosesTheRightBlock(t *testing.T) {
	l := newLedger(8, "test")
	first, firstID := l.open(4096, 1, 0)
	second, secondID := l.open(4096, 2, 0)
	if !l.lose(first, firstID) {
		t.Error("the block that is lost was not handed out")
	}
	if l.lose(first, firstID) {
		t.Error("a block was lost twice")
	}
	if e, problem := l.close(4096, 2, 0); e != second || problem != "" {
		t.Errorf("the block that is there now cannot be released: %s", problem)
	}
	if l.lose(second, secondID) {
		t.Error("a block was lost after its release")
	}
	for range history + 1 {
		e, _ := l.open(8192, 1, 0)
		l.close(8192, 1, 0)
		l.retire(e)
	}
	third, thirdID := l.open(4096, 3, 0)
	if l.lose(third, thirdID-1) {
		t.Error("the entry of another block was taken for that of the lost one")
	}
	if n := len(l.forget()); n != 1 {
		t.Errorf("%d blocks are handed out, want 1", n)
	}
}

// A block that is released before it is watched is not watched.
func TestLedgerWatchesNoReleasedBlock(t *testing.T) {
	l := newLedger(8, "test")
	e, id := l.open(4096, 1, 0)
	l.close(4096, 1, 0)
	found := make(chan struct{}, 1)
	func() {
		object := new([16]int)
		l.watch(e, id, runtime.AddCleanup(object, func(c chan struct{}) { c <- struct{}{} }, found))
	}()
	after := make(chan struct{})
	runtime.AddCleanup(new([16]int), func(c chan struct{}) { close(c) }, after)
	for {
		runtime.GC()
		select {
		case <-after:
			if len(found) != 0 {
				t.Error("it is watched")
			}
			return
		default:
			runtime.Gosched()
		}
	}
}

// What is not held back any more is forgotten after a while, and what was released later at
// the same place is not.
func TestLedgerForgetsWhatIsRetired(t *testing.T) {
	l := newLedger(8, "test")
	for i := range uintptr(3 * history) {
		e, _ := l.open(4096*(i+1), 1, 0)
		l.close(4096*(i+1), 1, 0)
		l.retire(e)
	}
	if n := len(l.released); n != history {
		t.Errorf("%d released blocks are known, want the last %d", n, history)
	}
	first, _ := l.open(8, 1, 0)
	l.close(8, 1, 0)
	l.open(8, 1, 0)
	l.close(8, 1, 0)
	later := l.released[8]
	for i := range uintptr(history + 1) {
		e := first
		if i > 0 {
			e, _ = l.open(16, 1, 0)
			l.close(16, 1, 0)
		}
		l.retire(e)
	}
	if l.released[8] != later || later == first {
		t.Error("the later of two blocks at one place is forgotten with the first")
	}
}
