package ops

import (
	"io"
	"math"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// A Copier copies one stream to another, with reads and writes in turn.
//
// If both are TCP connections of one proactor of package platform, on Linux with epoll or
// io_uring, and reads keep filling the buffer (with io_uring 64 KiB of it), the kernel
// moves the bytes that follow from one to the other (splice(2)). The Copier then waits for
// more to move, instead of reading it, until less than 48 KiB comes at once. That saves the
// copies to the program and back, which matters most when memory is the bottleneck. If the
// peer has closed its end, the kernel may send the program SIGPIPE, which Go ignores unless
// the program asks for it (see package os/signal).
//
// The zero value is ready, and can be a field of a session struct. It copies one stream
// at a time, and must not itself be copied meanwhile.
type Copier struct {
	dst    Writer
	src    Reader
	buf    []byte
	from   allocator.Allocator[byte] // where buf came from, nil if it was given
	copied int64
	end    error // what came with the bytes that are being written

	active, writing bool
	splicing        bool // what is being written is not in buf
	waiting         bool // for something to splice
	haul            haul
	closeWrite      bool // dst, at the end of src

	other place // of the stream whose turn it is not
}

// A place is what identifies an operation to a platform between its parts, so that no
// part is started where everything was cancelled since the last.
type place struct {
	target unsafe.Pointer
	epoch  uint32
}

// A WriteCloser can end the stream that it writes and still be read, as a Conn of
// package platform can.
type WriteCloser interface {
	Writer

	// CloseWrite ends the stream: the peer reads io.EOF after everything that
	// was written before.
	CloseWrite() error
}

// copySize is the length in bytes of the buffer if the program provides none. It is that
// of io.Copy.
const copySize = 32 << 10

// Copy copies src to dst until the end of src. Its handler is called with the number of
// bytes written and nil, or with the error that ended it early; bytes that were read but
// could not be written are then lost. If there are more bytes than an int can count (2 GiB
// on a 32-bit system), the handler is called with the largest int, and [Copier.Copied]
// returns the number.
//
// It uses one block of memory until it ends, however many reads and writes it takes. It
// also uses buf, which belongs to it meanwhile. If buf is empty, it takes 32 KiB from the
// allocator of byte associated with h, or else from the Go heap, and releases them before
// h is called.
//
// Closing src, or cancelling everything on it, ends the copy too. Closing dst, or cancelling
// everything on it after the first write, ends the copy at its next write. Both streams must
// be on the same proactor, or on proactors that any goroutine may use. Starting a copy while
// one is outstanding panics.
func (c *Copier) Copy(dst Writer, src Reader, buf []byte, h Handler) {
	if dst == nil || src == nil {
		panic("ops: Copier: nil stream")
	}
	if c.active {
		panic("ops: Copier: a copy is outstanding already")
	}
	op := begin(h, nil, src)
	*c = Copier{dst: dst, src: src, buf: buf, active: true, closeWrite: c.closeWrite}
	if len(buf) == 0 && op.Err == nil {
		a := AllocatorOf(h, heapBytes)
		block, err := a.Allocate(copySize)
		if err != nil {
			op.Err = exhausted(err)
		} else {
			c.buf, c.from = block, a
		}
	}
	op.Buf = c.buf
	op.stepBy(c)
	src.StartRead(op)
}

// Copied returns how many bytes the current copy has written so far, or the last copy
// in total. Call it from the handler, or where nothing else of the copy can run at the
// same time.
func (c *Copier) Copied() int64 { return c.copied }

func (c *Copier) takeStep(op *Operation) bool {
	if c.writing {
		return c.wrote(op)
	}
	if c.waiting {
		c.waiting = false
		if op.Err == nil {
			return c.next(op)
		}
	}
	n, err := op.N, op.Err
	if n == 0 {
		if err == nil {
			err = io.ErrNoProgress
		}
		return c.sourceEnded(op, err)
	}
	c.end, c.writing = err, true
	c.haul.read(n, len(c.buf))
	c.change(op, c.buf[:n])
	c.dst.StartWrite(op)
	return true
}

// wrote goes on when a write has ended.
func (c *Copier) wrote(op *Operation) bool {
	c.copied += int64(op.N)
	if c.splicing {
		return c.spliced(op)
	}
	switch left := op.Buf[op.N:]; {
	case len(left) == 0: // an error that came with the last byte is for the next write
	case op.Err != nil:
		return c.finish(op, op.Err)
	case op.N == 0:
		return c.finish(op, io.ErrNoProgress)
	default:
		op.Buf, op.N = left, 0
		c.dst.StartWrite(op)
		return true
	}
	if c.end != nil {
		return c.sourceEnded(op, c.end)
	}
	return c.goOn(op)
}

// goOn reads from the source again.
func (c *Copier) goOn(op *Operation) bool {
	c.writing = false
	c.change(op, c.buf)
	return c.next(op)
}

// next takes from the source again.
func (c *Copier) next(op *Operation) bool {
	if !c.trySplice(op) {
		c.src.StartRead(op)
	}
	return true
}

// change starts a part on the other stream.
func (c *Copier) change(op *Operation, buf []byte) {
	here := place{op.Target, op.Epoch}
	op.Target, op.Epoch = c.other.target, c.other.epoch
	c.other = here
	op.Buf, op.N, op.Err = buf, 0, nil
}

func (c *Copier) sourceEnded(op *Operation, err error) bool {
	if err == io.EOF {
		err = nil
		if d, ok := c.dst.(WriteCloser); ok && c.closeWrite {
			err = d.CloseWrite()
		}
	}
	return c.finish(op, err)
}

func (c *Copier) finish(op *Operation, err error) bool {
	op.N, op.Err = int(min(c.copied, math.MaxInt)), err
	return false
}

func (c *Copier) ended(*Operation) {
	if c.from != nil {
		c.from.Deallocate(c.buf)
	}
	c.dst, c.src, c.buf, c.from, c.active = nil, nil, nil, nil, false
}
