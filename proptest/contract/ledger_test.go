package contract

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// TestNeverCalled says that of an operation whose handler is never called it is told how far
// it has got.
func TestNeverCalled(t *testing.T) {
	for _, test := range []struct {
		want string
		play func(l *Ledger, a allocator.Allocator[ops.Operation])
	}{
		{"it never asked for memory", func(*Ledger, allocator.Allocator[ops.Operation]) {}},
		{"was never given to the backend", func(_ *Ledger, a allocator.Allocator[ops.Operation]) { a.Allocate(1) }},
		{"the backend still has it", func(l *Ledger, a allocator.Allocator[ops.Operation]) {
			s, _ := a.Allocate(1)
			l.record(event{kind: eventKernel, block: blockOf(s)})
		}},
		{"the backend has let go of it", func(l *Ledger, a allocator.Allocator[ops.Operation]) {
			s, _ := a.Allocate(1)
			l.record(event{kind: eventKernel, block: blockOf(s)})
			l.record(event{kind: eventKernelDone, block: blockOf(s)})
		}},
		{"its memory was released", func(_ *Ledger, a allocator.Allocator[ops.Operation]) {
			s, _ := a.Allocate(1)
			a.Deallocate(s)
		}},
	} {
		l := NewLedger()
		c := l.Chain("waits")
		a := Watch[ops.Operation](c, nil)
		h := ops.WithAllocator[ops.Operation](ops.HandlerFunc(func(int, error) {}), a)
		c.Start("wait", h, func(ops.Handler) { test.play(l, a) })
		found := ""
		for _, v := range l.Finish() {
			if v.Clause == OnceAndLater {
				found = v.Text
			}
		}
		if !strings.Contains(found, test.want) {
			t.Errorf("it says %q, want %q", found, test.want)
		}
	}
}

// TestStuckAtWork says that a ledger does not look at the memory of those who are still at
// work when it is told that they are stuck. The race detector would report that it does.
func TestStuckAtWork(t *testing.T) {
	l := NewLedger()
	c := l.Chain("works")
	a := Watch[ops.Operation](c, nil)
	var at atomic.Int64
	go l.Call(func() {
		s, _ := a.Allocate(1)
		a.Deallocate(s)
		race.Off() // or it would know that this was before
		at.Add(1)
		race.On()
		for at.Load() < 2 {
			runtime.Gosched()
		}
	})
	for at.Load() < 1 {
		runtime.Gosched()
	}
	l.Stuck(time.Second)
	if v := l.Finish(); len(v) != 1 || !strings.Contains(v[0].Text, "nothing has happened for 1s") {
		t.Errorf("%v", v)
	}
	at.Add(1)
}
