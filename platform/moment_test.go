package platform_test

import (
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// These tests are for faults that need two events at the same moment. A layer has the second
// happen while the proactor is busy with the first.

// atMoment is a layer that calls back while it is called.
type atMoment struct {
	backend.Backend
	starts  func(op *ops.Operation) (ended bool) // in Start, with the socket locked
	cancels func()                               // in Cancel, once
	ahead   atomic.Int64                         // of the clock below
}

func (l *atMoment) Start(s *backend.Socket, op *ops.Operation) bool {
	return l.starts != nil && l.starts(op) || l.Backend.Start(s, op)
}

func (l *atMoment) Cancel(s *backend.Socket, op *ops.Operation) bool {
	if f := l.cancels; f != nil {
		l.cancels = nil
		f()
	}
	return l.Backend.Cancel(s, op)
}

func (l *atMoment) Now() int64 { return l.Backend.Now() + l.ahead.Load() }

// eachMoment runs a test in every mode in which others than the runner may cancel.
func eachMoment(t *testing.T, test func(*testing.T, *world, *atMoment)) {
	for _, m := range modes() {
		if m.runners == 0 {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			l := new(atMoment)
			test(t, m.open(t, platform.WithLayer(func(below backend.Backend) backend.Backend {
				l.Backend = below
				return l
			})), l)
		})
	}
}

// TestCancelMissed cancels a read that ends before the one who cancels has its socket. The
// read keeps its result.
func TestCancelMissed(t *testing.T) {
	eachMoment(t, func(t *testing.T, w *world, l *atMoment) {
		a, _ := w.peer()
		var slot ops.CancelSlot
		var read result
		var other sync.WaitGroup
		inUse := false
		l.starts = func(op *ops.Operation) bool {
			if op.Kind != ops.KindRead {
				return false
			}
			other.Go(func() { inUse = slot.Cancel() })
			for end := time.Now().Add(patience); !strings.Contains(stacks(), "cancelRequested"); runtime.Gosched() {
				if time.Now().After(end) {
					t.Error("nobody waits for the socket")
					break
				}
			}
			op.N = 1
			return true
		}
		a.Read(make([]byte, 2), ops.WithCancelSlot(&read, &slot))
		other.Wait()
		w.await(&read)
		read.want(t, 1, nil)
		if !inUse || !slot.Canceled() {
			t.Errorf("Cancel returns %v, and then Canceled %v", inUse, slot.Canceled())
		}
	})
}

// TestLateGone has two reads whose time is over, and cancels one while the other is ended.
// It is told that it was cancelled, and only that.
func TestLateGone(t *testing.T) {
	eachMoment(t, func(t *testing.T, w *world, l *atMoment) {
		a, b := w.packets("udp4", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
		defer a.Close()
		var slot ops.CancelSlot
		var late, before, canceled result
		a.ReadFrom(make([]byte, 1), nil, ops.WithTimeout(&late, time.Hour))
		b.ReadFrom(make([]byte, 1), nil, &before) // so what is behind it ends at once
		b.ReadFrom(make([]byte, 1), nil, ops.WithCancelSlot(ops.WithTimeout(&canceled, 2*time.Hour), &slot))
		l.cancels = func() {
			var other sync.WaitGroup
			other.Go(func() { slot.Cancel() })
			w.within("cancelling the other read", other.Wait)
		}
		l.ahead.Store(int64(3 * time.Hour))
		w.await(&late, &canceled)
		late.want(t, 0, os.ErrDeadlineExceeded)
		canceled.want(t, 0, ops.ErrCanceled)
		before.later(t)
		b.Close()
		w.run()
		before.want(t, 0, net.ErrClosed)
	})
}
