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

// A possession is the memory that somebody has, as a list of addresses, which are few.
// The functions that use it are not instrumented, so it is not a map. The caller holds
// the ledger's lock.
type possession []uintptr

// add reports whether at is new.
//
//go:norace
func (p *possession) add(at uintptr) bool {
	if p.find(at) >= 0 {
		return false
	}
	n := len(*p)
	if n == cap(*p) {
		more := make(possession, n, 2*n+16)
		for i := range n {
			more[i] = (*p)[i]
		}
		*p = more
	}
	*p = (*p)[:n+1]
	(*p)[n] = at
	return true
}

// remove reports whether at was there.
//
//go:norace
func (p *possession) remove(at uintptr) bool {
	i := p.find(at)
	if i < 0 {
		return false
	}
	last := len(*p) - 1
	(*p)[i] = (*p)[last]
	*p = (*p)[:last]
	return true
}

//go:norace
func (p *possession) find(at uintptr) int {
	for i := range *p {
		if (*p)[i] == at {
			return i
		}
	}
	return -1
}

// give notes that the backend has an operation. It may have it already, and be
// asked to try once more.
//
//go:norace
func (l *Ledger) give(op *ops.Operation) {
	race.Off()
	defer race.On()
	l.lock.Lock()
	defer l.lock.Unlock()
	l.kernel.add(uintptr(unsafe.Pointer(op)))
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
	return l.kernel.remove(uintptr(unsafe.Pointer(op)))
}

// lend notes that a block is handed out, and reports whether nobody had it: no operation
// by way of an allocator, nor the backend, whoever has released it.
//
//go:norace
func (l *Ledger) lend(at uintptr) bool {
	if at == 0 {
		return true
	}
	race.Off()
	defer race.On()
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.kernel.find(at) < 0 && l.lent.add(at)
}

// giveBack notes that a block is released.
//
//go:norace
func (l *Ledger) giveBack(at uintptr) {
	race.Off()
	defer race.On()
	l.lock.Lock()
	defer l.lock.Unlock()
	l.lent.remove(at)
}
