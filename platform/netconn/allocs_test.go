//go:build !race

package netconn_test

import (
	"errors"
	"io"
	"net"
	"net/http"
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
			if n := requestAllocs(t, w.listen("tcp")); n > limit {
				t.Errorf("a request allocates %v times, and %v times over package net", n, limit)
			}
		})
	}
}

// requestAllocs returns how often a server of net/http on l allocates for a request.
func requestAllocs(t *testing.T, l net.Listener) float64 {
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "hello, world")
	})}
	go s.Serve(l)
	defer s.Close()
	size := answerSize(t, l.Addr().String())
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	question, answer := []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), make([]byte, size)
	return testing.AllocsPerRun(1000, func() {
		if _, err := c.Write(question); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			t.Fatal(err)
		}
	})
}
