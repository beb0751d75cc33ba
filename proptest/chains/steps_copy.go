package chains

import (
	"io"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// Copies between a connection and memory, in one direction or in both.

// A copying is what a chain needs to copy: the operations, and a stream in memory.
type copying struct {
	copier ops.Copier
	pipe   ops.Pipe
	store  store
}

// A store is the chain's end of a copy: a stream that ends where the step does.
type store struct {
	*chainRun
	out []byte // to be read
	in  []byte // to be written to
}

// StartRead implements ops.Reader.
func (m *store) StartRead(op *ops.Operation) {
	if op.Err == nil {
		op.N = copy(op.Buf, m.out)
		if m.out = m.out[op.N:]; op.N == 0 && len(op.Buf) > 0 {
			op.Err = io.EOF
		}
	}
	m.run.proactor.Execute(op)
}

// StartWrite implements ops.Writer.
func (m *store) StartWrite(op *ops.Operation) {
	if op.Err == nil {
		op.N = copy(m.in, op.Buf)
		m.in = m.in[op.N:]
	}
	m.run.proactor.Execute(op)
}

// measured is the connection of a chain, read only as far as the memory has room. It cannot
// be told to end its stream, as the chain has more to write.
type measured store

func (m *measured) StartWrite(op *ops.Operation) { m.end.conn.StartWrite(op) }

func (m *measured) StartRead(op *ops.Operation) {
	if op.Err == nil && len(m.in) == 0 {
		op.Err = io.EOF
	}
	if op.Err != nil {
		m.run.proactor.Execute(op)
		return
	}
	op.Buf = op.Buf[:min(len(op.Buf), len(m.in))]
	m.end.conn.StartRead(op)
}

// Allocator returns the default allocator of the connection.
func (m *measured) Allocator() allocator.Allocator[ops.Operation] { return m.end.conn.Allocator() }

// Allocator returns the default allocator of the proactor.
func (m *store) Allocator() allocator.Allocator[ops.Operation] { return m.run.proactor.Allocator() }

func startCopyOut(c *chainRun, _ *Step, h ops.Handler) {
	c.copying.store = store{chainRun: c, out: c.outgoing()}
	c.copying.copier.Copy(c.end.conn, &c.copying.store, nil, c.withBuffers(h))
}

func startCopyIn(c *chainRun, _ *Step, h ops.Handler) {
	c.copying.store = store{chainRun: c, in: c.incoming()}
	m := &c.copying.store
	c.copying.copier.Copy(m, (*measured)(m), nil, c.withBuffers(h))
}

// takeCopied tells an early end of the stream, which is no error to a copy.
func takeCopied(c *chainRun, n int, err error) (int, error) {
	if err == nil && n < c.left {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func startPipe(c *chainRun, _ *Step, h ops.Handler) {
	c.copying.store = store{chainRun: c, out: c.outgoing()}
	m := &c.copying.store
	c.copying.pipe.Start(m, (*measured)(m), nil, c.withBuffers(h))
}

// takePiped takes what a pipe has written, which its handler is not told.
func takePiped(c *chainRun, n int, err error) (int, error) {
	out, in := c.copying.pipe.Copied()
	if n != 0 || in != 0 {
		return -1, err
	}
	return int(out), err
}

// withBuffers gives a copy an allocator of buffers, all of which must have been released
// in the end.
func (c *chainRun) withBuffers(h ops.Handler) ops.Handler {
	return ops.WithAllocator[byte](h, &c.arrivals)
}
