package main

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A session is the server's end of a connection: it reads and writes back,
// until the connection is to end. Its memory comes from an allocator, and goes
// back to it in its last handler.
type session struct {
	side
	index   int // among the trial's, under its lock
	client  hello
	greeted bool
	echoed  int
	pending []byte // is to be written
	deaf    bool   // its own stream has ended
	leaving bool
}

func (s *session) init(t *trial) {
	s.side.init(t)
	s.reads.then, s.writes.then = s.onRead, s.onWrite
}

// accepted begins with a new connection.
func (s *session) accepted(slam bool) {
	s.open()
	s.opened.Store(true)
	if slam {
		s.trial.count(drops)
		s.leave()
		return
	}
	s.greet()
}

func (s *session) greet() {
	// A silent client is given up only when it leaves; until then the
	// server loses its patience again and again.
	s.reads.timeout = 50 * time.Millisecond
	s.reads.start(func() { ops.ReadFull(&s.conn, s.line[s.helloed:], &s.reads) })
}

func (s *session) onRead(n int, err error) {
	if s.leaving {
		s.settle()
		return
	}
	if !s.greeted {
		s.onHello(n, err)
		return
	}
	if err != nil && !s.again(err) {
		if !errors.Is(err, io.EOF) && s.client.end.clean() {
			s.trial.violated("read of an undisturbed server: %v", err)
		}
		s.leave()
		return
	}
	if n == 0 || s.deaf {
		s.read(s.buf)
		return
	}
	s.echoed += n
	switch end := s.client.end; {
	case s.echoed >= s.client.after && end == peerDropped:
		s.trial.count(drops)
		s.write(s.buf[:n])
		s.leave()
	case s.echoed >= s.client.after && end == peerReset:
		s.trial.count(resets)
		s.leave()
	default:
		s.pending = s.buf[:n]
		s.write(s.pending)
	}
}

func (s *session) onHello(n int, err error) {
	s.helloed += n
	switch {
	case s.helloed == helloSize:
		var ok bool
		if s.client, ok = getHello(&s.line); !ok {
			s.trial.violated("a client's first bytes are not what any client sends: % x", s.line)
			s.leave()
			return
		}
		s.greeted = true
		s.read(s.buf)
	case err == nil || s.again(err):
		s.greet()
	default: // it left before it had said a word
		s.leave()
	}
}

func (s *session) onWrite(n int, err error) {
	if s.leaving {
		s.settle()
		return
	}
	s.pending = s.pending[n:]
	switch {
	case err != nil && !s.again(err):
		if s.client.end.clean() {
			s.trial.violated("write of an undisturbed server: %v", err)
		}
		s.leave()
	case len(s.pending) > 0:
		s.write(s.pending)
	case s.client.end == peerHalfClosed && s.echoed >= s.client.after:
		s.trial.count(halfCloses)
		if err := s.conn.CloseWrite(); err != nil {
			s.trial.violated("closing for writing: %v", err)
		}
		s.deaf = true
		s.read(s.buf)
	default:
		s.read(s.buf)
	}
}

func (s *session) leave() {
	s.leaving = true
	s.conn.Close()
	s.settle()
}

// settle gives the session back when all its handlers were called.
func (s *session) settle() {
	if !s.busy() {
		s.release()
		s.trial.free(s)
	}
}

// An acceptor accepts connections from a listener, one after another.
type acceptor struct {
	side     // for its chain and its strand
	listener *platform.Listener
	slams    bool
	timer    platform.Timer
	next     *session
}

func (a *acceptor) init(t *trial, l *platform.Listener, slams bool) {
	a.side.init(t)
	a.listener, a.slams = l, slams
	a.timer.Init(t.proactor)
	a.reads.then = a.onAccept
	a.writes.then = func(int, error) { a.accept() }
}

// accept accepts the next connection, as soon as there is a session for it.
func (a *acceptor) accept() {
	if a.next == nil {
		s := a.trial.session(a)
		if s == nil { // and from now on a may be started by another goroutine
			return
		}
		a.next = s
	}
	a.reads.start(func() { a.listener.Accept(&a.next.conn, &a.reads) })
}

func (a *acceptor) onAccept(_ int, err error) {
	switch {
	case err == nil:
		s := a.next
		a.next = nil
		s.accepted(a.slams)
	case a.again(err):
	case errors.Is(err, net.ErrClosed):
		if !a.trial.draining.Load() {
			a.trial.violated("a listener was closed by nobody")
		}
		return
	default: // a connection that was reset before it was accepted, or a shortage
		a.writes.start(func() { a.timer.Wait(10*time.Millisecond, &a.writes) })
		return
	}
	a.accept()
}
