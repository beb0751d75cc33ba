package server

import (
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A client that never stops sending has the time of a head for each of its heads, and that of
// a body for each of its bodies, and not once for all of them.
func TestTimeOfEachRequest(t *testing.T) {
	post := postEcho + "Content-Length: 4\r\n\r\nbody"
	for name, request := range map[string]string{"heads": getRoot, "bodies": post} {
		t.Run(name, func(t *testing.T) {
			const many = 60 // seconds
			cut := len(request) - 2
			pieces := []string{request + request[:cut]}
			for range many {
				pieces = append(pieces, request[cut:]+request[:cut])
			}
			pieces = append(pieces, request[cut:]+lastGet)
			w := newWorld(t, sim.Calm, sim.Weather{})
			w.run(func(co *platform.Co) error {
				answer, _, err := w.exchange(co, time.Second, pieces...)
				if n := strings.Count(answer, "HTTP/1.1 200"); n != many+3 || strings.Contains(answer, " 408 ") {
					t.Errorf("%d of %d answers:\n%s", n, many+3, answer[max(0, len(answer)-300):])
				}
				return err
			})
		})
	}
}

// A connection that was accepted while the server shuts down is closed soon, though it says
// nothing.
func TestAcceptedWhileDraining(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.run(func(co *platform.Co) error {
		w.server.drain() // as Shutdown does, before it comes to the listener
		answer, took, err := w.exchange(co, 0)
		if answer != "" || took > 2*time.Second {
			t.Errorf("it gets %q, and is closed after %v", answer, took)
		}
		return err
	})
}

// Once one loop knows of a shutdown, an answer of another says that it is the last one,
// though that loop has not been told yet.
func TestAnswerWhileDraining(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.run(w.client(func(co *platform.Co, c *platform.Conn) error {
		co.Sleep(time.Second) // the server waits for a request
		w.server.drain()
		if _, err := co.Write(c, []byte(getRoot)); err != nil {
			return err
		}
		answer, err := readToEnd(co, c)
		if got := summary(answer, ""); got != "200 hello" || !strings.Contains(answer, "Connection: close\r\n") {
			t.Errorf("it gets %q", answer)
		}
		return err
	}))
}

// A client that goes on sending behind its last request has all of a large answer.
func TestLargeAnswerBeforeClose(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.run(w.client(func(co *platform.Co, c *platform.Conn) error {
		if _, err := co.Write(c, []byte("GET /large"+hostLine+"Connection: close\r\n\r\n"+getRoot)); err != nil {
			return err
		}
		co.Sleep(time.Second)
		w.server.loops[0].sessions.first.mustLinger(t)
		answer, err := readToEnd(co, c)
		if err != nil {
			return err
		}
		if got := summary(answer, ""); len(got) != 4+256<<10 {
			t.Errorf("%d bytes", len(got))
		}
		return nil
	}))
}

// mustLinger fails the test unless the session is going to listen to its client when it closes.
func (s *session) mustLinger(t *testing.T) {
	t.Helper()
	if s == nil || !s.closing || !s.sending {
		t.Errorf("the session is not to linger: %+v", s)
	}
}
