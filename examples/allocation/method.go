package main

import (
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A methodSession is a session whose handlers are pointers to itself, of types
// that have a method Allocator. Nothing is allocated for a handler, and nothing
// has to be bound.
type methodSession struct {
	conn   platform.Conn
	memory memory
	buf    [1024]byte
	closed func()
}

func (s *methodSession) read() {
	s.memory.step = "read"
	s.conn.Read(s.buf[:], (*onRead)(s))
}

func (s *methodSession) close() {
	s.conn.Close()
	s.closed()
}

type onRead methodSession

func (s *onRead) Allocator() allocator.Allocator[ops.Operation] { return &s.memory }

func (s *onRead) Complete(n int, err error) {
	if err != nil {
		(*methodSession)(s).close()
		return
	}
	s.memory.step = "write"
	ops.WriteFull(&s.conn, s.buf[:n], (*onWritten)(s))
}

type onWritten methodSession

func (s *onWritten) Allocator() allocator.Allocator[ops.Operation] { return &s.memory }

func (s *onWritten) Complete(_ int, err error) {
	if err != nil {
		(*methodSession)(s).close()
		return
	}
	(*methodSession)(s).read()
}
