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

// A block is watched until it is released or forgotten, and not at all if that comes
// first. Otherwise storage that is used again and again would be watched for each block
// that was there.
func TestLedgerWatchesNoReleasedBlock(t *testing.T) {
	release := func(l *ledger, _ *entry, _ uint64, _ runtime.Cleanup) { l.close(4096, 1, 0) }
	forget := func(l *ledger, _ *entry, _ uint64, _ runtime.Cleanup) { l.forget() }
	watch := (*ledger).watch
	for name, steps := range map[string][2]func(*ledger, *entry, uint64, runtime.Cleanup){
		"released before":  {release, watch},
		"released after":   {watch, release},
		"forgotten before": {forget, watch},
		"forgotten after":  {watch, forget},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(8, "test")
			e, id := l.open(4096, 1, 0)
			found := make(chan struct{}, 1)
			func() {
				object := new([16]int)
				cleanup := runtime.AddCleanup(object, func(c chan struct{}) { c <- struct{}{} }, found)
				for _, step := range steps {
					step(l, e, id, cleanup)
				}
				runtime.KeepAlive(object)
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
		})
	}
}

// The entries of blocks that are forgotten are used for others.
func TestLedgerUsesEntriesAgain(t *testing.T) {
	l := newLedger(8, "test")
	entries := map[*entry]bool{}
	for range 3 * history {
		e, _ := l.open(4096, 1, 0)
		l.close(4096, 1, 0)
		l.retire(e)
		entries[e] = true
	}
	if len(entries) != history+1 {
		t.Errorf("%d entries for %d that are remembered and one more", len(entries), history)
	}
}

// The list of all ledgers does not grow with those that are gone, and keeps the others.
func TestLedgersThatAreGone(t *testing.T) {
	count := func() int {
		ledgers.mu.Lock()
		defer ledgers.mu.Unlock()
		return len(ledgers.all)
	}
	add := func(n int) int {
		for range n {
			newLedger(8, "test")
		}
		return n
	}
	kept := newLedger(8, "kept")
	kept.open(4096, 1, 0)
	before := count()
	gone := add(2*before + 100)
	runtime.GC()
	added := add(2*count() + 100) // enough to look for them
	if got := count(); got > before+added+gone/2 {
		t.Errorf("%d ledgers are listed; there were %d, %d came and went, and then came %d", got, before, gone, added)
	}
	if owner, _ := newLedger(8, "test").ownerElsewhere(4096); owner != "kept" {
		t.Errorf("the block is of %q, want one that is still there", owner)
	}
	runtime.KeepAlive(kept)
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

// A block that is not checked may lie where a checked one was lost.
func TestLedgerOfASampleForgetsWhatIsLost(t *testing.T) {
	l := newLedger(8, "test")
	l.open(4096, 1, 2)
	if e, _ := l.open(4096, 2, 2); e != nil {
		t.Fatal("the second one is checked")
	}
	if e, problem := l.close(4096, 2, 2); e != nil || problem != "" {
		t.Errorf("it is taken for the one that is lost: %s", problem)
	}
	if n := len(l.forget()); n != 1 {
		t.Errorf("%d blocks are known, want the one that is lost", n)
	}
}
