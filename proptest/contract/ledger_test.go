package contract

import (
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
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
