package epoll_test

import (
	"context"
	"net"
	"runtime"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/epoll"
)

// TestStaleEdge reads what an event tells of, as another runner may, before the
// event is served.
func TestStaleEdge(t *testing.T) {
	var b *epoll.Backend
	p, err := platform.New(platform.WithBackend("epoll"), platform.WithLayer(func(below backend.Backend) backend.Backend {
		b = below.(*epoll.Backend)
		return below
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	var c platform.Conn
	l.Accept(&c, ops.HandlerFunc(func(int, error) { l.Close() }))
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}

	// A read that fills its buffer may have left something.
	peer.Write([]byte("12"))
	c.Read(make([]byte, 1), ops.HandlerFunc(func(int, error) {}))
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	peer.Write([]byte("3"))
	for !b.Collect() { // as the leader does in Poll
		runtime.Gosched()
	}
	if n, err := c.TryRead(make([]byte, 8)); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	var told error
	c.WaitReadable(ops.HandlerFunc(func(_ int, err error) { told = err }))
	b.Serve()
	c.Cancel() // unless it has ended
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if told != ops.ErrCanceled {
		t.Error("a wait for something to read has ended, and there is nothing")
	}
}
