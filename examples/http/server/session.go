package server

import (
	"errors"
	"os"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/examples/http/http1"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
)

// A session is one client. One operation of it is outstanding at a time, and each has its
// block, which the loop recycles, from the one before.
type session struct {
	conn platform.Conn
	loop *loop
	tls  *secure.Conn // nil without TLS

	in  []byte // what has arrived of a request, while some is missing
	out []byte // answers that the client has not taken, while it is slow

	// Of a request whose body is arriving: the length of its head, that of its body as far
	// as it is known, and how it is framed.
	headLen, bodyLen int
	stage            stage
	chunks           http1.Chunks

	due     due    // what the deadline is for
	tick    uint32 // when it was set
	closing bool   // after the answers that there are
	sending bool   // when it closes the client may still be sending

	next, prev *session
}

// A stage is how much of a request there is.
type stage uint8

const (
	inHead stage = iota
	inBody
	inChunks
)

// due is what a client has to do before the deadline of reads.
type due uint8

const (
	nothing due = iota
	nextRequest
	endOfHead
	endOfBody
	endOfStream
)

// wait waits for something to read, for as long as what is due may take.
func (s *session) wait() {
	s.setDeadline()
	s.listen()
}

// listen waits for something to read, until the deadline that there is.
func (s *session) listen() {
	if s.tls != nil {
		s.tls.WaitReadable((*onReadable)(s))
		return
	}
	s.conn.WaitReadable((*onReadable)(s))
}

// setDeadline says how long the client may take for what is due. That for the next request
// moves with each request, but not more than once a second; those for a head and a body
// stay where they are, however often a bit of them arrives.
func (s *session) setDeadline() {
	l := s.loop
	due, timeout := nextRequest, l.timeouts.Idle
	switch {
	case s.stage != inHead:
		due, timeout = endOfBody, l.timeouts.Body
	case s.in != nil:
		due, timeout = endOfHead, l.timeouts.Head
	}
	if s.due == due && (due != nextRequest || s.tick == l.clock.tick) {
		return
	}
	s.due, s.tick = due, l.clock.tick
	s.conn.SetReadDeadline(l.after(timeout))
}

type onReadable session

func (h *onReadable) Allocator() allocator.Allocator[ops.Operation] { return h.loop.operations }

func (h *onReadable) Complete(_ int, err error) {
	s := (*session)(h)
	b := s.loop.in[:]
	if err == nil {
		if s.in != nil {
			b, err = s.room()
		}
		if err == nil {
			var n int
			n, err = s.tryRead(b)
			b = b[:n]
		}
	}
	switch {
	case err == nil:
		if s.in != nil {
			s.in = s.in[:len(s.in)+len(b)]
			if s.stage == inHead && !worthParsing(s.in, b, &s.loop.head) {
				s.wait()
				return
			}
			b = s.in
		}
		s.serve(b)
	case err == ops.ErrWouldBlock:
		s.listen() // a part of a TLS record is nothing that a client has done
	case errors.Is(err, os.ErrDeadlineExceeded) && s.due != nextRequest:
		s.refuse(408, "the request takes too long")
		s.write()
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.closing = true
		s.bye()
	default: // the end of the stream, a reset, a shutdown
		s.end()
	}
}

func (s *session) tryRead(b []byte) (int, error) {
	if s.tls != nil {
		return s.tls.TryRead(b)
	}
	return s.conn.TryRead(b)
}

// room returns where to read to behind what has arrived.
func (s *session) room() ([]byte, error) {
	if cap(s.in)-len(s.in) < readSize/4 {
		var err error
		s.in, err = allocator.Grow(s.loop.buffers, s.in, max(len(s.in), readSize/2))
		if err != nil {
			return nil, err
		}
	}
	return s.in[len(s.in):cap(s.in)], nil
}

// serve answers the requests in b, in order, and keeps what is left.
func (s *session) serve(b []byte) {
	l := s.loop
	for len(b) > 0 && !s.closing {
		var served bool
		b, served = s.serveOne(b)
		if s.closing {
			s.sending = s.sending || len(b) > 0
			b = nil
		}
		if !served {
			break
		}
		if s.due == endOfHead || s.due == endOfBody {
			s.due = nothing // the next request has its own time
		}
		if len(l.out) >= flushSize {
			if !s.keep(b) {
				return
			}
			if b = s.in; !s.flush() {
				return // onWritten goes on
			}
		}
	}
	if s.keep(b) {
		s.write()
	}
}

// write writes the answers, and goes on from there.
func (s *session) write() {
	if s.flush() {
		s.goOn()
	}
}

// goOn waits for the next request, or ends.
func (s *session) goOn() {
	switch {
	case s.closing:
		s.bye()
	case s.loop.server.draining.Load() && s.in == nil:
		s.sending = true
		s.bye()
	default:
		s.wait()
	}
}

// keep has b, what has arrived of a request, or nothing, be all that the session has. If
// there is no memory it ends the session and returns false.
func (s *session) keep(b []byte) bool {
	l := s.loop
	switch {
	case len(b) == 0:
		if s.in != nil {
			l.buffers.Deallocate(s.in)
			s.in = nil
		}
	case s.in == nil:
		var err error
		if s.in, err = allocator.Append(l.buffers, nil, b...); err != nil {
			l.out = l.out[:0]
			s.end()
			return false
		}
	case &b[0] == &s.in[0]:
		s.in = s.in[:len(b)]
	case cap(s.in) > keptAnswer: // which a large body has needed, and what is left does not
		large := s.in
		var err error
		s.in, err = allocator.Append(l.buffers, nil, b...)
		l.buffers.Deallocate(large)
		if err != nil {
			s.in, l.out = nil, l.out[:0]
			s.end()
			return false
		}
	default:
		s.in = s.in[:copy(s.in, b)]
	}
	return true
}

// flush writes the answers and reports whether that is done. Otherwise onWritten is called
// later, or the session has ended.
func (s *session) flush() bool {
	l := s.loop
	if len(l.out) == 0 {
		return true
	}
	n, err := 0, ops.ErrWouldBlock
	if s.tls == nil {
		n, err = s.conn.TryWrite(l.out)
	}
	if n == len(l.out) {
		l.reset()
		return true
	}
	if err == nil || err == ops.ErrWouldBlock {
		s.out, err = allocator.Append(l.buffers, nil, l.out[n:]...)
	}
	l.reset()
	if err != nil {
		s.end()
		return false
	}
	s.conn.SetWriteDeadline(l.after(l.timeouts.Write))
	if s.tls != nil {
		ops.WriteFull(s.tls, s.out, (*onWritten)(s))
	} else {
		ops.WriteFull(&s.conn, s.out, (*onWritten)(s))
	}
	return false
}

type onWritten session

func (h *onWritten) Allocator() allocator.Allocator[ops.Operation] { return h.loop.operations }

func (h *onWritten) Complete(_ int, err error) {
	s := (*session)(h)
	s.loop.buffers.Deallocate(s.out)
	s.out = nil
	if err != nil {
		s.end()
		return
	}
	s.conn.SetWriteDeadline(time.Time{})
	if s.closing || s.in == nil {
		s.goOn()
		return
	}
	s.serve(s.in)
}

// bye ends the stream in the direction of the client, and then the session. A client that
// has not asked for that may be sending the next request. It is listened to for a little
// longer: closing at once would have the system reset the connection, and the client might
// lose the answer (RFC 9112, 9.6).
func (s *session) bye() {
	if s.tls != nil {
		s.conn.SetWriteDeadline(s.loop.after(s.loop.timeouts.Write))
		s.tls.Shutdown((*onShutdown)(s))
		return
	}
	s.linger()
}

type onShutdown session

func (h *onShutdown) Allocator() allocator.Allocator[ops.Operation] { return h.loop.operations }

func (h *onShutdown) Complete(_ int, err error) {
	if s := (*session)(h); err != nil {
		s.end()
	} else {
		s.linger()
	}
}

func (s *session) linger() {
	if !s.sending || s.conn.CloseWrite() != nil {
		s.end()
		return
	}
	s.bodyLen = lingerBytes
	s.due = endOfStream
	s.conn.SetReadDeadline(s.loop.after(lingerTime))
	s.conn.WaitReadable((*onStraggler)(s))
}

const (
	lingerBytes = 256 << 10
	lingerTime  = time.Second
)

// onStraggler drops what still comes.
type onStraggler session

func (h *onStraggler) Allocator() allocator.Allocator[ops.Operation] { return h.loop.operations }

func (h *onStraggler) Complete(_ int, err error) {
	s := (*session)(h)
	if err == nil {
		var n int
		n, err = s.conn.TryRead(s.loop.in[:])
		s.bodyLen -= n
	}
	if err != nil && err != ops.ErrWouldBlock || s.bodyLen < 0 {
		s.end()
		return
	}
	s.conn.WaitReadable(h)
}

// end gives everything back.
func (s *session) end() {
	l := s.loop
	if s.in != nil {
		l.buffers.Deallocate(s.in)
	}
	l.sessions.remove(s)
	l.counters.ended++
	l.acceptor.Done(s)
}

// reset forgets the answers, and memory that one of them was too large for.
func (l *loop) reset() {
	if l.out = l.out[:0]; cap(l.out) > keptAnswer {
		l.out = make([]byte, 0, 2*flushSize)
	}
}
