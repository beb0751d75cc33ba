package main

import (
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A server accepts connections; a session sends back what comes on one, in one block of
// memory.
type server struct {
	proactor *platform.Proactor
	listener *platform.Listener
	timer    *platform.Timer
	next     *session
}

type session struct {
	conn platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	buf  [4096]byte
}

func serve(p *platform.Proactor, address string) (*platform.Listener, error) {
	l, err := p.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &server{proactor: p, listener: l, timer: p.NewTimer()}
	s.accept()
	return l, nil
}

func (s *server) accept() {
	s.next = new(session)
	s.listener.Accept(&s.next.conn, s)
}

// Complete is called with a connection, or with why there is none.
func (s *server) Complete(_ int, err error) {
	if err != nil { // no descriptors, for one: later there may be
		s.timer.Wait(100*time.Millisecond, ops.HandlerFunc(func(int, error) { s.accept() }))
		return
	}
	s.next.read()
	s.accept()
}

func (s *session) read() { s.conn.Read(s.buf[:], (*onRead)(s)) }

type onRead session

func (s *onRead) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onRead) Complete(n int, err error) {
	if err != nil {
		s.conn.Close()
		return
	}
	ops.WriteFull(&s.conn, s.buf[:n], (*onWritten)(s))
}

type onWritten session

func (s *onWritten) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onWritten) Complete(_ int, err error) {
	if err != nil {
		s.conn.Close()
		return
	}
	(*session)(s).read()
}
