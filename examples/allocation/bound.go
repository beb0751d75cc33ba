package main

import (
	"io"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A boundSession is a session whose handlers are plain functions. An allocator
// is bound to them once, when the session is made, because binding allocates.
type boundSession struct {
	conn   platform.Conn
	memory memory
	buf    [1024]byte
	closed func()

	onRead, onWritten ops.Handler
}

func newBoundSession(out io.Writer) *boundSession {
	s := &boundSession{memory: memory{out: out}}
	s.onRead = ops.WithAllocator(ops.HandlerFunc(s.wasRead), &s.memory)
	s.onWritten = ops.WithAllocator(ops.HandlerFunc(s.wasWritten), &s.memory)
	return s
}

func (s *boundSession) read() {
	s.memory.step = "read"
	s.conn.Read(s.buf[:], s.onRead)
}

func (s *boundSession) wasRead(n int, err error) {
	if err != nil {
		s.close()
		return
	}
	s.memory.step = "write"
	ops.WriteFull(&s.conn, s.buf[:n], s.onWritten)
}

func (s *boundSession) wasWritten(_ int, err error) {
	if err != nil {
		s.close()
		return
	}
	s.read()
}

func (s *boundSession) close() {
	s.conn.Close()
	s.closed()
}
