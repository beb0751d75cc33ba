package platform

import (
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// ReadVectored reads into several buffers, one after the other, in one
// operation (scatter): as many bytes as there are, at least one. A backend that
// cannot ask the system for that may fill the first buffer only. At the end of
// the stream the handler is called with 0 and io.EOF. If all buffers are empty,
// it completes with 0.
//
// The list and the buffers belong to the operation until its handler is called,
// and the list is left as it is. Only the first 1024 buffers are used, counted
// from the first that is not empty.
func (c *Conn) ReadVectored(bufs [][]byte, h ops.Handler) {
	op := c.h.begin(ops.KindReadVectored, h)
	backend.SetBuffers(op, bufs)
	c.h.start(op)
}

// WriteVectored writes several buffers, one after the other, in one operation (gather). The
// handler is called with the number of bytes written, which may be fewer than there are.
// Use [ops.WriteVectoredFull] to write all of them. If all buffers are empty, it completes
// with 0.
//
// The list and the buffers belong to the operation until its handler is called, and the
// list is left as it is. Only the first 1024 buffers are used, counted from the first that
// is not empty.
func (c *Conn) WriteVectored(bufs [][]byte, h ops.Handler) {
	op := c.h.begin(ops.KindWriteVectored, h)
	backend.SetBuffers(op, bufs)
	c.h.start(op)
}

// StartWriteVectored implements [ops.VectorWriter].
func (c *Conn) StartWriteVectored(op *ops.Operation, bufs [][]byte) {
	op.Kind = ops.KindWriteVectored
	backend.SetBuffers(op, bufs)
	c.h.start(op)
}
