package chains

import (
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// Transfers over a layer on the connection, whose operations are lowered, as those of TLS are:
// a read waits below until there is something, and a write goes out in pieces.

// A layered is a stream over the connection of a chain.
type layered struct {
	*chainRun
	kept  ops.Lowered
	wrote int // of the operation's Buf
}

// layerPiece is how many bytes a layer writes at once.
const layerPiece = 3000

// Allocator returns the default allocator of the connection.
func (l *layered) Allocator() allocator.Allocator[ops.Operation] { return l.end.conn.Allocator() }

// StartRead implements ops.Reader.
func (l *layered) StartRead(op *ops.Operation) {
	if op.Err != nil || len(op.Buf) == 0 {
		l.end.conn.StartRead(op)
		return
	}
	l.kept.Lower(op, (*layeredRead)(l))
	op.Buf = nil
	l.end.conn.StartWaitReadable(op)
}

// layeredRead is a layered that reads.
type layeredRead layered

func (r *layeredRead) PartEnded(op *ops.Operation) (started bool) {
	if op.Err != nil {
		op.N = 0
		return false
	}
	if op.N, op.Err = r.end.conn.TryRead(r.kept.Buf()); op.Err != ops.ErrWouldBlock {
		return false
	}
	op.N, op.Err = 0, nil
	r.end.conn.StartWaitReadable(op)
	return true
}

func (r *layeredRead) PartDropped(*ops.Operation) {}

// StartWrite implements ops.Writer.
func (l *layered) StartWrite(op *ops.Operation) {
	if op.Err == nil {
		l.kept.Lower(op, (*layeredWrite)(l))
		l.wrote = 0
		op.Buf = op.Buf[:min(len(op.Buf), layerPiece)]
	}
	l.end.conn.StartWrite(op)
}

// layeredWrite is a layered that writes.
type layeredWrite layered

func (w *layeredWrite) PartEnded(op *ops.Operation) (started bool) {
	w.wrote += op.N
	left := w.kept.Buf()[w.wrote:]
	if op.Err != nil || op.N == 0 || len(left) == 0 {
		op.N = w.wrote
		return false
	}
	op.Buf, op.N = left[:min(len(left), layerPiece)], 0
	w.end.conn.StartWrite(op)
	return true
}

func (w *layeredWrite) PartDropped(*ops.Operation) {}

func startReadLowered(c *chainRun, _ *Step, h ops.Handler) {
	c.layered.chainRun = c
	ops.ReadFull(&c.layered, c.incoming(), h)
}

func startWriteLowered(c *chainRun, _ *Step, h ops.Handler) {
	c.layered.chainRun = c
	ops.WriteFull(&c.layered, c.outgoing(), h)
}
