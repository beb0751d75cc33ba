package server

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/http/suite"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

const (
	hostLine = " HTTP/1.1\r\nHost: a\r\n"
	getRoot  = "GET /" + hostLine + "\r\n"
	lastGet  = "GET /" + hostLine + "Connection: close\r\n\r\n"
	postEcho = "POST /echo" + hostLine
)

// An exchange is what a client sends and what it gets. The connection is then closed, unless
// it is kept, for the next request.
type exchange struct {
	name, send, get string
	kept            bool
	methods         string // of the requests whose answers have no body
	once            bool   // the client breaks its word, and may lose the answer if not at once
}

var exchanges = []exchange{
	{name: "GET", send: getRoot, get: "200 hello", kept: true},
	{name: "pipelined", send: getRoot + "GET /missing" + hostLine + "\r\n" + getRoot, get: "200 hello|404 nothing|200 hello", kept: true},
	{name: "pipelined with bodies", send: postEcho + "Content-Length: 3\r\n\r\nabc" + postEcho + "Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n3\r\nfgh\r\n0\r\nX: y\r\n\r\n" + getRoot, get: "200 abc|200 defgh|200 hello", kept: true},
	{name: "Connection: close", send: lastGet, get: "200 hello"},
	{name: "after Connection: close", send: lastGet + getRoot, get: "200 hello", once: true},
	{name: "HTTP/1.0", send: "GET / HTTP/1.0\r\n\r\n", get: "200 hello"},
	{name: "HTTP/1.0 keep-alive", send: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", get: "200 hello", kept: true},
	{name: "HEAD", send: "HEAD /" + hostLine + "\r\n" + getRoot, get: "200|200 hello", methods: "HEAD", kept: true},
	{name: "HEAD of chunks", send: "HEAD /chunks" + hostLine + "\r\n" + getRoot, get: "200|200 hello", methods: "HEAD", kept: true},
	{name: "HEAD with a body", send: "HEAD /" + hostLine + "Content-Length: 5\r\n\r\nhello" + getRoot, get: "200|200 hello", methods: "HEAD", kept: true},
	{name: "GET with a body", send: "GET /" + hostLine + "Content-Length: 5\r\n\r\nhello" + getRoot, get: "200 hello|200 hello", kept: true},
	{name: "what the handler sees", send: "PUT /about?a=b" + hostLine + "X: y \r\nContent-Length: 2\r\n\r\nzz", get: `200 PUT /about ?a=b a "y" 1.1 2`, kept: true},
	{name: "an absolute target", send: "GET http://b/about HTTP/1.1\r\nHost: a\r\n\r\n", get: `200 GET /about ? b "" 1.1 0`, kept: true},
	{name: "OPTIONS *", send: "OPTIONS *" + hostLine + "\r\n", get: "204", kept: true},
	{name: "an unknown method", send: "FOO /" + hostLine + "Content-Length: 1\r\n\r\nx" + getRoot, get: "501|200 hello", kept: true},
	{name: "CONNECT", send: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", get: "501", kept: true},
	{name: "chunks", send: "GET /chunks" + hostLine + "\r\n" + getRoot, get: "200 one two three|200 hello", kept: true},
	{name: "chunks for HTTP/1.0", send: "GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", get: "200 one two three"},
	{name: "204", send: "GET /none" + hostLine + "\r\n" + getRoot, get: "204|200 hello", kept: true},
	{name: "the handler closes", send: "GET /close" + hostLine + "\r\n" + getRoot, get: "200 bye"},
	{name: "a value with an end of line", send: "GET /inject" + hostLine + "\r\n" + getRoot, get: "200|200 hello", kept: true},
	{name: "Expect", send: postEcho + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok", get: "200 ok", kept: true},
	{name: "a panic", send: "GET /panic" + hostLine + "\r\n" + getRoot, get: "500"},
	{name: "a panic among chunks", send: "GET /panic/chunks" + hostLine + "\r\n", get: "500"},
	{name: "a body too large", send: postEcho + "Content-Length: 1048577\r\n\r\n", get: "413 the body is too large"},
	{name: "chunks too large", send: postEcho + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("10000\r\n"+strings.Repeat("x", 0x10000)+"\r\n", 17), get: "413 the body is too large"},
	{name: "the largest body", send: postEcho + "Content-Length: 1048576\r\n\r\n" + strings.Repeat("y", 1<<20), get: "200 " + strings.Repeat("y", 1<<20), kept: true},
	{name: "an answer larger than the socket takes", send: "GET /large" + hostLine + "\r\n" + getRoot, get: "200 " + strings.Repeat("0123456789abcdef", 16<<10) + "|200 hello", kept: true},
	{name: "a partial request and the end", send: "GET / HTTP/1.1\r\nHost", get: "408 the request takes too long"},
	{name: "a partial body and the end", send: postEcho + "Content-Length: 10\r\n\r\nhello", get: "408 the request takes too long"},
	{name: "nothing", send: "", get: "", kept: true},
	{name: "an empty line between", send: getRoot + "\r\n" + getRoot, get: "200 hello|200 hello", kept: true},
}

// check compares what has come back.
func (e *exchange) check(t testing.TB, how, answer string, took time.Duration) {
	t.Helper()
	got := summary(answer, e.methods)
	// With a pause in the right place the client is told to go on first.
	if e.name == "Expect" {
		got = strings.TrimPrefix(got, "100|")
	}
	if got != e.get {
		t.Errorf("%s, %s: %.200q, want %.200q", e.name, how, got, e.get)
	}
	if kept := took >= time.Minute; kept != e.kept {
		t.Errorf("%s, %s: the connection was closed after %v", e.name, how, took)
	}
}

func TestExchanges(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	var panics int
	w.server.Report = func(error) { panics++ }
	w.run(func(co *platform.Co) error {
		for _, e := range exchanges {
			answer, took, err := w.exchange(co, 0, e.send)
			if err != nil {
				return err
			}
			e.check(t, "at once", answer, took)
		}
		return nil
	})
	if panics != 2 {
		t.Errorf("%d panics were reported", panics)
	}
}

// Wherever a pause is, the answers are the same.
func TestExchangesInParts(t *testing.T) {
	for _, e := range exchanges {
		if e.once {
			continue
		}
		w := newWorld(t, sim.Calm, sim.Weather{})
		w.run(func(co *platform.Co) error {
			step := 1
			if len(e.send) > 1000 {
				step = len(e.send)/9 + 1
			}
			for i := 1; i < len(e.send); i += step {
				answer, took, err := w.exchange(co, 200*time.Millisecond, e.send[:i], e.send[i:])
				if err != nil {
					return err
				}
				e.check(t, "a pause after "+e.send[max(0, i-10):i], answer, took-200*time.Millisecond)
			}
			return nil
		})
	}
}

// A request that is refused is answered, and nothing that comes after it is.
func TestRefusals(t *testing.T) {
	const poison = "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n"
	w := newWorld(t, sim.Calm, sim.Weather{})
	var refused uint64
	refuse := func(co *platform.Co, name, text string, status int) error {
		answer, took, err := w.exchange(co, 0, text, poison)
		if err != nil {
			return err
		}
		got := summary(answer, "")
		if !strings.HasPrefix(got, strconv.Itoa(status)+" ") || strings.Contains(got, "|") {
			t.Errorf("%s: %q, want one answer, %d", name, got, status)
		}
		if took > 5*time.Second {
			t.Errorf("%s: it was closed after %v", name, took)
		}
		refused++
		return nil
	}
	w.run(func(co *platform.Co) error {
		for _, h := range suite.Heads {
			if h.Status > 0 {
				if err := refuse(co, h.Name, h.Text, h.Status); err != nil {
					return err
				}
			}
		}
		for _, b := range suite.Bodies {
			if b.Status > 0 {
				if err := refuse(co, b.Name, suite.Chunked+b.Text, b.Status); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if s := w.server.Stats(); s.Refused != refused || s.Requests != 0 {
		t.Errorf("%+v, want %d refused and no request", s, refused)
	}
}
