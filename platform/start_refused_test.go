package platform_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// refusing is a layer that refuses one call of Start: at once, or from inside the next
// Poll, as a kernel of either kind does.
type refusing struct {
	backend.Backend
	host backend.Host

	mu     sync.Mutex
	at     int // the call that is refused, from 1, or 0
	with   error
	late   bool
	calls  int
	what   ops.Kind                // was refused
	below  map[*ops.Operation]bool // is outstanding there
	kept   []*ops.Operation
	ending *ops.Operation // is about to be completed
	spared bool           // what was to fail has ended early before
}

// failStart has a call of Start from now on fail.
func (l *refusing) failStart(at int, with error, late bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at, l.with, l.late, l.calls, l.what, l.spared = at, with, late, 0, 0, false
}

// refused returns what was refused, if anything was, and whether it was cancelled before it
// was told.
func (l *refusing) refused() (what ops.Kind, was, spared bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.what, l.what != 0, l.spared
}

func (l *refusing) Start(s *backend.Socket, op *ops.Operation) bool {
	l.mu.Lock()
	if slices.Contains(l.kept, op) {
		l.mu.Unlock()
		return false
	}
	// What a backend of readiness tries once more is in nobody's hands. Others may have it.
	tries := l.Name() == "epoll" || strings.Contains(l.Name(), "kqueue")
	if l.what == 0 && (tries || !l.below[op]) {
		if l.calls++; l.calls == l.at {
			defer l.mu.Unlock()
			delete(l.below, op)
			l.what = op.Kind
			if !l.late {
				op.Err = l.with
				return true
			}
			l.kept = append(l.kept, op)
			l.Backend.Wake()
			return false
		}
	}
	l.below[op] = true
	l.mu.Unlock()
	ended := l.Backend.Start(s, op)
	if ended {
		l.forget(op)
	}
	return ended
}

func (l *refusing) forget(op *ops.Operation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.below, op)
}

func (l *refusing) Cancel(s *backend.Socket, op *ops.Operation) bool {
	l.mu.Lock()
	at := slices.Index(l.kept, op)
	if at >= 0 {
		l.kept, l.spared = slices.Delete(l.kept, at, at+1), true
	}
	ending := l.ending == op
	l.spared = l.spared || ending // the error of an operation that is to end early may be another
	l.mu.Unlock()
	if at >= 0 || ending {
		return at >= 0
	}
	ended := l.Backend.Cancel(s, op)
	if ended {
		l.forget(op)
	}
	return ended
}

func (l *refusing) Poll(wait time.Duration) {
	l.mu.Lock()
	if len(l.kept) > 0 {
		wait = 0
	}
	l.mu.Unlock()
	l.Backend.Poll(wait)
	l.mu.Lock()
	if len(l.kept) > 0 {
		l.ending, l.kept = l.kept[0], l.kept[1:]
	}
	op, with := l.ending, l.with
	l.mu.Unlock()
	if op != nil {
		op.Err = with
		l.host.Completed(op)
		l.mu.Lock()
		l.ending = nil
		l.mu.Unlock()
	}
}

// Observe implements backend.Observer.
func (l *refusing) Observe(op *ops.Operation) { l.forget(op) }

// TestStartRefused has every call of Start of a tour fail once, with an error that a kernel
// has when it is short of something. The handler is told that error, once and when its
// memory is free, everything else ends, and the next tour comes to its end.
func TestStartRefused(t *testing.T) {
	with := []error{syscall.ENOMEM, syscall.ENOBUFS, syscall.EMFILE, syscall.EINTR, syscall.EIO}
	for _, late := range []bool{false, true} {
		t.Run(map[bool]string{false: "at once", true: "later"}[late], func(t *testing.T) {
			for _, m := range modes() {
				t.Run(m.String(), func(t *testing.T) { m.refuseStarts(t, with, late) })
			}
		})
	}
}

func (m mode) refuseStarts(t *testing.T, with []error, late bool) {
	layer := &refusing{below: make(map[*ops.Operation]bool)}
	w := m.open(t, platform.WithLayer(func(below backend.Backend) backend.Backend {
		layer.Backend = below
		return layer
	}))
	layer.host = w.Host()
	w.tour(nil)
	w.run() // whatever the runtime opens for itself is open now
	check := keepsDescriptors(t)
	kinds := make(map[ops.Kind]int)
	step := 1
	if testing.Short() {
		step = 4
	}
	for at := 1 + m.runners%step; ; at += step { // with -short, modes with several runners refuse other calls
		err := with[at%len(with)]
		layer.failStart(at, err, late)
		u := w.tour(nil)
		w.run()
		what, was, spared := layer.refused()
		if !was {
			u.whole(t)
			break
		}
		kinds[what]++
		u.check(t, false)
		told := u.told(err)
		switch {
		case spared && len(told) == 0, len(told) == 1:
		case len(told) > 1 && strings.HasPrefix(told[0], "queued write"): // as those behind it are
		default:
			t.Errorf("%q were told, and others: %s", told, u.errors())
		}
		layer.failStart(0, nil, false)
		again := w.tour(nil)
		w.run()
		again.whole(t)
		if t.Failed() {
			t.Fatalf("call %d of Start, of kind %v, has failed with %v", at, what, err)
		}
	}
	if n := len(layer.below); n > 0 {
		t.Errorf("%d operations are still outstanding below the layer", n)
	}
	check(fmt.Sprint(len(kinds), " kinds have failed"))
	w.within("Close", func() { w.Close() })
	noneLeft(t)
	t.Log(kinds)
}

// told returns the names of the legs that were told err.
func (u *tour) told(err error) (names []string) {
	for _, g := range u.all {
		if g.calls > 0 && errors.Is(g.err, err) {
			names = append(names, g.name)
		}
	}
	return names
}
