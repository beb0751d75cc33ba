package secure_test

import (
	"crypto/tls"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
)

// tried is a connection that counts how often it is asked for what has arrived.
type tried struct {
	*platform.Conn
	n atomic.Int64
}

func (c *tried) TryRead(b []byte) (int, error) {
	c.n.Add(1)
	return c.Conn.TryRead(b)
}

// TestPartIsQuiet has a peer send the start of a record and then nothing for a while. An
// operation that waits for something to read waits, and does not try again and again.
func TestPartIsQuiet(t *testing.T) {
	for name, version := range map[string]uint16{"1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		for _, unknown := range []bool{false, true} {
			kind := "/data"
			if unknown {
				kind = "/unknown type"
			}
			t.Run(name+kind, func(t *testing.T) {
				each(t, func(t *testing.T, w *world) {
					m := newMemory()
					below, raw := w.peer()
					g := &gate{Conn: raw}
					peer := tls.Client(g, clientConfig(version))
					done := make(chan error, 1)
					go func() { done <- peer.Handshake() }()
					counted := &tried{Conn: below}
					var c secure.Conn
					c.Server(counted, serverConfig(version))
					var shaken, read result
					c.Handshake(m.with(&shaken))
					w.await(&shaken)
					shaken.want(t, 0, nil)
					if err := <-done; err != nil {
						t.Fatal(err)
					}
					g.close()
					if _, err := peer.Write([]byte("some text")); err != nil {
						t.Fatal(err)
					}
					if unknown {
						g.kept[0] = 99
					}
					const part = 10
					g.Conn.Write(g.kept[:part])
					var got []byte
					ops.ReadOnArrival(&c, 100, &got, m.with(&read))
					w.until("the part has been taken", func() bool { return c.BufferedInput() == part })
					before := counted.n.Load()
					w.do(func(co *platform.Co) error {
						for range 1000 {
							if err := co.Yield(); err != nil {
								return err
							}
						}
						return nil
					})
					if n := counted.n.Load() - before; n > 10 {
						t.Errorf("while nothing comes it is tried %d times to read", n)
					}
					read.later(t)
					g.Conn.Write(g.kept[part:])
					w.await(&read)
					if unknown {
						if read.err == nil || !strings.Contains(read.err.Error(), "tls: ") {
							t.Errorf("the read is told %d, %v", read.n, read.err)
						}
					} else {
						read.want(t, len(got), nil)
						if !strings.HasPrefix("some text", string(got)) {
							t.Errorf("%q has come", got)
						}
						m.bytes.Deallocate(got)
					}
					c.Close()
					m.check(t)
				})
			})
		}
	}
}
