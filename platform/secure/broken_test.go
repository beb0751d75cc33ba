package secure_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
)

// A gate is a connection that keeps what is written to it while it is shut.
type gate struct {
	net.Conn
	mu   sync.Mutex
	shut bool
	kept []byte
}

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		g.kept = append(g.kept, b...)
		return len(b), nil
	}
	return g.Conn.Write(b)
}

// close shuts the gate.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

// withPeer returns a server that has agreed with a client of crypto/tls, whose connection
// goes through a gate.
func (w *world) withPeer(version uint16, m *memory) (c *secure.Conn, peer *tls.Conn, g *gate) {
	w.t.Helper()
	below, raw := w.peer()
	g = &gate{Conn: raw}
	peer = tls.Client(g, clientConfig(version))
	done := make(chan error, 1)
	go func() { done <- peer.Handshake() }()
	c = new(secure.Conn)
	c.Server(below, serverConfig(version))
	var shaken result
	c.Handshake(m.with(&shaken))
	w.await(&shaken)
	shaken.want(w.t, 0, nil)
	if err := <-done; err != nil {
		w.t.Fatal(err)
	}
	return c, peer, g
}

// eachVersion runs a test with each version on every backend.
func eachVersion(t *testing.T, test func(*testing.T, *world, uint16)) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) { test(t, w, version) })
		})
	}
}

// TestEnds has a stream that ends as it should, without being announced, in the midst of a
// record, and by a reset.
func TestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(peer *tls.Conn, g *gate)
		want error
	}{
		"announced": {func(peer *tls.Conn, g *gate) { peer.Close() }, io.EOF},
		"not announced": {func(peer *tls.Conn, g *gate) {
			g.Conn.Close()
		}, io.ErrUnexpectedEOF},
		"in a header": {func(peer *tls.Conn, g *gate) {
			g.close()
			peer.Write([]byte("lost"))
			g.Conn.Write(g.kept[:3])
			g.Conn.Close()
		}, io.ErrUnexpectedEOF},
		"in a record": {func(peer *tls.Conn, g *gate) {
			g.close()
			peer.Write([]byte("lost"))
			g.Conn.Write(g.kept[:len(g.kept)-1])
			g.Conn.Close()
		}, io.ErrUnexpectedEOF},
		"reset": {func(peer *tls.Conn, g *gate) {
			g.Conn.(*net.TCPConn).SetLinger(0)
			g.Conn.Close()
		}, syscall.ECONNRESET},
		"reset in a record": {func(peer *tls.Conn, g *gate) {
			g.close()
			peer.Write([]byte("lost"))
			g.Conn.Write(g.kept[:len(g.kept)-1])
			g.Conn.(*net.TCPConn).SetLinger(0)
			g.Conn.Close()
		}, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			eachVersion(t, func(t *testing.T, w *world, version uint16) {
				m := newMemory()
				c, peer, g := w.withPeer(version, m)
				if _, err := peer.Write([]byte("hello")); err != nil {
					t.Fatal(err)
				}
				var first, end, again result
				ops.ReadFull(c, make([]byte, 5), m.with(&first))
				w.await(&first)
				first.want(t, 5, nil)
				c.Read(make([]byte, 10), m.with(&end))
				ops.Post(w, ops.HandlerFunc(func(int, error) { test.end(peer, g) }))
				w.await(&end)
				end.want(t, 0, test.want)
				c.Read(make([]byte, 10), m.with(&again))
				w.await(&again)
				again.want(t, 0, test.want)
				c.Close()
				m.check(t)
			})
		})
	}
}

// TestBadRecords has a peer send what is no record, or not one that it may send.
func TestBadRecords(t *testing.T) {
	for name, test := range map[string]struct {
		bytes []byte
		alert string
	}{
		"garbage":           {[]byte("GET / HTTP/1.1\r\n\r\n"), "protocol version"},
		"oversize":          {[]byte{23, 3, 3, 0xff, 0xff}, "record overflow"},
		"another version":   {[]byte{23, 80, 3, 0, 64}, "protocol version"},
		"not authentic":     {append([]byte{23, 3, 3, 0, 64}, make([]byte, 64)...), "bad record MAC"},
		"unknown type":      {append([]byte{99, 3, 3, 0, 64}, make([]byte, 64)...), ""},
		"plain application": {append([]byte{23, 3, 3, 0, 1}, 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachVersion(t, func(t *testing.T, w *world, version uint16) {
				m := newMemory()
				c, peer, g := w.withPeer(version, m)
				var read, write result
				far := make(chan error, 1)
				go func() {
					g.Conn.Write(test.bytes)
					_, err := peer.Read(make([]byte, 1))
					far <- err
				}()
				c.Read(make([]byte, 10), m.with(&read))
				w.await(&read)
				if read.n != 0 || read.err == nil || read.err == io.EOF || !strings.Contains(read.err.Error(), "tls: ") {
					t.Errorf("the read is told %d, %v", read.n, read.err)
				}
				err := <-far
				if err == nil || !strings.Contains(err.Error(), test.alert) {
					t.Errorf("the peer is told %v, want the alert %q", err, test.alert)
				}
				c.Write([]byte("x"), m.with(&write))
				w.await(&write)
				if write.n != 0 || write.err == nil {
					t.Errorf("a write after that is told %d, %v", write.n, write.err)
				}
				c.Close()
				m.check(t)
			})
		})
	}
}

// TestMidRecord ends a read in the midst of a record, in each way that leaves the
// connection open. The next read goes on.
func TestMidRecord(t *testing.T) {
	for name, test := range map[string]struct {
		start func(c *secure.Conn, b []byte, slot *ops.CancelSlot, h ops.Handler)
		end   func(c *secure.Conn, slot *ops.CancelSlot)
		want  error
	}{
		"deadline": {
			end:  func(c *secure.Conn, _ *ops.CancelSlot) { c.SetReadDeadline(time.Unix(1, 0)) },
			want: os.ErrDeadlineExceeded,
		},
		"timeout": {
			start: func(c *secure.Conn, b []byte, _ *ops.CancelSlot, h ops.Handler) {
				c.Read(b, ops.WithTimeout(h, 10*time.Millisecond))
			},
			want: os.ErrDeadlineExceeded,
		},
		"timeout of a ReadFull": {
			start: func(c *secure.Conn, b []byte, _ *ops.CancelSlot, h ops.Handler) {
				ops.ReadFull(c, b, ops.WithTimeout(h, 10*time.Millisecond))
			},
			want: os.ErrDeadlineExceeded,
		},
		"slot": {
			end:  func(_ *secure.Conn, slot *ops.CancelSlot) { slot.Cancel() },
			want: ops.ErrCanceled,
		},
		"all": {
			end:  func(c *secure.Conn, _ *ops.CancelSlot) { c.Cancel() },
			want: ops.ErrCanceled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachVersion(t, func(t *testing.T, w *world, version uint16) {
				m := newMemory()
				c, peer, g := w.withPeer(version, m)
				g.close()
				want := random(3, 1000)
				if _, err := peer.Write(want); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, len(want))
				for at := 0; at < len(g.kept)-1; at = min(at+400, len(g.kept)-1) {
					g.Conn.Write(g.kept[at:min(at+400, len(g.kept)-1)])
					var read result
					var slot ops.CancelSlot
					h := ops.WithCancelSlot(m.with(&read), &slot)
					if test.start != nil {
						test.start(c, got, &slot, h)
					} else {
						c.Read(got, h)
					}
					if c.BufferedInput() < min(at+400, len(g.kept)-1) && test.end != nil {
						w.until("the part has been taken", func() bool { return c.BufferedInput() == min(at+400, len(g.kept)-1) })
						read.later(t)
					}
					if test.end != nil {
						ops.Post(w, ops.HandlerFunc(func(int, error) { test.end(c, &slot) }))
					}
					w.await(&read)
					read.want(t, 0, test.want)
					c.SetReadDeadline(time.Time{})
					m.check(t)
				}
				g.Conn.Write(g.kept[len(g.kept)-1:])
				var read result
				ops.ReadFull(c, got, m.with(&read))
				w.await(&read)
				read.want(t, len(want), nil)
				if string(got) != string(want) {
					t.Error("what was read is not what was sent")
				}
				c.Close()
				m.check(t)
			})
		})
	}
}

// A hindered is a connection from which nothing can be fetched at times, although
// something has arrived.
type hindered struct {
	*platform.Conn
	err error // why, or nil
}

func (l *hindered) TryRead(b []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	return l.Conn.TryRead(b)
}

// TestHinderedOnArrival has a deadline pass when something has arrived, or no memory there,
// as below TLS inside TLS. That ends one read and loses nothing: the next one goes on.
func TestHinderedOnArrival(t *testing.T) {
	for _, err := range []error{os.ErrDeadlineExceeded, allocator.ErrExhausted} {
		t.Run(err.Error(), func(t *testing.T) { hinder(t, err) })
	}
}

func hinder(t *testing.T, err error) {
	alsoSimulated(t, func(t *testing.T, w *world) {
		below, peer := w.pair()
		l := &hindered{Conn: below}
		var server, client secure.Conn
		server.Server(l, serverConfig(tls.VersionTLS13))
		client.Client(peer, clientConfig(tls.VersionTLS13))
		var shaken, shaken2, wrote, read, again result
		server.Handshake(&shaken)
		client.Handshake(&shaken2)
		w.await(&shaken, &shaken2)
		shaken.want(t, 0, nil)
		l.err = err
		ops.WriteFull(&client, []byte("some text"), &wrote)
		buf := make([]byte, 16)
		server.Read(buf, &read)
		w.await(&wrote, &read)
		read.want(t, 0, err)
		l.err = nil
		ops.ReadFull(&server, buf[:9], &again)
		w.await(&again)
		again.want(t, 9, nil)
		if string(buf[:9]) != "some text" {
			t.Errorf("reads %q", buf[:9])
		}
	})
}

// TestWriteEnds ends a write in the midst of a record: later ones are told the same.
func TestWriteEnds(t *testing.T) {
	eachVersion(t, func(t *testing.T, w *world, version uint16) {
		m := newMemory()
		c, peer, _ := w.withPeer(version, m)
		var write, late, shut result
		var slot ops.CancelSlot
		ops.WriteFull(c, make([]byte, 16<<20), ops.WithCancelSlot(m.with(&write), &slot))
		w.until("some parts are written", func() bool { return m.bytes.Counts().Total > 4 })
		write.later(t)
		ops.Post(w, ops.HandlerFunc(func(int, error) { slot.Cancel() }))
		w.await(&write)
		if write.err != ops.ErrCanceled || write.n == 0 || write.n >= 16<<20 {
			t.Errorf("the write is told %d, %v", write.n, write.err)
		}
		c.Write([]byte("x"), m.with(&late))
		c.Read(nil, m.with(new(result))) // reading goes on
		w.await(&late)
		late.want(t, 0, ops.ErrCanceled)
		c.Shutdown(m.with(&shut))
		w.await(&shut)
		shut.want(t, 0, ops.ErrCanceled)
		if err := c.CloseWrite(); err != ops.ErrCanceled {
			t.Errorf("CloseWrite returns %v", err)
		}
		c.Close()
		peer.Close()
		w.run()
		m.check(t)
	})
}

// TestHandshakeEnds ends a handshake that would never end, with a peer that says nothing
// and one that has sent a part of a message.
func TestHandshakeEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(w *world, c *secure.Conn, slot *ops.CancelSlot)
		want error
	}{
		"deadline": {
			func(_ *world, c *secure.Conn, _ *ops.CancelSlot) {
				c.SetDeadline(time.Now().Add(5 * time.Millisecond))
			},
			os.ErrDeadlineExceeded,
		},
		"close":  {func(_ *world, c *secure.Conn, _ *ops.CancelSlot) { c.Close() }, net.ErrClosed},
		"cancel": {func(_ *world, c *secure.Conn, _ *ops.CancelSlot) { c.Cancel() }, ops.ErrCanceled},
		"slot":   {func(_ *world, _ *secure.Conn, slot *ops.CancelSlot) { slot.Cancel() }, ops.ErrCanceled},
		"proactor": {
			end: func(w *world, _ *secure.Conn, _ *ops.CancelSlot) { w.Close() },
		},
	} {
		for _, silent := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				each(t, func(t *testing.T, w *world) {
					m := newMemory()
					below, raw := w.peer()
					var c secure.Conn
					c.Server(below, serverConfig(0))
					var slot ops.CancelSlot
					var shaken result
					c.Handshake(ops.WithCancelSlot(m.with(&shaken), &slot))
					if !silent {
						raw.Write([]byte{22, 3, 1, 2, 0, 1, 0})
					}
					w.until("the handshake has begun", c.Shaking)
					shaken.later(t)
					var early result
					c.Read(make([]byte, 1), m.with(&early))
					w.await(&early)
					early.want(t, 0, secure.ErrNoHandshake)
					mustPanic(t, "in use", func() { c.Server(below, nil) })
					ops.Post(w, ops.HandlerFunc(func(int, error) { test.end(w, &c, &slot) }))
					if test.want == nil {
						if err := w.runErr(); !errors.Is(err, net.ErrClosed) {
							t.Errorf("Run returns %v", err)
						}
						shaken.later(t)
					} else {
						w.await(&shaken)
						shaken.want(t, 0, test.want)
					}
					m.check(t)
					noneLeft(t)
				})
			})
		}
	}
}

// TestHandshakeCanceledAtOnce cancels a handshake before its coroutine has begun.
func TestHandshakeCanceledAtOnce(t *testing.T) {
	for name, cancel := range map[string]func(c *secure.Conn, slot *ops.CancelSlot){
		"all":  func(c *secure.Conn, _ *ops.CancelSlot) { c.Cancel() },
		"slot": func(_ *secure.Conn, slot *ops.CancelSlot) { slot.Cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				m := newMemory()
				below, _ := w.peer()
				var c secure.Conn
				c.Server(below, serverConfig(0))
				var slot ops.CancelSlot
				var shaken, late result
				c.Handshake(ops.WithCancelSlot(m.with(&shaken), &slot))
				cancel(&c, &slot)
				shaken.later(t)
				w.await(&shaken)
				shaken.want(t, 0, ops.ErrCanceled)
				c.Read(make([]byte, 1), m.with(&late))
				w.await(&late)
				late.want(t, 0, ops.ErrCanceled)
				m.check(t)
			})
		})
	}
}

// TestHandshakeOfOthers has a client that does not speak TLS. The program can answer it on
// the connection below, and is not led to one where what is written is lost.
func TestHandshakeOfOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := newMemory()
		below, raw := w.peer()
		raw.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		var c secure.Conn
		c.Server(below, serverConfig(0))
		var shaken, wrote result
		c.Handshake(m.with(&shaken))
		w.await(&shaken)
		var header tls.RecordHeaderError
		if !errors.As(shaken.err, &header) || string(header.RecordHeader[:]) != "GET /" || header.Conn != nil {
			t.Errorf("the handshake is told %#v", shaken.err)
		}
		ops.WriteFull(below, []byte("HTTP/1.0 400 Bad Request\r\n\r\n"), m.with(&wrote))
		w.await(&wrote)
		c.Close()
		if reply, _ := io.ReadAll(raw); !strings.HasPrefix(string(reply), "HTTP/1.0 400") {
			t.Errorf("the client is told %q", reply)
		}
		m.check(t)
	})
}

// TestSlowLoris has a client that begins its handshake with one byte every now and then. A
// timeout of the operations does not end it, and a deadline does.
func TestSlowLoris(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := newMemory()
		below, raw := w.peer()
		ctx, cancel := context.WithCancel(context.Background())
		sent := make(chan int, 1)
		go func() {
			n := 0
			for ctx.Err() == nil {
				b := []byte{1}
				if n < 5 {
					b = []byte{22, 3, 1, 2, 0}[n : n+1]
				}
				if _, err := raw.Write(b); err != nil || n > 400 {
					break
				}
				n++
				time.Sleep(time.Millisecond)
			}
			sent <- n
		}()
		var c secure.Conn
		c.Server(below, serverConfig(0))
		c.SetDeadline(time.Now().Add(50 * time.Millisecond))
		var shaken result
		c.Handshake(ops.WithTimeout(m.with(&shaken), patience))
		w.await(&shaken)
		shaken.want(t, 0, os.ErrDeadlineExceeded)
		cancel()
		c.Close()
		if n := <-sent; n == 0 {
			t.Error("not one byte was sent")
		}
		m.check(t)
	})
}

// TestClosed closes a connection, or its proactor, while a read has a part of a record and
// a write is outstanding.
func TestClosed(t *testing.T) {
	for _, proactor := range []bool{false, true} {
		eachVersion(t, func(t *testing.T, w *world, version uint16) {
			m := newMemory()
			c, peer, g := w.withPeer(version, m)
			g.close()
			peer.Write(random(1, 500))
			g.Conn.Write(g.kept[:100])
			var read, write result
			ops.ReadFull(c, make([]byte, 500), m.with(&read))
			ops.WriteFull(c, make([]byte, 16<<20), m.with(&write))
			w.until("two records are in flight", func() bool { return m.bytes.Counts().Live == 2 })
			mustPanic(t, "a read is outstanding", func() { c.Read(make([]byte, 1), new(result)) })
			mustPanic(t, "a write is outstanding", func() { c.Write(make([]byte, 1), new(result)) })
			mustPanic(t, "in use", func() { c.Client(peerless{}, nil) })
			if _, err := c.TryRead(make([]byte, 1)); err != ops.ErrWouldBlock {
				t.Errorf("TryRead beside a read returns %v", err)
			}
			if proactor {
				ops.Post(w, ops.HandlerFunc(func(int, error) { w.Close() }))
				if err := w.runErr(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Run returns %v", err)
				}
				read.later(t)
				write.later(t)
			} else {
				ops.Post(w, ops.HandlerFunc(func(int, error) { c.Close() }))
				w.await(&read, &write)
				read.want(t, 0, net.ErrClosed)
				if write.calls != 1 || !errors.Is(write.err, net.ErrClosed) {
					t.Errorf("the write is told %d, %v", write.n, write.err)
				}
				if n := c.InputMemory(); n != 0 {
					t.Errorf("a closed connection keeps %d bytes", n)
				}
				if err := c.Close(); err != net.ErrClosed {
					t.Errorf("a second Close returns %v", err)
				}
			}
			m.check(t)
			var late result
			c.Read(make([]byte, 1), m.with(&late))
			w.runErr()
			late.want(t, 0, net.ErrClosed)
			m.check(t)
			noneLeft(t)
		})
	}
}

// peerless is a transport that nobody uses.
type peerless struct{ secure.Transport }

// noneLeft fails the test if coroutines or handshakes do not end.
func noneLeft(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		left := stacks()
		if !strings.Contains(left, "secure.(*") && !strings.Contains(left, "ops.(*Co)") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("goroutines are left:\n%s", left)
		}
	}
}
