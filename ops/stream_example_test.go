package ops_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// Messages that begin with their length: one handler reads the length, another
// the rest. Both are the same session under other names, so starting a read
// allocates nothing.
func ExampleReadFull() {
	p, client, server := connected()
	defer p.Close()

	m := &messages{conn: server}
	ops.ReadFull(m.conn, m.length[:], (*onLength)(m))

	ops.WriteFull(client, []byte("\x00\x05hello\x00\x03you"), ops.HandlerFunc(func(int, error) {
		client.Close()
	}))
	p.Run(context.Background())
	// Output:
	// "hello"
	// "you"
	// EOF
}

type messages struct {
	conn   *platform.Conn
	slot   combinators.SingleSlot[ops.Operation]
	length [2]byte
	body   [1 << 10]byte
}

type onLength messages

func (m *onLength) Allocator() allocator.Allocator[ops.Operation] { return &m.slot }

func (m *onLength) Complete(_ int, err error) {
	n := int(binary.BigEndian.Uint16(m.length[:]))
	switch {
	case err != nil: // io.EOF only where a message would begin
		fmt.Println(err)
		m.conn.Close()
	case n > len(m.body):
		m.conn.Close()
	default:
		ops.ReadFull(m.conn, m.body[:n], (*onBody)(m))
	}
}

type onBody messages

func (m *onBody) Allocator() allocator.Allocator[ops.Operation] { return &m.slot }

func (m *onBody) Complete(n int, err error) {
	if err != nil { // io.ErrUnexpectedEOF in the middle of a message
		m.conn.Close()
		return
	}
	fmt.Printf("%q\n", m.body[:n])
	ops.ReadFull(m.conn, m.length[:], (*onLength)(m))
}

// However many writes of the stream are needed, all of them use one block.
func ExampleWriteFull() {
	p, client, server := connected()
	defer p.Close()

	heap := combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{})
	written := ops.WithAllocator(ops.HandlerFunc(func(n int, err error) {
		fmt.Println("written:", n, err)
		server.CloseWrite()
	}), heap)
	ops.WriteFull(server, make([]byte, 1<<20), written)

	var c ops.Copier
	c.Copy(discard{p}, client, nil, ops.HandlerFunc(func(n int, err error) {
		fmt.Println("received:", n, err)
	}))
	p.Run(context.Background())
	fmt.Println("blocks:", heap.Counts().Total)
	// Unordered output:
	// written: 1048576 <nil>
	// received: 1048576 <nil>
	// blocks: 1
}

// discard is a Writer that takes everything.
type discard struct{ ops.Executor }

func (d discard) StartWrite(op *ops.Operation) {
	if op.Err == nil {
		op.N = len(op.Buf)
	}
	d.Execute(op)
}

// A read that returns the bytes that are available, from any Reader.
func ExampleRead() {
	p, client, server := connected()
	defer p.Close()

	buf := make([]byte, 100)
	var r ops.Reader = client
	ops.Read(r, buf, ops.HandlerFunc(func(n int, err error) {
		fmt.Printf("%q %v\n", buf[:n], err)
		ops.Read(r, buf, ops.HandlerFunc(func(n int, err error) {
			fmt.Println(n, err == io.EOF)
		}))
	}))
	ops.WriteFull(server, []byte("hello"), ops.HandlerFunc(func(int, error) { server.Close() }))
	p.Run(context.Background())
	// Output:
	// "hello" <nil>
	// 0 true
}

// A write of what the stream takes at once: three of five bytes, because the peer is slow.
func ExampleWrite() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	w := &trickle{Executor: p}
	ops.Write(w, []byte("hello"), ops.HandlerFunc(func(n int, err error) { fmt.Println(n, err) }))
	p.Run(context.Background())
	// Output: 3 <nil>
}
