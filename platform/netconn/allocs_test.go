//go:build !race

package netconn_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// TestAllocatesNothing sends a message there and back, for which both ends wait, with a new
// deadline for each, as servers set it.
func TestAllocatesNothing(t *testing.T) {
	for _, name := range platform.Backends() {
		t.Run(name, func(t *testing.T) {
			w := open(t, name, []platform.Option{platform.WithBackend(name)})
			a, b := w.pair()
			served := w.ended(func() error { return echo(b) })
			message, answer := make([]byte, 64), make([]byte, 64)
			n := testing.AllocsPerRun(1000, func() {
				deadline := time.Now().Add(time.Hour)
				if err := errors.Join(a.SetDeadline(deadline), a.SetReadDeadline(time.Time{}), a.SetWriteDeadline(deadline)); err != nil {
					t.Fatal(err)
				}
				if _, err := a.Write(message); err != nil {
					t.Fatal(err)
				}
				if _, err := a.Read(answer); err != nil {
					t.Fatal(err)
				}
			})
			if n != 0 {
				t.Errorf("a message allocates %v times", n)
			}
			a.Close()
			w.want("echo", served)
		})
	}
}

// TestHTTPAllocatesNoMore has a server of net/http answer requests of one connection, which
// sets deadlines and interrupts reads for each, over package net and over netconn.
func TestHTTPAllocatesNoMore(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limit := requestAllocs(t, l)
	for _, name := range platform.Backends() {
		t.Run(name, func(t *testing.T) {
			w := open(t, name, []platform.Option{platform.WithBackend(name)})
			limit := limit
			if name == "portable" && runtime.GOOS == "windows" {
				limit += 2 // package net reads for it, and allocates an error of its own and what that wraps
			}
			if n := requestAllocs(t, w.listen("tcp")); n > limit {
				t.Errorf("a request allocates %v times, want %v at most", n, limit)
			}
		})
	}
}

// requestAllocs returns how often a server of net/http on l allocates for a request. The next
// one is sent when the read by which the server watches the connection has been interrupted:
// the server allocates more where that finds a byte instead.
func requestAllocs(t *testing.T, l net.Listener) float64 {
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "hello, world")
	})}
	conns := make(chan failingConn, 2)
	go s.Serve(failing{l, conns})
	defer s.Close()
	size := answerSize(t, l.Addr().String())
	<-conns
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	server, stuck := <-conns, time.After(time.Minute)
	question, answer := []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), make([]byte, size)
	return testing.AllocsPerRun(1000, func() {
		if _, err := c.Write(question); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			t.Fatal(err)
		}
		select {
		case <-server.failed:
		case <-stuck:
			t.Fatal("the server has not interrupted its read")
		}
	})
}

// failing is a listener whose connections tell of their reads that fail.
type failing struct {
	net.Listener
	conns chan failingConn
}

func (l failing) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	f := failingConn{c, make(chan struct{}, 2)}
	l.conns <- f
	return f, nil
}

type failingConn struct {
	net.Conn
	failed chan struct{}
}

func (c failingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		c.failed <- struct{}{}
	}
	return n, err
}
