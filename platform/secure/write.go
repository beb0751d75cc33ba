package secure

import (
	"io"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// This file writes a stream. An operation that writes makes crypto/tls encrypt into memory
// that is allocated for that, and is then started on the connection below until all of it
// is written.
//
// crypto/tls also writes when it reads: the answer to a key update, or an alert. These bytes
// are in the field late, and go out after what is being written. If nothing is, the
// operation that reads writes them, and then goes on reading.

// writing is the state of that side.
type writing struct {
	kept  ops.Lowered
	block []byte // what is encrypted
	from  allocator.Allocator[byte]
	sent  int    // of block
	late  []byte // what goes out before or after that

	err       error // that writes fail with from now on
	n         int   // how many bytes of the program are encrypted
	part      part
	busy      bool // an operation is outstanding
	encrypts  bool // crypto/tls writes to block
	encrypted bool // it has
	shutting  bool // the operation announces the end of the stream
	shut      bool // that has been announced
}

// maxLate is how many bytes of answers may wait for a peer that does not take them. One to
// a new key has 30.
const maxLate = 16 << 10

// A part is what an operation that writes is doing below.
type part uint8

const (
	noPart    part = iota // writes nothing, and so waits for its turn
	latePart              // writes late
	blockPart             // writes block
)

// StartWrite implements [ops.Writer]. An empty write may be started while another one is
// outstanding: as on a [platform.Conn] it only waits for its turn.
func (c *Conn) StartWrite(op *ops.Operation) { c.startWriting(op, false) }

// Shutdown announces the end of the stream to the peer, which then reads io.EOF, and calls
// h with 0 and nil when the announcement has been sent, or with an error. Reading can go on.
// The connection below stays open; closing it before h is called may lose the announcement.
// Shutdown counts as a write.
func (c *Conn) Shutdown(h ops.Handler) {
	c.mustBeSet()
	c.startWriting(ops.Begin(h, c.below.Allocator()), true)
}

// CloseWrite is [Conn.Shutdown] without a handler, for an [ops.Pipe]. It returns an error
// if nothing can be written any more.
func (c *Conn) CloseWrite() error {
	c.mustBeSet()
	c.mu.Lock()
	err := c.mayWrite(true)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	c.Shutdown(ops.HandlerFunc(func(int, error) {}))
	return nil
}

// mayWrite returns why nothing can be written, or announced. The caller holds the lock.
func (c *Conn) mayWrite(shutting bool) error {
	if err := c.refusal(); err != nil {
		return err
	}
	if c.out.err == nil && c.out.shut && !shutting {
		return ErrShutdown
	}
	return c.out.err
}

func (c *Conn) startWriting(op *ops.Operation, shutting bool) {
	c.mustBeSet()
	if op.Err == nil {
		c.beginWriting(op, shutting)
	}
	c.below.StartWrite(op)
}

// beginWriting prepares the first part of a write. If there can be none, it sets why, and
// the connection below completes the operation with that.
func (c *Conn) beginWriting(op *ops.Operation, shutting bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := &c.out
	switch op.Err = c.mayWrite(shutting); {
	case op.Err != nil:
		return
	case len(op.Buf) == 0 && !shutting:
		return // it waits below for its turn, as it does there
	case out.busy:
		panic("secure: a write is outstanding already: see ops.WriteQueue")
	}
	out.kept.Lower(op, (*writer)(c))
	out.busy, out.shutting, out.encrypted, out.n = true, shutting, false, 0
	c.nextPart(op)
}

// nextPart prepares the next part of a write, and reports whether there is one. The caller
// holds the lock.
func (c *Conn) nextPart(op *ops.Operation) bool {
	out := &c.out
	if len(out.late) == 0 && !out.encrypted && !c.in.answers {
		if err := c.encrypt(); err != nil {
			op.Err, op.Buf, out.part = err, nil, noPart
			return true // the handler is called later, like any other
		}
	}
	out.part = noPart
	switch {
	case c.in.answers: // the operation that reads is at it
		op.Buf = nil
		return true
	case out.sent < len(out.block):
		op.Buf, out.part = out.block[out.sent:], blockPart
	case len(out.late) > 0:
		op.Buf, out.part = out.late, latePart
	default:
		op.Buf = nil
		return false
	}
	return true
}

// encrypt encrypts what the operation writes, or as much as is written at a time. The caller
// holds the lock.
func (c *Conn) encrypt() error {
	out := &c.out
	plain := out.kept.Buf()
	plain = plain[:min(len(plain), maxPlain)]
	if out.shut { // announced already
		out.encrypted = true
		return nil
	}
	block, err := c.records.Allocate(sealed(len(plain)))
	if err != nil {
		return exhausted(err)
	}
	out.block, out.from, out.sent = block[:0], c.records, 0
	out.encrypts = true
	if out.shutting {
		err = c.tls.CloseWrite()
	} else {
		out.n, err = c.tls.Write(plain)
	}
	out.encrypts = false
	if err != nil {
		c.dropOutput()
		return err
	}
	out.encrypted, out.shut = true, out.shut || out.shutting
	return nil
}

// dropOutput gives back the memory of what is encrypted.
func (c *Conn) dropOutput() {
	out := &c.out
	if block := out.block; cap(block) > 0 {
		out.block, out.sent = nil, 0
		out.from.Deallocate(block)
	}
}

// writer is a Conn as the layer that its writes are lowered from.
type writer Conn

// PartEnded implements [ops.Layer].
func (w *writer) PartEnded(op *ops.Operation) (started bool) {
	c := (*Conn)(w)
	if c.endWriting(op) {
		return false
	}
	op.N = 0
	c.below.StartWrite(op)
	return true
}

// endWriting takes the result of a part, and reports whether the write has ended with it.
func (c *Conn) endWriting(op *ops.Operation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := &c.out
	if op.Err == nil && op.N == 0 && len(op.Buf) > 0 {
		op.Err = io.ErrNoProgress
	}
	switch out.part {
	case latePart:
		c.wroteLate(op.N)
	case blockPart:
		out.sent += op.N
	}
	unsent := out.sent < len(out.block)
	if op.Err == nil && c.nextPart(op) {
		return false
	}
	if op.Err != nil && unsent {
		out.n, out.err, out.late = 0, op.Err, nil // the peer has a part of a record
	}
	c.dropOutput()
	out.busy = false
	op.N = out.n
	return true
}

// wroteLate notes that n bytes of late have been written. The caller holds the lock.
func (c *Conn) wroteLate(n int) {
	if c.out.late = c.out.late[n:]; len(c.out.late) == 0 {
		c.out.late = nil
	}
}

// PartDropped implements [ops.Layer].
func (w *writer) PartDropped(*ops.Operation) {
	c := (*Conn)(w)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropOutput()
	c.out.busy = false
}
