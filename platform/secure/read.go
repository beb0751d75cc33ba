package secure

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// This file reads a stream. An operation that reads waits, in its own memory, on the
// connection below until something arrives there. Then crypto/tls reads from there what
// it can get without waiting. Often that is a part of a record, and the operation waits
// again.

// reading is the state of that side.
type reading struct {
	kept    ops.Lowered
	memory  inputMemory
	end     error  // that crypto/tls has returned; it stays
	version uint16 // of TLS, as agreed
	cut     bool   // the connection below has ended
	dry     bool   // the last read below has got all that there was
	more    bool   // there may be more that was read below

	busy     bool // an operation is outstanding
	waits    bool // it only waits, and reads nothing
	answers  bool // it sends what crypto/tls has to say to what it has read
	answered bool // it has tried to

	done bool // the operation has its result, once the answer is sent
	n    int
	err  error
}

// StartRead implements [ops.Reader].
func (c *Conn) StartRead(op *ops.Operation) { c.startReading(op, false) }

// WaitReadable calls h, with 0 and nil, when there probably is something to read, or the
// stream has ended or failed. It counts as a read.
func (c *Conn) WaitReadable(h ops.Handler) {
	c.mustBeSet()
	c.startReading(ops.Begin(h, c.below.Allocator()), true)
}

// StartWaitReadable implements [ops.WaitReader].
func (c *Conn) StartWaitReadable(op *ops.Operation) { c.startReading(op, true) }

// startReading starts a read, or a wait for one.
func (c *Conn) startReading(op *ops.Operation, waits bool) {
	c.mustBeSet()
	next := atOnce
	if op.Err == nil {
		next = c.beginReading(op, waits)
	}
	c.startPart(op, next)
}

// A next is what an operation that reads does next.
type next uint8

const (
	atOnce next = iota // an empty read below, which ends at once with what is known already
	arrive             // waits until something arrives
	answer             // writes what crypto/tls has to say
	ended              // nothing
)

// startPart starts the next part below. Nobody holds the lock: what starts there may use
// that of the connection.
func (c *Conn) startPart(op *ops.Operation, next next) {
	switch next {
	case atOnce:
		c.below.StartRead(op)
	case arrive:
		c.below.StartWaitReadable(op)
	case answer:
		c.below.StartWrite(op)
	}
}

func (c *Conn) beginReading(op *ops.Operation, waits bool) next {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := &c.in
	if op.Err = c.refusal(); op.Err != nil {
		return atOnce
	}
	if in.busy {
		panic("secure: a read is outstanding already")
	}
	in.kept.Lower(op, (*reader)(c))
	in.busy, in.waits, in.answers, in.answered, in.done = true, waits, false, false, false
	op.Buf = nil
	if !waits && len(in.kept.Buf()) == 0 || in.end != nil || c.buffered() {
		return atOnce
	}
	return c.nextRead(op)
}

// nextRead prepares the next part of a read. The caller holds the lock.
func (c *Conn) nextRead(op *ops.Operation) next {
	in := &c.in
	if len(c.out.late) > 0 && !c.out.busy && c.out.err == nil && !in.answered {
		in.answers = true
		op.Buf = c.out.late
		return answer
	}
	op.Buf = nil
	if in.done {
		op.N, op.Err = in.n, in.err
		in.busy = false
		return ended
	}
	return arrive
}

// reader is a Conn as the layer that its reads are lowered from.
type reader Conn

// PartEnded implements [ops.Layer].
func (r *reader) PartEnded(op *ops.Operation) (started bool) {
	c := (*Conn)(r)
	next := c.endPart(op)
	c.startPart(op, next)
	return next != ended
}

// endPart takes the result of a part of a read, and prepares the next.
func (c *Conn) endPart(op *ops.Operation) next {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := &c.in
	switch {
	case in.answers:
		// If it has failed, what is left is for the next operation to send. What has
		// ended this one, if that is why, ends its next part too.
		c.wroteLate(op.N)
		in.answers, in.answered = false, op.Err != nil || op.N == 0
	case op.Err != nil:
		in.n, in.err, in.done = 0, op.Err, true
		if errors.Is(op.Err, net.ErrClosed) {
			c.dropInput() // nobody can read it
		} else {
			c.settleInput(true)
		}
	case in.waits:
		in.n, in.err, in.done = 0, nil, true
	default:
		in.n, in.err = c.read(in.kept.Buf())
		in.done = in.err != errNotYet
		c.settleInput(in.done)
	}
	op.N, op.Err = 0, nil
	return c.nextRead(op)
}

// TryRead reads up to len(b) bytes, as many as are available, without waiting. If there are
// none, or if a read is outstanding, it returns 0 and [ops.ErrWouldBlock]; at the end of
// the stream it returns 0 and io.EOF.
func (c *Conn) TryRead(b []byte) (n int, err error) {
	c.mustBeSet()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refusal(); err != nil {
		return 0, err
	}
	if c.in.busy {
		return 0, ops.ErrWouldBlock
	}
	n, err = c.read(b)
	c.settleInput(true)
	if err == errNotYet {
		err = ops.ErrWouldBlock
	}
	return n, err
}

// read reads what can be read without waiting. The caller holds the lock, and settles the
// memory.
func (c *Conn) read(b []byte) (n int, err error) {
	in := &c.in
	if len(b) == 0 {
		return 0, nil
	}
	in.dry = false
	for n < len(b) && in.end == nil && (n == 0 || c.buffered()) {
		if err := c.receive(); err != nil {
			return n, err
		}
		k, err := c.tls.Read(b[n:])
		n += k
		in.more = err == nil
		if passes(err) {
			if n == 0 && err != errNotYet {
				return 0, err
			}
			break
		}
		if err != nil {
			c.endOfInput(err)
		} else if len(c.out.late) > maxLate {
			c.endOfInput(ErrUnanswered)
		}
	}
	switch {
	case n > 0:
		return n, nil // an end that came with it is for the next read to find
	case in.end != nil:
		return 0, in.end
	}
	return 0, errNotYet
}

// passes reports whether an error is temporary, so that a later read may succeed: nothing was
// there yet, the deadline had passed, or an allocator below had failed.
func passes(err error) bool {
	return err == errNotYet || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, allocator.ErrExhausted)
}

// receive reads from below what crypto/tls would read, so that crypto/tls finds a record when
// it is asked for one: its own way allocates. It returns errNotYet if there is no record yet.
// The caller holds the lock.
func (c *Conn) receive() error {
	if !inside.known || c.buffered() {
		return nil
	}
	if err := c.holdInput(); err != nil {
		return err
	}
	raw := inside.rawOf(c.tls)
	if raw.Available() == 0 {
		raw.Grow(recordSize) // a record that is longer than those of TLS 1.3
	}
	b := raw.AvailableBuffer()
	n, err := (*transport)(c).tryRead(b[:cap(b)])
	raw.Write(b[:n])
	switch {
	case err == io.EOF:
		c.in.cut = true
		c.endOfInput(err)
		return c.in.end
	case err != nil && !passes(err):
		c.endOfInput(err)
		return err
	case err != nil && err != errNotYet:
		return err
	case !c.buffered():
		return errNotYet
	}
	return nil
}

// buffered reports whether a read has a result without reading below. The caller holds the
// lock.
func (c *Conn) buffered() bool {
	if !inside.known {
		return c.in.more
	}
	return inside.inputOf(c.tls).Len() > 0 || c.decidable(inside.rawOf(c.tls).Bytes())
}

// decidable reports whether crypto/tls can say something to what was received: b starts
// with all of a record, or with a header that it refuses. It must not be true of anything
// else, or a program that waits for something to read would be called for ever.
func (c *Conn) decidable(b []byte) bool {
	const header = 5
	if len(b) < header {
		return false
	}
	version, longest := c.in.version, 16<<10+2048
	if version == tls.VersionTLS13 {
		version, longest = tls.VersionTLS12, 16<<10+256 // RFC 8446, sections 5.1 and 5.2
	}
	n := int(b[3])<<8 | int(b[4])
	return uint16(b[1])<<8|uint16(b[2]) != version || n > longest || len(b) >= header+n
}

// endOfInput notes why there is nothing more to read.
func (c *Conn) endOfInput(err error) {
	if err == io.EOF && c.in.cut {
		err = io.ErrUnexpectedEOF // the peer has not said so
	}
	c.in.end = err
}

// PartDropped implements [ops.Layer].
func (r *reader) PartDropped(*ops.Operation) {
	c := (*Conn)(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in.busy, c.in.answers = false, false
	c.dropInput()
}
