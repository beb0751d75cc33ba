package portable

import (
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// readVectored reads into the first buffer. Package net has nothing for several,
// and to read into the next one as well could mean to wait for more than there
// is.
func (w *worker) readVectored(op *ops.Operation) (int, error) {
	return w.s.conn.Read(backend.Buffers(op)[0])
}

// writeVectored writes all buffers. Package net uses up the list that it is
// given, so that is a copy.
func (w *worker) writeVectored(op *ops.Operation) (int, error) {
	w.list = append(w.list[:0], backend.Buffers(op)...)
	w.sending = w.list
	n, err := w.sending.WriteTo(w.s.conn)
	clear(w.list)
	w.sending = nil
	return int(n), err
}
