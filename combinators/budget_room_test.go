package combinators

import "testing"

// TestBudgetRoomBeforeTheQueue simulates that another one was about to enter the queue when
// somebody asked, and has found room since.
func TestBudgetRoomBeforeTheQueue(t *testing.T) {
	b := NewBudget(100)
	b.funds.waiting.Add(1)
	if w := b.funds.wait(b, 60); w != nil || b.Live() != 60 {
		t.Errorf("waits: %t; %d bytes are reserved, want 60 at once", w != nil, b.Live())
	}
}

// TestBudgetRoomAtTheQueue simulates that bytes are released after one that waits has found
// no room, and before it is in the queue.
func TestBudgetRoomAtTheQueue(t *testing.T) {
	f := NewBudget(100).funds
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.unused(nil, 60, nil)
	f.enter(w)
	if used, waiting := f.used.Load(), f.waiting.Load(); len(w.ready) != 1 || used != 60 || waiting != 0 {
		t.Errorf("it has its bytes: %t; %d are reserved and %d wait, want 60 and nobody", len(w.ready) == 1, used, waiting)
	}
}
