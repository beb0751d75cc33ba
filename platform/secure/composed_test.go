package secure_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
)

// TestOnArrival reads with no buffer until there is something, and with a small one.
func TestOnArrival(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			alsoSimulated(t, func(t *testing.T, w *world) {
				m := newMemory()
				s, c := w.secured(serverConfig(version), clientConfig(version), m)
				want := random(1, 50_000)
				var wrote, ended, read result
				w.Spawn(m.with(&wrote), func(co *platform.Co) error {
					for rest := want; len(rest) > 0; {
						n := min(len(rest), 7000)
						if _, err := co.Write(c, rest[:n]); err != nil {
							return err
						}
						rest = rest[n:]
					}
					_, err := co.Await(c.Shutdown)
					return err
				})
				var got []byte
				w.Spawn(m.with(&read), func(co *platform.Co) error {
					for size := 1; ; size = size%9000 + 500 {
						b, err := co.ReadOnArrival(s, size)
						got = append(got, b...)
						m.bytes.Deallocate(b)
						if err == io.EOF {
							return nil
						}
						if err != nil {
							return err
						}
					}
				})
				w.Spawn(&ended, func(co *platform.Co) error { return nil })
				w.await(&wrote, &read, &ended)
				wrote.want(t, 0, nil)
				read.want(t, 0, nil)
				if !bytes.Equal(got, want) {
					t.Errorf("%d of %d bytes have come, or others", len(got), len(want))
				}
				m.check(t)
			})
		})
	}
}

// TestLines reads lines, the end of which comes in the record of the next, and waits
// for one in a batch with a timer.
func TestLines(t *testing.T) {
	alsoSimulated(t, func(t *testing.T, w *world) {
		m := newMemory()
		s, c := w.secured(serverConfig(0), clientConfig(0), m)
		r := ops.NewBufferedReader(s, make([]byte, 100))
		var wrote result
		queue := ops.NewWriteQueue(c, 1000)
		for _, text := range []string{"first\nsec", "ond\n", "third\nfourth\n"} {
			queue.Write([]byte(text), m.with(&result{}))
		}
		c.Read(nil, m.with(&wrote))
		w.await(&wrote)
		w.do(func(co *platform.Co) error {
			for _, want := range []string{"first", "second", "third", "fourth"} {
				if _, err := co.Await(r.ReadLine); err != nil || string(r.Bytes()) != want {
					return fmt.Errorf("%q, %v; want %q", r.Bytes(), err, want)
				}
			}
			var batch ops.Batch
			var members [2]ops.Member
			timer := w.NewTimer()
			for range 3 {
				first, err := co.Wait(&batch, members[:], ops.UntilFirst, func() {
					r.ReadLine(&members[0])
					timer.Wait(time.Millisecond, &members[1])
				})
				if first != 1 || err != nil || members[0].Err != ops.ErrCanceled {
					return fmt.Errorf("%d has ended first, with %v, and the read with %v", first, err, members[0].Err)
				}
			}
			queue.Write([]byte("fifth\n"), m.with(&result{}))
			if _, err := co.Await(r.ReadLine); err != nil || string(r.Bytes()) != "fifth" {
				return fmt.Errorf("%q, %v; want the fifth", r.Bytes(), err)
			}
			return nil
		})
		w.until("all is written", func() bool { return queue.Buffered() == 0 })
		m.check(t)
	})
}

// TestPipe passes a connection on by a proxy that ends one TLS and begins another. The end
// of each stream becomes that of the other.
func TestPipe(t *testing.T) {
	alsoSimulated(t, func(t *testing.T, w *world) {
		m := newMemory()
		s, near := w.secured(serverConfig(0), clientConfig(0), m)
		far, c := w.secured(serverConfig(0), clientConfig(0), m)
		size := 300_000
		if w.Backend() == "sim" {
			size = 20_000
		}
		want := random(5, size)
		var echoed, sent, got, piped result
		new(ops.Pipe).Start(near, far, nil, m.with(&piped))
		w.Spawn(m.with(&echoed), func(co *platform.Co) error { return echo(co, s) })
		w.Spawn(m.with(&sent), func(co *platform.Co) error {
			if _, err := co.Write(c, want); err != nil {
				return err
			}
			return c.CloseWrite()
		})
		back := make([]byte, size+1)
		ops.ReadFull(c, back, m.with(&got))
		w.await(&echoed, &sent, &got, &piped)
		echoed.want(t, 0, nil)
		sent.want(t, 0, nil)
		got.want(t, size, io.ErrUnexpectedEOF)
		piped.want(t, 0, nil)
		if !bytes.Equal(back[:size], want) {
			t.Error("other bytes come back")
		}
		w.until("the announcement of the end is sent", func() bool { return m.bytes.Counts().Live == 0 })
		m.check(t)
	})
}

// TestInside runs TLS inside TLS.
func TestInside(t *testing.T) {
	alsoSimulated(t, func(t *testing.T, w *world) {
		m := newMemory()
		a, b := w.secured(serverConfig(0), clientConfig(0), m)
		var s, c secure.Conn
		s.Server(a, serverConfig(0))
		c.Client(b, clientConfig(0))
		atServer, atClient := w.shake(&s, &c, m)
		atServer.want(t, 0, nil)
		atClient.want(t, 0, nil)
		want, got := random(2, 40_000), make([]byte, 40_000)
		var wrote, read result
		ops.WriteFull(&c, want, m.with(&wrote))
		ops.ReadFull(&s, got, m.with(&read))
		w.await(&wrote, &read)
		wrote.want(t, len(want), nil)
		read.want(t, len(got), nil)
		if !bytes.Equal(got, want) {
			t.Error("other bytes have come")
		}
		m.check(t)
	})
}

// TestStrand has handlers run on a strand.
func TestStrand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := newMemory()
		s, c := w.secured(serverConfig(0), clientConfig(0), m)
		strand := ops.NewStrand(w)
		var echoed, wrote, read result
		onStrand := func(r *result) ops.Handler { return ops.WithExecutor(m.with(r), strand) }
		w.Spawn(onStrand(&echoed), func(co *platform.Co) error { return echo(co, s) })
		ops.WriteFull(c, make([]byte, 30_000), onStrand(&wrote))
		ops.ReadFull(c, make([]byte, 30_000), onStrand(&read))
		w.await(&wrote, &read)
		wrote.want(t, 30_000, nil)
		read.want(t, 30_000, nil)
		c.CloseWrite()
		w.await(&echoed)
		echoed.want(t, 0, nil)
		w.until("the announcement of the end is sent", func() bool { return m.bytes.Counts().Live == 0 })
		m.check(t)
	})
}

// A meter is an allocator for all of a program that fails at one request.
type meter struct {
	left   int // requests until it fails, or less than 0
	failed bool
}

func (m *meter) spend() error {
	m.left--
	if m.left == 0 {
		m.failed = true
		return allocator.ErrExhausted
	}
	return nil
}

type metered[T any] struct {
	*meter
	allocator.Allocator[T]
}

func (a metered[T]) Allocate(n int) ([]T, error) {
	if err := a.spend(); err != nil {
		return nil, err
	}
	return a.Allocator.Allocate(n)
}

// TestExhausted has one request for memory fail, each in turn. One operation is told so, and
// what was received is still there.
func TestExhausted(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			for k := 1; ; k++ {
				failed := false
				t.Run(fmt.Sprint(k), func(t *testing.T) {
					w := open(t, 0, platform.SingleRunner())
					failed = exhaust(t, w, version, k)
				})
				if !failed {
					if k < 10 {
						t.Errorf("the program asks for memory %d times", k-1)
					}
					return
				}
			}
		})
	}
}

// exhaust has the k-th request fail, and reports whether there were as many.
func exhaust(t *testing.T, w *world, version uint16, k int) (failed bool) {
	m := newMemory()
	limit := &meter{}
	with := func(h ops.Handler) ops.Handler {
		h = ops.WithAllocator[ops.Operation](h, metered[ops.Operation]{limit, m.ops})
		return ops.WithAllocator[byte](h, metered[byte]{limit, m.bytes})
	}
	a, b := w.pair()
	var s, c secure.Conn
	s.Server(a, serverConfig(version))
	c.Client(b, clientConfig(version))
	limit.left = k
	told := 0
	// again does something until it does not fail for want of memory.
	again := func(start func(h ops.Handler)) *result {
		for {
			r := new(result)
			start(with(r))
			r.later(t)
			w.await(r)
			if !errors.Is(r.err, allocator.ErrExhausted) {
				return r
			}
			if told++; told > 1 {
				t.Fatal("more than one operation was told that there is no memory")
			}
		}
	}
	var atServer, atClient result
	s.Handshake(with(closes(&atServer, a)))
	c.Handshake(with(closes(&atClient, b)))
	w.await(&atServer, &atClient)
	if limit.failed {
		if !errors.Is(atServer.err, allocator.ErrExhausted) && !errors.Is(atClient.err, allocator.ErrExhausted) {
			t.Errorf("no end of the handshake is told that there is no memory, but %v and %v", atServer.err, atClient.err)
		}
		m.check(t)
		return true
	}
	want := random(1, 40_000)
	buf := make([]byte, 500)
	for rest := want; len(rest) > 0; {
		n := min(len(rest), 13_000)
		wrote := again(func(h ops.Handler) { c.Write(rest[:n], h) })
		wrote.want(t, n, nil)
		for at := 0; at < n; {
			read := again(func(h ops.Handler) { s.Read(buf, h) })
			if read.err != nil || !bytes.Equal(buf[:read.n], rest[at:at+read.n]) {
				t.Fatalf("%d bytes, %v, or others", read.n, read.err)
			}
			if n := m.bytes.Counts().Live; n != 0 {
				t.Fatalf("%d blocks are kept beyond a read", n)
			}
			at += read.n
		}
		rest = rest[n:]
	}
	again(c.Shutdown).want(t, 0, nil)
	again(func(h ops.Handler) { s.Read(buf, h) }).want(t, 0, io.EOF)
	if limit.failed != (told == 1) {
		t.Errorf("%d operations were told that there is no memory", told)
	}
	m.check(t)
	return limit.failed
}

// TestWithoutInside has a Go whose tls.Conn has other fields.
func TestWithoutInside(t *testing.T) {
	defer secure.WithoutInside()()
	t.Run("streams", TestStreams)
	t.Run("on arrival", TestOnArrival)
	t.Run("lines", TestLines)
	t.Run("hindered", TestHinderedOnArrival)
}

// TestIdle checks that a connection that waits keeps no memory of records, whatever it has
// read before, and that crypto/tls has the fields that it takes for that.
func TestIdle(t *testing.T) {
	if !secure.HasInside() {
		t.Fatal("this Go has no fields of the names and types that package secure knows")
	}
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			alsoSimulated(t, func(t *testing.T, w *world) {
				m := newMemory()
				s, c := w.secured(serverConfig(version), clientConfig(version), m)
				var wrote, read, waits result
				ops.WriteFull(c, make([]byte, 100_000), m.with(&wrote))
				ops.ReadFull(s, make([]byte, 100_000), m.with(&read))
				w.await(&wrote, &read)
				s.Read(make([]byte, 10), m.with(&waits))
				if n := s.InputMemory(); n != 0 {
					t.Errorf("a connection that waits keeps %d bytes", n)
				}
				if n := m.bytes.Counts().Live; n != 0 {
					t.Errorf("a connection that waits keeps %d blocks", n)
				}
				s.Close()
				w.await(&waits)
				var more, part result
				ops.WriteFull(s, make([]byte, 10), &more)
				w.await(&more)
				more.want(t, 0, net.ErrClosed)

				s, c = w.secured(serverConfig(version), clientConfig(version), m)
				ops.WriteFull(c, make([]byte, 100), &wrote)
				ops.ReadFull(s, make([]byte, 10), &part)
				w.await(&part)
				part.want(t, 10, nil)
				if s.InputMemory() == 0 {
					t.Error("nothing is kept of what was not read")
				}
				if s.Close(); s.InputMemory() != 0 {
					t.Error("a closed connection keeps what was not read")
				}
				c.Close()
				w.run()
				m.check(t)
			})
		})
	}
}

// TestOwnMemory has records lie in slots of the sessions.
func TestOwnMemory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var s, c secure.Conn
		s.Server(a, serverConfig(0))
		c.Client(b, clientConfig(0))
		var slots [2]combinators.Slots[byte]
		var shaken [2]result
		s.Handshake(ops.WithAllocator[byte](&shaken[0], &slots[0]))
		c.Handshake(ops.WithAllocator[byte](&shaken[1], &slots[1]))
		w.await(&shaken[0], &shaken[1])
		var echoed, wrote, read result
		w.Spawn(&echoed, func(co *platform.Co) error { return echo(co, &s) })
		ops.WriteFull(&c, make([]byte, 200_000), &wrote)
		ops.ReadFull(&c, make([]byte, 200_000), &read)
		w.await(&wrote, &read)
		read.want(t, 200_000, nil)
		c.CloseWrite()
		w.await(&echoed)
		echoed.want(t, 0, nil)
	})
}
