package ops_test

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// Ten sessions that wait, with no buffer; one of them gets something to read, and
// takes a buffer for as long as it uses it.
func ExampleReadOnArrival() {
	p, client, server := connected()
	defer p.Close()

	buffers := combinators.NewStats[byte](combinators.NewRecycling[byte](allocator.Heap[byte]{}, 1<<16))
	idle := make([]*platform.Conn, 9)
	for i := range idle {
		_, idle[i] = joined(p)
	}
	for _, conn := range idle {
		(&reader{conn: conn, buffers: buffers}).read()
	}
	s := &reader{conn: server, buffers: buffers}
	s.read()
	fmt.Println("buffers while all wait:", buffers.Counts().Live)

	ops.WriteFull(client, []byte("hello"), ops.HandlerFunc(func(int, error) { client.Close() }))
	s.done = func() {
		for _, conn := range idle {
			conn.Close()
		}
	}
	p.Run(context.Background())
	fmt.Println("most buffers at a time:", buffers.Counts().Peak)
	// Output:
	// buffers while all wait: 0
	// "hello"
	// most buffers at a time: 1
}

type reader struct {
	conn    *platform.Conn
	slot    combinators.SingleSlot[ops.Operation]
	buffers allocator.Allocator[byte]
	bytes   []byte
	self    ops.Handler
	done    func()
}

func (s *reader) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *reader) read() {
	if s.self == nil { // bound once
		s.self = ops.WithAllocator(s, s.buffers)
	}
	ops.ReadOnArrival(s.conn, 4096, &s.bytes, s.self)
}

func (s *reader) Complete(n int, err error) {
	if err != nil {
		s.conn.Close()
		if s.done != nil {
			s.done()
		}
		return
	}
	fmt.Printf("%q\n", s.bytes)
	s.buffers.Deallocate(s.bytes) // before it waits again
	s.read()
}
