package platform

import (
	"context"
	"net"
	"runtime"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// TestStaleEdge reads what an event tells of, as another runner may, before the
// event is served.
func TestStaleEdge(t *testing.T) {
	p, err := New(WithBackend("epoll"))
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
	var c Conn
	l.Accept(&c, ops.HandlerFunc(func(int, error) { l.Close() }))
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}

	b := p.lowest.(*epoll)
	peer.Write([]byte("x"))
	for !b.collect() { // as the leader does in Poll
		runtime.Gosched()
	}
	if n, err := c.TryRead(make([]byte, 8)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	c.WaitReadable(ops.HandlerFunc(func(int, error) {}))
	for i, s := range b.ready[:b.n] {
		if s != nil {
			b.event(s, &b.events[i])
		}
	}
	b.n = 0
	if !p.polled.empty() {
		t.Error("a wait for something to read has ended, and there is nothing")
	}
}
