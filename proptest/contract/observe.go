package contract

import (
	"fmt"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// observed is a layer over a backend that tells a ledger which operations the
// backend has. The ledger knows them by their memory.
type observed struct {
	backend.Backend
	ledger *Ledger
}

func (b *observed) Start(s *backend.Socket, op *ops.Operation) bool {
	b.tell(eventKernel, op, b.ledger.goroutine()) // before: the operation may complete before Start returns
	b.ledger.give(op)
	done := b.Backend.Start(s, op)
	if done {
		b.ledger.takeBack(op)
		b.tell(eventKernelDone, op, 0)
	}
	return done
}

func (b *observed) Cancel(s *backend.Socket, op *ops.Operation) bool {
	released := b.Backend.Cancel(s, op)
	if released {
		b.ledger.takeBack(op)
		b.tell(eventKernelDone, op, 0)
	}
	return released
}

// Observe implements backend.Observer.
func (b *observed) Observe(op *ops.Operation) {
	if !b.ledger.takeBack(op) {
		b.tell(eventIntruded, op, b.ledger.goroutine())
		panic(Violation{Clause: OnceAndLater, Text: fmt.Sprintf("the backend %s has completed an operation that it does not have, which the ledger reports", b.Name())})
	}
	b.tell(eventKernelDone, op, 0)
}

func (b *observed) tell(kind eventKind, op *ops.Operation, g uint64) {
	b.ledger.record(event{kind: kind, goroutine: g, block: uintptr(unsafe.Pointer(op)), what: op.Kind.String()})
}

// A possession is the operations that a backend has, by their memory: few
// enough to look at one after another. What uses it is not instrumented, so it
// makes do without a map.
type possession []uintptr

// give notes that the backend has an operation. It may have it already, and be
// asked to try once more.
//
//go:norace
func (l *Ledger) give(op *ops.Operation) {
	race.Off()
	defer race.On()
	l.lock.Lock()
	defer l.lock.Unlock()
	at := uintptr(unsafe.Pointer(op))
	if l.kernel.find(at) >= 0 {
		return
	}
	n := len(l.kernel)
	if n == cap(l.kernel) {
		more := make(possession, n, 2*n+16)
		for i := range n {
			more[i] = l.kernel[i]
		}
		l.kernel = more
	}
	l.kernel = l.kernel[:n+1]
	l.kernel[n] = at
}

// gave reports whether the backend has the operation in a block.
//
//go:norace
func (l *Ledger) gave(at uintptr) bool {
	race.Off()
	defer race.On()
	l.lock.Lock()
	defer l.lock.Unlock()
	return at != 0 && l.kernel.find(at) >= 0
}

// takeBack notes that the backend has let go of an operation, and reports
// whether it had it.
//
//go:norace
func (l *Ledger) takeBack(op *ops.Operation) bool {
	race.Off()
	defer race.On()
	l.lock.Lock()
	defer l.lock.Unlock()
	i := l.kernel.find(uintptr(unsafe.Pointer(op)))
	if i < 0 {
		return false
	}
	last := len(l.kernel) - 1
	l.kernel[i] = l.kernel[last]
	l.kernel = l.kernel[:last]
	return true
}

//go:norace
func (p possession) find(at uintptr) int {
	for i := range p {
		if p[i] == at {
			return i
		}
	}
	return -1
}
