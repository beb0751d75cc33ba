package platform_test

import (
	"context"
	"net"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A detour is an executor that does something before each operation goes on.
type detour struct {
	*platform.Proactor
	before func()
}

func (d *detour) Execute(op *ops.Operation) {
	if d.before != nil {
		d.before()
	}
	d.Proactor.Execute(op)
}

// TestAcceptorCancelledWithResult cancels an acceptor when its accept has a connection,
// whose turn has not come: that client is served, and it is the last.
func TestAcceptorCancelledWithResult(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		var slot ops.CancelSlot
		served := 0
		a := guests(func(*guest) { served++ })
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		var over result
		started := 0
		d := &detour{Proactor: w.Proactor}
		d.before = func() {
			if started++; started != 2 { // the first is what the acceptor begins with
				return
			}
			if !slot.Cancel() {
				t.Error("there was nothing to cancel")
			}
		}
		a.Start(l, ops.WithCancelSlot(ops.WithExecutor(&over, d), &slot))
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		w.await(&over)
		over.want(t, 0, ops.ErrCanceled)
		if served != 1 {
			t.Errorf("%d clients were served", served)
		}
	})
}

// TestAcceptorMemory shuts down from another goroutine: the proactor's own allocator,
// which is for the goroutines that start operations and run it, is not called.
func TestAcceptorMemory(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			memory := combinators.NewStats(allocator.Heap[ops.Operation]{})
			w := m.open(t, platform.WithAllocator(combinators.NewThreadSafe(memory)))
			a := guests(nil)
			l := w.listen("tcp", "127.0.0.1:0")
			address := l.Addr().String()
			var over result
			a.Start(l, &over)
			before := memory.Counts().Total
			ended := make(chan error)
			go func() {
				call(t, address, atOnce)
				ended <- a.Shutdown(context.Background())
			}()
			w.await(&over)
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if total := memory.Counts().Total; total != before {
				t.Errorf("%d operations took their memory from the proactor's allocator", total-before)
			}
		})
	}
}
