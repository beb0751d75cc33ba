package ops

import "github.com/heirloom-go/heirloom/allocator"

// A Stream is read and written.
type Stream interface {
	Reader
	Writer
}

// A Pipe joins two streams in both directions, as a proxy does. When one stream ends,
// writing to the other ends too; the other direction goes on.
//
//	new(ops.Pipe).Start(client, server, nil, h)
//
// Each direction is a [Copier]. So on Linux, large transfers between two TCP connections are
// spliced by the kernel, and do not pass through the buffer.
//
// The zero value is ready, and can be a field of a session struct. A pipe contains the
// memory of its operations, and must not be copied after its first use. It can be
// started again once its handler has been called.
type Pipe struct {
	batch   Batch
	members [2]Member
	copiers [2]Copier
	buf     []byte
	from    allocator.Allocator[byte] // where buf came from, nil if it was given
}

// Start copies from a to b and from b to a, until both have ended. When one has ended,
// CloseWrite is called on the other if it is a [WriteCloser]. An error in one direction
// ends both, and so does closing a stream, or cancelling h. The streams are left open.
//
// Then h is called once, with 0 and nil or with 0 and the first error. [Pipe.Copied]
// returns how many bytes were copied. A timeout of h limits the whole pipe.
//
// Each direction uses one half of buf, which must have at least two bytes. If buf is
// empty, the pipe takes 64 KiB from the allocator of byte associated with h, or else
// from the Go heap, and releases them before h is called.
//
// Both streams must be on the same proactor, or on proactors that any goroutine may
// use.
func (p *Pipe) Start(a, b Stream, buf []byte, h Handler) {
	switch {
	case a == nil || b == nil:
		panic("ops: Pipe: nil Stream")
	case len(buf) == 1:
		panic("ops: Pipe: a buffer of one byte has no half")
	}
	p.batch.Start(p.members[:], UntilError, h)
	p.batch.op.stepBy((*pipeEnd)(p))
	p.buf, p.from = buf, nil
	if len(buf) == 0 {
		from := AllocatorOf(h, heapBytes)
		block, err := from.Allocate(2 * copySize)
		if err != nil {
			p.fail(a, b, exhausted(err))
			return
		}
		p.buf, p.from = block, from
	}
	half := len(p.buf) / 2
	p.copiers[0].closeWrite, p.copiers[1].closeWrite = true, true
	p.copiers[0].Copy(b, a, p.buf[:half:half], &p.members[0])
	p.copiers[1].Copy(a, b, p.buf[half:], &p.members[1])
}

// fail ends both directions with err, later.
func (p *Pipe) fail(a, b Reader, err error) {
	p.copiers[0].copied, p.copiers[1].copied = 0, 0
	a.StartRead(failed(&p.members[0], 0, err))
	b.StartRead(failed(&p.members[1], 0, err))
}

// Copied returns how many bytes were copied from a to b and from b to a. Call it from
// the handler, or where nothing else of the pipe can run at the same time.
func (p *Pipe) Copied() (ab, ba int64) {
	return p.copiers[0].Copied(), p.copiers[1].Copied()
}

// pipeEnd is a pipe as the stepper of the operation that ends it.
type pipeEnd Pipe

func (p *pipeEnd) takeStep(op *Operation) bool {
	op.N = 0 // which direction failed first
	return false
}

func (p *pipeEnd) ended(*Operation) {
	if p.from != nil {
		p.from.Deallocate(p.buf)
	}
	p.buf, p.from = nil, nil
}
