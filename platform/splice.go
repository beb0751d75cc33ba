package platform

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

var _ ops.Splicer = (*Conn)(nil)

// TrySplice implements [ops.Splicer], for connections of one proactor.
func (c *Conn) TrySplice(src ops.Reader, dst ops.Writer, op *ops.Operation) bool {
	from, ok := src.(*Conn)
	to, is := dst.(*Conn)
	if !ok || !is || from != c {
		return false
	}
	p := c.h.proactor()
	if p == nil || to.h.proactor() != p {
		return false
	}
	splicer, ok := p.backend.(backend.Splicer)
	return ok && to.h.splices(splicer) && c.h.trySplice(splicer, op)
}

// StartSplice implements [ops.Splicer].
func (c *Conn) StartSplice(op *ops.Operation) {
	op.Kind = ops.KindSplice
	c.h.start(op)
}

// splices reports whether the socket can be written to from a pipe, now.
func (h *handle) splices(b backend.Splicer) bool {
	s, ok := h.lockedOpen()
	if !ok {
		return false
	}
	defer s.unlock()
	return !s.Is(writingSide) && b.Splices((*backend.Socket)(s))
}

// trySplice takes what there is for op, unless a read would be refused or would have to
// wait for its turn. An error of the stream that it has consumed is in op.
func (h *handle) trySplice(b backend.Splicer, op *ops.Operation) bool {
	s, ok := h.lockedOpen()
	if !ok {
		return false
	}
	defer s.unlock()
	if op.Target != unsafe.Pointer(s) || op.Epoch != s.Epoch || !s.Queues[backend.Reading].Empty() ||
		s.overdue(op, backend.Reading) != nil || !b.Splices((*backend.Socket)(s)) {
		return false
	}
	var taken bool
	taken, op.Err = b.TrySplice((*backend.Socket)(s), op)
	return taken
}

// endSplice gives back what TrySplice has taken for op, with what was not written.
func (p *Proactor) endSplice(op *ops.Operation) {
	p.backend.(backend.Splicer).EndSplice(op)
}
