package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A world is a server and its clients on a simulated network, where a minute takes no time
// and nothing happens but by choice.
type world struct {
	t       testing.TB
	sim     *sim.World
	p       *platform.Proactor
	server  *Server
	buffers *combinators.Stats[byte]
	address string
	clients int // that have not ended
}

func newWorld(t testing.TB, c sim.Chooser, weather sim.Weather) *world {
	w := &world{t: t, sim: sim.New(c, sim.WithWeather(weather), sim.Alone())}
	p, err := platform.New(platform.WithCustomBackend(w.sim.Backend), platform.SingleRunner())
	if err != nil {
		t.Fatal(err)
	}
	w.p = p
	w.buffers = combinators.NewStats[byte](allocator.Heap[byte]{})
	w.server = &Server{Handler: answers}
	w.server.Buffers = func() allocator.Allocator[byte] { return w.buffers }
	return w
}

// run serves while the clients live, and shuts the server down when the last has ended.
func (w *world) run(clients ...func(co *platform.Co) error) {
	w.t.Helper()
	l, err := w.p.Listen("tcp", "10.0.0.1:80")
	if err != nil {
		w.t.Fatal(err)
	}
	w.address = l.Addr().String()
	ended := false
	w.server.Serve(l, ops.HandlerFunc(func(_ int, err error) {
		ended = true
		if err != nil {
			w.t.Errorf("the server has ended: %v", err)
		}
	}))
	w.clients = len(clients)
	for _, f := range clients {
		w.p.Spawn(ops.HandlerFunc(func(_ int, err error) {
			if err != nil {
				w.t.Error(err)
			}
			if w.clients--; w.clients == 0 {
				w.shutdown()
			}
		}), f)
	}
	if err := w.p.Run(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	if !ended {
		w.t.Error("the server was not told that it has ended")
	}
	for _, x := range w.server.loops {
		if x.sessions.first != nil || x.acceptor.Live() != 0 {
			w.t.Error("a session is left")
		}
	}
	if c := w.buffers.Counts(); c.Live != 0 {
		w.t.Errorf("buffers are left: %+v", c)
	}
	w.p.Close()
}

// shutdown is what Server.Shutdown has each loop do.
func (w *world) shutdown() {
	for _, x := range w.server.drain() {
		(*onDrain)(x).Complete(0, nil)
	}
}

func (w *world) connect(co *platform.Co) (*platform.Conn, error) {
	c := new(platform.Conn)
	return c, co.Connect(c, "tcp", w.address)
}

// client returns a client that connects before do, and closes the connection behind it.
func (w *world) client(do func(*platform.Co, *platform.Conn) error) func(*platform.Co) error {
	return func(co *platform.Co) error {
		c, err := w.connect(co)
		if err != nil {
			return err
		}
		defer c.Close()
		return do(co, c)
	}
}

// exchange sends pieces, a pause before each but the first, and returns what comes back
// until the server ends the stream, and how long that took.
func (w *world) exchange(co *platform.Co, pause time.Duration, pieces ...string) (string, time.Duration, error) {
	c, err := w.connect(co)
	if err != nil {
		return "", 0, err
	}
	defer c.Close()
	begin := w.sim.Now()
	for i, p := range pieces {
		if i > 0 {
			if err := co.Sleep(pause); err != nil {
				return "", 0, err
			}
		}
		if _, err := co.Write(c, []byte(p)); err != nil {
			break // the server has refused what came before
		}
	}
	answer, err := readToEnd(co, c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("after %q: %w", pieces, err)
	}
	return answer, w.sim.Now() - begin, err
}

// readToEnd returns what comes until the end of the stream, or what has come until an error.
func readToEnd(co *platform.Co, r ops.Reader) (string, error) {
	var all strings.Builder
	for buf := make([]byte, 4096); ; {
		n, err := co.Read(r, buf)
		all.Write(buf[:n])
		if err == io.EOF {
			return all.String(), nil
		}
		if err != nil {
			return all.String(), err
		}
	}
}

// summary says in short what a client has got: "200 Hello, World!|404 …".
func summary(answer, methods string) string {
	var parts []string
	r := bufio.NewReader(strings.NewReader(answer))
	for method := range strings.FieldsSeq(methods + strings.Repeat(" GET", 50)) {
		if _, err := r.Peek(1); err != nil {
			break
		}
		a, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			parts = append(parts, err.Error())
			break
		}
		body, err := io.ReadAll(a.Body)
		part := fmt.Sprint(a.StatusCode)
		if len(body) > 0 {
			part += " " + strings.TrimSuffix(string(body), "\n")
		}
		if err != nil {
			part += " " + err.Error()
		}
		if a.Header.Get("Date") == "" && a.StatusCode >= 200 {
			part += " without Date"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "|")
}

// answers is the handler of the tests.
func answers(w *Response, r *Request) {
	switch string(r.Path) {
	case "/":
		w.Header("Content-Type", "text/plain")
		w.WriteString("hello")
	case "/echo":
		w.Write(r.Body)
	case "/about":
		fmt.Fprintf(w, "%v %s ?%s %s %q 1.%d %d", r.Method, r.Path, r.Query, r.Host, r.Get("x"), r.Minor, len(r.Body))
	case "/chunks":
		w.WriteString("one ")
		w.Chunk([]byte("two "))
		w.Chunk(nil)
		w.Chunk([]byte("three"))
	case "/none":
		w.Status(204)
	case "/missing":
		w.Status(404)
		w.WriteString("nothing")
	case "/close":
		w.Close()
		w.WriteString("bye")
	case "/inject":
		w.Header("X", "a\r\nContent-Length: 5")
	case "/large":
		w.Write(bytes.Repeat([]byte("0123456789abcdef"), 16<<10))
	case "/panic":
		w.WriteString("half")
		panic("a handler")
	case "/panic/chunks":
		w.Chunk([]byte("half"))
		panic("a handler")
	default:
		w.Status(501)
	}
}
