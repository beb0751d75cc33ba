package server

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

func exhausted() *combinators.Stats[byte] {
	return combinators.NewStats[byte](allocator.Null[byte]{})
}

// A shutdown closes a client that is idle at once. One that is sending a request has its
// answer, which says that it is the last one; so has one that is slow to take it.
func TestShutdown(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	const stop = 3 * time.Second
	at := func(co *platform.Co, want time.Duration, what string) {
		if now := w.sim.Now(); now < want || now > want+time.Second {
			t.Errorf("%s: closed at %v, want %v", what, now, want)
		}
	}
	w.run(func(co *platform.Co) error {
		co.Sleep(stop)
		w.shutdown()
		co.Sleep(2 * time.Second)
		if err := co.Connect(new(platform.Conn), "tcp", w.address); err == nil {
			t.Error("it still accepts")
		}
		return nil
	}, func(co *platform.Co) error {
		answer, _, err := w.exchange(co, 0, getRoot)
		at(co, stop, "idle")
		if got := summary(answer, ""); got != "200 hello" {
			t.Errorf("idle: %q", got)
		}
		return err
	}, func(co *platform.Co) error {
		answer, _, err := w.exchange(co, 5*time.Second, "GET / HTTP", "/1.1\r\nHost: a\r\n\r\n")
		at(co, 5*time.Second, "a head")
		if got := summary(answer, ""); got != "200 hello" || !strings.Contains(answer, "Connection: close\r\n") {
			t.Errorf("a head: %q", answer)
		}
		return err
	}, func(co *platform.Co) error {
		answer, _, err := w.exchange(co, 6*time.Second, postEcho+"Content-Length: 4\r\n\r\nab", "cd")
		at(co, 6*time.Second, "a body")
		if got := summary(answer, ""); got != "200 abcd" {
			t.Errorf("a body: %q", answer)
		}
		return err
	}, w.client(func(co *platform.Co, c *platform.Conn) error {
		co.Write(c, []byte("GET /large"+hostLine+"\r\n"))
		co.Sleep(7 * time.Second)
		answer, err := readToEnd(co, c)
		if err != nil {
			return err
		}
		at(co, 7*time.Second, "a slow client")
		if got := summary(answer, ""); len(got) != 4+256<<10 {
			t.Errorf("a slow client: %d bytes", len(got))
		}
		return nil
	}))
}

func TestServeAfterShutdown(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.server.drain()
	l, err := w.p.Listen("tcp", "10.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	w.server.Serve(l, ops.HandlerFunc(func(_ int, err error) {
		if calls++; err != net.ErrClosed {
			t.Errorf("the handler has %v", err)
		}
	}))
	if calls != 0 {
		t.Error("the handler is called before Serve has returned")
	}
	if err := w.p.Run(t.Context()); err != nil || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	if err := l.Close(); err != net.ErrClosed {
		t.Errorf("the listener is open: %v", err)
	}
	w.p.Close()
}
