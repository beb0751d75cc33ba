package proptest

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// observed is a layer over a backend that tells a ledger which operations the
// backend has. The ledger knows them by their memory.
type observed struct {
	platform.Backend
	ledger *Ledger
}

func (b *observed) Start(s *platform.Socket, op *ops.Operation) bool {
	b.tell(eventKernel, op, b.ledger.goroutine()) // before: the operation may complete before Start returns
	done := b.Backend.Start(s, op)
	if done {
		b.tell(eventKernelDone, op, 0)
	}
	return done
}

func (b *observed) Cancel(s *platform.Socket, op *ops.Operation) bool {
	released := b.Backend.Cancel(s, op)
	if released {
		b.tell(eventKernelDone, op, 0)
	}
	return released
}

// Observe implements platform.Observer.
func (b *observed) Observe(op *ops.Operation) { b.tell(eventKernelDone, op, 0) }

func (b *observed) tell(kind eventKind, op *ops.Operation, g uint64) {
	b.ledger.record(event{kind: kind, goroutine: g, block: uintptr(unsafe.Pointer(op)), what: op.Kind.String()})
}
