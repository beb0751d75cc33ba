package server

import (
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
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
	}, func(co *platform.Co) error {
		c, err := w.connect(co)
		if err != nil {
			return err
		}
		defer c.Close()
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
	})
}
