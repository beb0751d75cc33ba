package platform_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A greeter is a session that says one word.
type greeter struct {
	conn platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	done func(*greeter)
}

func (g *greeter) Allocator() allocator.Allocator[ops.Operation] { return &g.slot }

// Complete is called when the word is written.
func (g *greeter) Complete(int, error) { g.done(g) }

// A server with at most a hundred sessions, all from one pool. It drains when it is asked to,
// most often by a goroutine that waits for a signal.
func ExampleAcceptor() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	address := l.Addr().String()

	var server platform.Acceptor[greeter]
	server.Conn = func(g *greeter) *platform.Conn { return &g.conn }
	server.Serve = func(g *greeter) {
		g.done = server.Done
		ops.WriteFull(&g.conn, []byte("hello"), g)
	}
	server.Max = 100
	pool := combinators.NewPool(allocator.Heap[greeter]{})
	over := ops.HandlerFunc(func(_ int, err error) { fmt.Println("the last session is done:", err) })
	server.Start(l, ops.WithAllocator(over, pool))

	go func() {
		c, err := net.Dial("tcp", address)
		fatal(err)
		word := make([]byte, 5)
		c.Read(word)
		fmt.Printf("%s\n", word)
		c.Close()

		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(limit)
	}()
	fatal(p.Run(context.Background())) // until nothing is outstanding
	// Output:
	// hello
	// the last session is done: <nil>
}

// A group has an acceptor for each of its listeners. All of them stop accepting before the
// program waits for any of them.
func ExampleAcceptor_group() {
	g, err := platform.NewGroup(1) // more only where the system deals connections out
	fatal(err)
	defer g.Close()
	all, err := g.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	servers := make([]platform.Acceptor[greeter], len(all))
	for i, l := range all {
		a := &servers[i]
		a.Conn = func(g *greeter) *platform.Conn { return &g.conn }
		a.Serve = a.Done // a poor server
		a.Start(l, ops.HandlerFunc(func(_ int, err error) { fmt.Println("over:", err) }))
	}
	go func() {
		for i := range servers {
			servers[i].Drain()
		}
		for i := range servers {
			servers[i].Shutdown(context.Background())
		}
	}()
	fmt.Println(g.Run(context.Background()))
	// Output:
	// over: <nil>
	// <nil>
}
