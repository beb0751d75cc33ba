package server

import (
	"crypto/tls"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// withTLS has the server speak TLS.
func (w *world) withTLS() {
	lender := httptest.NewTLSServer(nil) // of its certificate
	lender.Close()
	w.server.TLS = &tls.Config{Certificates: lender.TLS.Certificates}
}

// shake connects, and returns the connection and what is on top of it after a handshake.
func (w *world) shake(co *platform.Co) (below *platform.Conn, c *secure.Conn, err error) {
	if below, err = w.connect(co); err != nil {
		return nil, nil, err
	}
	c = new(secure.Conn)
	c.Client(below, &tls.Config{InsecureSkipVerify: true})
	if _, err := co.Await(func(h ops.Handler) { c.Handshake(h) }); err != nil {
		below.Close()
		return nil, nil, err
	}
	return below, c, nil
}

// With TLS the timeouts are the same, and the end of the stream is announced.
func TestTLS(t *testing.T) {
	for _, test := range []struct {
		name, send, get string
		end             time.Duration
	}{
		{"idle", getRoot, "200 hello", time.Minute},
		{"a slow head", getRoot + "GET /", "200 hello|408 the request takes too long", 10 * time.Second},
		{"a slow body", postEcho + "Content-Length: 3\r\n\r\nab", "408 the request takes too long", 30 * time.Second},
		{"a large answer", "GET /large" + hostLine + "Connection: close\r\n\r\n", "", 0},
		{"closed", lastGet, "200 hello", 0},
		{"refused", "GET /\n", "400 the target has a byte that none may have", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, sim.Calm, sim.Weather{})
			w.withTLS()
			w.run(func(co *platform.Co) error {
				below, c, err := w.shake(co)
				if err != nil {
					return err
				}
				defer below.Close()
				begin := w.sim.Now()
				if _, err := co.Write(c, []byte(test.send)); err != nil {
					return err
				}
				answer, err := readToEnd(co, c)
				if err != nil {
					t.Errorf("the end is %v", err)
				}
				got := summary(answer, "")
				if test.get == "" {
					if len(got) != 4+256<<10 {
						t.Errorf("%d bytes", len(got))
					}
				} else if got != test.get {
					t.Errorf("%q, want %q", got, test.get)
				}
				between(t, "the end", w.sim.Now()-begin, test.end)
				return nil
			})
		})
	}
}

// A client that sends a record byte by byte, and never a request, is closed as one that is
// idle is.
func TestDrippedRecord(t *testing.T) {
	w := newWorld(t, sim.Calm, sim.Weather{})
	w.withTLS()
	w.run(func(co *platform.Co) error {
		below, _, err := w.shake(co)
		if err != nil {
			return err
		}
		defer below.Close()
		begin := w.sim.Now()
		record := "\x17\x03\x03\x40\x00" + strings.Repeat("x", 1000) // of 16 KiB
		for _, b := range []byte(record) {
			if _, err := co.Write(below, []byte{b}); err != nil {
				break
			}
			if w.server.loops[0].sessions.first == nil {
				break
			}
			co.Sleep(7 * time.Second)
		}
		if took := w.sim.Now() - begin; took > 2*time.Minute {
			t.Errorf("it is there for %v", took)
		}
		return nil
	})
}
