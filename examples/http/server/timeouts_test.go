package server

import (
	"crypto/tls"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// between fails unless a time is at least what a timeout says, and at most two seconds more.
func between(t *testing.T, what string, got, timeout time.Duration) {
	t.Helper()
	if got < timeout || got > timeout+2*time.Second {
		t.Errorf("%s: after %v, want %v", what, got, timeout)
	}
}

func TestIdleTimeout(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.server.Timeouts.Idle = 90 * time.Second
	w.run(func(co *platform.Co) error {
		w.p.Spawn(ops.HandlerFunc(func(int, error) {}), func(co *platform.Co) error {
			co.Sleep(80 * time.Second) // of 90, when all are idle
			if c := w.buffers.Counts(); c.Live != 0 {
				t.Errorf("clients that are idle have buffers: %+v", c)
			}
			return nil
		})
		answer, took, err := w.exchange(co, 0)
		if answer != "" {
			t.Errorf("an idle client is told %q", answer)
		}
		between(t, "no request", took, 90*time.Second)
		return err
	}, func(co *platform.Co) error {
		// The time counts anew from each request.
		answer, took, err := w.exchange(co, time.Minute, getRoot, getRoot, getRoot)
		if got := summary(answer, ""); got != "200 hello|200 hello|200 hello" {
			t.Error(got)
		}
		between(t, "after three requests", took, 120*time.Second+90*time.Second)
		return err
	})
}

// A client that sends a byte now and then does not buy itself time.
func TestSlowRequest(t *testing.T) {
	for _, test := range []struct {
		name, begin, drip string
		timeout           time.Duration
	}{
		{"head", "GET / HTTP/1.1\r\nHost: a\r\n", "X: y\r\n", 10 * time.Second},
		{"head byte by byte", "G", "", 10 * time.Second},
		{"body", postEcho + "Content-Length: 1000\r\n\r\n", "x", 30 * time.Second},
		{"chunks", postEcho + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 30 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			pieces := []string{test.begin}
			for range 300 {
				pieces = append(pieces, test.drip)
			}
			w := newWorld(t, sim.Calm, sim.Weather{})
			w.run(w.client(func(co *platform.Co, c *platform.Conn) error {
				begin := w.sim.Now()
				ended := false
				w.p.Spawn(ops.HandlerFunc(func(int, error) {}), func(co *platform.Co) error {
					for _, p := range pieces {
						if ended {
							break
						}
						if _, err := co.Write(c, []byte(p)); err != nil {
							break
						}
						co.Sleep(400 * time.Millisecond)
					}
					return nil
				})
				buf := make([]byte, 1000)
				n, err := co.Read(c, buf)
				ended = true
				if got := summary(string(buf[:n]), ""); got != "408 the request takes too long" {
					t.Errorf("%q, %v", got, err)
				}
				between(t, "the answer", w.sim.Now()-begin, test.timeout)
				return nil
			}))
		})
	}
}

// A client that does not take its answers is given up, and meanwhile costs no more than
// what one read has asked for.
func TestSlowReader(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.run(w.client(func(co *platform.Co, c *platform.Conn) error {
		if _, err := co.Write(c, []byte(strings.Repeat("GET /large"+hostLine+"\r\n", 50))); err != nil {
			return err
		}
		begin := w.sim.Now()
		co.Sleep(time.Second)
		for w.server.loops[0].sessions.first != nil {
			if live := w.buffers.Counts().LiveBytes; live > 1<<20 {
				t.Errorf("%d bytes wait for a client that reads nothing", live)
			}
			co.Sleep(time.Second)
		}
		between(t, "given up", w.sim.Now()-begin, 30*time.Second)
		return nil
	}))
}

// A client that closes at any time costs the server nothing.
func TestClientLeaves(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.run(func(co *platform.Co) error {
		for _, e := range exchanges {
			for i := 0; i <= len(e.send); i += 1 + len(e.send)/6 {
				for _, leave := range []func(*platform.Conn) error{(*platform.Conn).Close, (*platform.Conn).Abort, (*platform.Conn).CloseWrite} {
					c, err := w.connect(co)
					if err != nil {
						return err
					}
					co.Write(c, []byte(e.send[:i]))
					leave(c)
					co.Read(c, make([]byte, 10))
					c.Close()
				}
			}
		}
		return nil
	})
}

// Without memory for buffers sessions end, and others go on.
func TestNoBuffers(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.buffers = exhausted()
	w.run(func(co *platform.Co) error {
		for _, send := range []string{"GET / HT", postEcho + "Content-Length: 5\r\n\r\n"} {
			c, err := w.connect(co)
			if err != nil {
				return err
			}
			co.Write(c, []byte(send))
			if n, err := co.Read(c, make([]byte, 100)); err != io.EOF {
				t.Errorf("after %q: %d bytes, %v", send, n, err)
			}
			c.Close()
		}
		answer, _, err := w.exchange(co, 0, lastGet)
		if got := summary(answer, ""); got != "200 hello" {
			t.Errorf("a request that needs no buffer: %q", got)
		}
		return err
	})
}

// A client that does not begin a handshake is closed when a head would be overdue.
func TestSilentHandshake(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.server.TLS = &tls.Config{}
	w.run(func(co *platform.Co) error {
		answer, took, err := w.exchange(co, 0)
		if answer != "" {
			t.Errorf("it gets %q", answer)
		}
		between(t, "the end", took, 10*time.Second)
		return err
	})
}
