package sim

import (
	"io"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
)

// A stream is one end of a connection.
type stream struct {
	peer    *endpoint
	in, out *pipe
	dialed  bool // it is the end that has connected
	broken  bool // reset: there is nothing to read after what has arrived, and nobody to write to
	news    bool // the program does not know yet that it was reset
	aborts  bool // closing it resets the connection for the peer
}

// A pipe is one direction of a connection.
type pipe struct {
	data  []byte
	start int // of what was not read yet
	ended bool
	gone  bool // the end that reads was closed
}

func (p *pipe) len() int { return len(p.data) - p.start }

func (p *pipe) drop() { p.data, p.start = p.data[:0], 0 }

// put adds to what is to be read. It keeps the memory that it has for it.
func (p *pipe) put(data []byte, inOrder bool) {
	if p.start > 0 && len(p.data)+len(data) > cap(p.data) {
		p.data = p.data[:copy(p.data, p.data[p.start:])]
		p.start = 0
	}
	n := len(p.data)
	p.data = append(p.data, data...)
	if !inOrder {
		copy(p.data[p.start+len(data):], p.data[p.start:n])
		copy(p.data[p.start:], data)
	}
}

func (p *pipe) take(n int) {
	if p.start += n; p.start == len(p.data) {
		p.drop()
	}
}

// join makes a stream of two endpoints.
func join(a, b *endpoint) {
	toA, toB := new(pipe), new(pipe)
	a.stream = stream{peer: b, in: toA, out: toB, dialed: true}
	b.stream = stream{peer: a, in: toB, out: toA}
}

// readable reports whether a read ends now.
func (e *endpoint) readable() bool {
	return e.in == nil || e.in.len() > 0 || e.in.ended || e.broken
}

// writable reports whether a write ends now.
func (e *endpoint) writable(w *World) bool {
	return e.out == nil || e.broken || e.out.ended || e.out.gone || e.out.len() < w.weather.Capacity
}

// Errors are those of the real backends.
var (
	errReadReset   = os.NewSyscallError("read", syscall.ECONNRESET)
	errWriteReset  = os.NewSyscallError("write", syscall.ECONNRESET)
	errBrokenPipe  = os.NewSyscallError("write", syscall.EPIPE)
	errNoBuffers   = os.NewSyscallError("write", syscall.ENOBUFS)
	errReadNone    = os.NewSyscallError("read", syscall.ENOTCONN)
	errWriteNone   = os.NewSyscallError("write", syscall.ENOTCONN)
	errNotFinished = os.NewSyscallError("shutdown", syscall.ENOTCONN)
)

// read does a read that is possible. What has arrived comes before the news of
// a reset, and that before the end.
func (b *kernel) read(r *request) result {
	e, w := r.e, b.w
	if e.in == nil {
		return result{err: errReadNone}
	}
	if w.happens(w.weather.Reset, "reset") {
		w.reset(e)
	}
	switch {
	case e.in.len() > 0:
		n := w.part(min(e.in.len(), r.size()))
		r.parts(n, func(buf []byte) { e.in.take(b.fill(buf, e.in.data[e.in.start:])) })
		if e.peer != nil {
			e.peer.wake(writing)
		}
		return result{n: n}
	case e.news:
		e.news = false
		return result{err: errReadReset}
	}
	return result{err: io.EOF}
}

// write does a write that is possible.
func (b *kernel) write(r *request) result {
	e, w := r.e, b.w
	if e.out == nil {
		return result{err: errWriteNone}
	}
	if w.happens(w.weather.NoBuffers, "no buffers") {
		return result{err: errNoBuffers}
	}
	if w.happens(w.weather.Reset, "reset") {
		w.reset(e)
	}
	switch {
	case e.news:
		e.news = false
		return result{err: errWriteReset}
	case e.broken || e.out.ended || e.out.gone && e.unix:
		return result{err: errBrokenPipe}
	case e.out.gone: // TCP notices by the answer to what it sends
		w.cut(e)
		return result{n: r.size()}
	}
	n := w.part(min(w.weather.Capacity-e.out.len(), r.size()))
	r.parts(n, func(buf []byte) { e.out.put(buf, !w.faults.OutOfOrder) })
	e.peer.wake(reading)
	return result{n: n}
}

// reset has the network reset a connection: both ends are told, and what was
// on the way is lost.
func (w *World) reset(e *endpoint) {
	if e.broken {
		return
	}
	peer := e.peer
	e.in.drop()
	e.out.drop()
	w.cut(e)
	if peer != nil && !peer.closed {
		w.cut(peer)
	}
}

// sever resets the connection in the direction of the peer, who can still read
// what has arrived.
func (w *World) sever(e *endpoint) {
	if e.peer != nil && !e.peer.closed && !e.peer.broken {
		w.cut(e.peer)
	}
}

// cut makes e an end of a connection that was reset.
func (w *World) cut(e *endpoint) {
	e.broken, e.news = true, true
	w.saw(Broke, e, 0)
	e.wake(reading)
	e.wake(writing)
}

// hangUp closes an end of a stream. As on Linux the peer reads the end of the
// stream, or a reset if something was never read or the program wants it.
func (w *World) hangUp(e *endpoint) {
	if (e.aborts || e.in.len() > 0) && !e.unix {
		w.sever(e)
	}
	e.in.drop()
	e.in.gone, e.out.ended = true, true
	if e.peer == nil {
		return
	}
	e.peer.wake(reading)
	e.peer.wake(writing)
}

// finish ends the stream in the direction of the peer.
func (w *World) finish(e *endpoint) error {
	if e.out == nil || e.broken {
		return errNotFinished
	}
	e.out.ended = true
	w.saw(Finished, e, 0)
	e.wake(writing)
	e.peer.wake(reading)
	return nil
}

// fills reports whether the kernel fills the buffer of an operation of
// kind k.
func fills(k ops.Kind) bool {
	switch k {
	case ops.KindRead, ops.KindReadVectored, ops.KindReadFrom, ops.KindReadAt:
		return true
	}
	return false
}
