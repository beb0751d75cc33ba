package server

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A handler that uses its Response wrongly is told.
func TestMisuse(t *testing.T) {
	for _, test := range []struct {
		name, want string
		use        func(w *Response)
	}{
		{"Status after Header", "server: Status comes first", func(w *Response) { w.Header("a", "b"); w.Status(404) }},
		{"Status twice", "server: Status comes first", func(w *Response) { w.Status(200); w.Status(200) }},
		{"an interim status", "server: no final status: 100", func(w *Response) { w.Status(100) }},
		{"Header after Chunk", "server: Header comes before Chunk", func(w *Response) { w.Chunk([]byte("a")); w.Header("a", "b") }},
		{"Write after Chunk", "server: the body is in chunks", func(w *Response) { w.Chunk([]byte("a")); io.WriteString(w, "b") }},
		{"Close after Chunk", "server: the body is in chunks", func(w *Response) { w.Chunk([]byte("a")); w.Close() }},
		{"chunks of no body", "server: an answer 304 has no body", func(w *Response) { w.Status(304); w.Chunk([]byte("a")) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, sim.Calm, sim.Weather{})
			var got any
			w.server.Handler = func(w *Response, r *Request) {
				defer func() { got = recover(); panic(got) }()
				test.use(w)
			}
			w.run(func(co *platform.Co) error {
				answer, _, err := w.exchange(co, 0, getRoot)
				if s := summary(answer, ""); s != "500" {
					t.Errorf("the client gets %q", answer)
				}
				return err
			})
			if fmt.Sprint(got) != test.want {
				t.Errorf("%v, want %s", got, test.want)
			}
		})
	}
}

// Answers with a status that has no body, or no words of its own.
func TestStatus(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	status := 0
	w.server.Handler = func(w *Response, r *Request) {
		w.Status(status)
		w.WriteString("body")
	}
	w.run(func(co *platform.Co) error {
		for code, want := range map[int]string{
			200: "HTTP/1.1 200 OK\r\nDate\r\nContent-Length: 4\r\n\r\nbody",
			204: "HTTP/1.1 204 No Content\r\nDate\r\n\r\n",
			304: "HTTP/1.1 304 Not Modified\r\nDate\r\n\r\n",
			418: "HTTP/1.1 418 \r\nDate\r\nContent-Length: 4\r\n\r\nbody",
			503: "HTTP/1.1 503 Service Unavailable\r\nDate\r\nContent-Length: 4\r\n\r\nbody",
		} {
			status = code
			answer, _, err := w.exchange(co, 0, getRoot)
			if got := undated(answer); got != want {
				t.Errorf("%d: %q, want %q", code, got, want)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Date is that of the second in which the answer is made.
func TestDate(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.run(func(co *platform.Co) error {
		for _, d := range []time.Duration{0, 1500 * time.Millisecond, time.Hour, 300 * time.Millisecond} {
			co.Sleep(d)
			now := w.p.Now().UTC()
			answer, _, err := w.exchange(co, 0, lastGet)
			want := "HTTP/1.1 200 OK\r\nDate: " + now.Format("Mon, 02 Jan 2006 15:04:05 GMT") + "\r\n"
			if len(answer) < len(want) || answer[:len(want)] != want {
				t.Errorf("after %v: %q, want %q", d, answer, want)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// One client more than the limit waits until another has left.
func TestConnections(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.server.Limits.Connections = 2
	stay := func(co *platform.Co) error {
		_, took, err := w.exchange(co, 0, getRoot) // until the idle timeout
		between(t, "one of the first two", took, time.Minute)
		return err
	}
	w.run(stay, stay, func(co *platform.Co) error {
		co.Sleep(time.Second)
		answer, took, err := w.exchange(co, 0, lastGet)
		if got := summary(answer, ""); got != "200 hello" {
			t.Errorf("%q", got)
		}
		between(t, "the third", took, time.Minute-time.Second)
		return err
	})
}
