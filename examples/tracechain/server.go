package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/trace"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A session is a chain that reads and writes until its client has left.
type session struct {
	conn platform.Conn
	slot *combinators.SingleSlot[ops.Operation]
	buf  [64]byte
	err  error

	onRead, onWritten ops.Handler
}

// newSession returns a session that an execution trace shows.
func newSession(name string) *session {
	s := new(session)
	s.slot = combinators.NewSingleSlot(combinators.NewTrace(allocator.Heap[ops.Operation]{}, name+", heap"))
	memory := combinators.NewTrace(s.slot, name)
	traced := func(f ops.HandlerFunc, what string) ops.Handler {
		return ops.WithTrace(ops.WithAllocator(f, memory), name+": "+what)
	}
	s.onRead = traced(s.write, "read")
	s.onWritten = traced(s.read, "written")
	return s
}

func (s *session) read(_ int, err error) {
	if err != nil {
		s.end(err)
		return
	}
	s.conn.Read(s.buf[:], s.onRead)
}

func (s *session) write(n int, err error) {
	if err != nil {
		s.end(err)
		return
	}
	ops.WriteFull(&s.conn, s.buf[:n], s.onWritten)
}

// end closes the session and gives the block back to the heap.
func (s *session) end(err error) {
	if err != io.EOF {
		s.err = err
	}
	s.conn.Close()
	s.slot.Trim()
}

// record writes an execution trace of an echo server and its clients.
func record(w io.Writer, clients, messages int) error {
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		return err
	}
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	sessions := make([]*session, clients)
	for i := range sessions {
		sessions[i] = newSession(fmt.Sprintf("session %d", i+1))
		l.Accept(&sessions[i].conn, ops.HandlerFunc(sessions[i].read))
	}
	if err := trace.Start(w); err != nil {
		return err
	}
	address := l.Addr().String()
	talked := make(chan error, clients)
	for range clients {
		go func() {
			err := talk(address, messages)
			if err != nil {
				p.Stop() // as there may be a session that waits for it
			}
			talked <- err
		}()
	}
	err = p.Run(context.Background()) // until each session has ended
	trace.Stop()
	err = errors.Join(err, p.Close())
	for _, s := range sessions {
		err = errors.Join(err, <-talked, s.err)
	}
	return err
}

// talk has messages echoed.
func talk(address string, messages int) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	sent := []byte("handed down the chain")
	received := make([]byte, len(sent))
	for range messages {
		if _, err := c.Write(sent); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, received); err != nil {
			return err
		}
	}
	return nil
}
