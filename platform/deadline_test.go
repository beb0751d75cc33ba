package platform_test

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

var (
	longAgo = time.Unix(1, 0)
	soon    = func() time.Time { return time.Now().Add(time.Millisecond) }
	hence   = func() time.Time { return time.Now().Add(time.Hour) }
)

// dated is what can have a deadline and an operation that waits for ever.
type dated struct {
	name string
	// open returns how to start the operation, what sets its deadline, and what
	// checks that all is well afterwards.
	open func(*testing.T, *world) (start func(ops.Handler), set func(time.Time) error, again func())
}

var datedKinds = []dated{
	{"read", func(t *testing.T, w *world) (func(ops.Handler), func(time.Time) error, func()) {
		a, b := w.pair()
		return func(h ops.Handler) { a.Read(make([]byte, 1), h) }, a.SetReadDeadline, func() { echo(t, w, a, b) }
	}},
	{"ReadFull", func(t *testing.T, w *world) (func(ops.Handler), func(time.Time) error, func()) {
		a, b := w.pair()
		return func(h ops.Handler) { ops.ReadFull(a, make([]byte, 2), h) }, a.SetDeadline, func() { echo(t, w, a, b) }
	}},
	{"wait readable", func(t *testing.T, w *world) (func(ops.Handler), func(time.Time) error, func()) {
		a, b := w.pair()
		return a.WaitReadable, a.SetReadDeadline, func() { echo(t, w, a, b) }
	}},
	{"read from", func(t *testing.T, w *world) (func(ops.Handler), func(time.Time) error, func()) {
		c := w.packets("udp4", "127.0.0.1:0")
		return func(h ops.Handler) { c.ReadFrom(make([]byte, 1), nil, h) }, c.SetReadDeadline, func() {
			var read, wrote result
			c.ReadFrom(make([]byte, 1), nil, &read)
			c.WriteTo([]byte{1}, addrOf(c), &wrote)
			w.await(&read, &wrote)
			read.want(t, 1, nil)
			wrote.want(t, 1, nil)
		}
	}},
	{"accept", func(t *testing.T, w *world) (func(ops.Handler), func(time.Time) error, func()) {
		l := w.listen("tcp", "127.0.0.1:0")
		var c [3]platform.Conn // each for every third
		n := 0
		start := func(h ops.Handler) { l.Accept(&c[n%len(c)], h); n++ }
		return start, l.SetDeadline, func() {
			var other platform.Conn
			defer other.Close()
			defer c[0].Close()
			var accepted, connected result
			l.Accept(&c[0], &accepted)
			w.Connect(&other, "tcp", l.Addr().String(), &connected)
			w.await(&accepted, &connected)
			accepted.want(t, 0, nil)
			connected.want(t, 0, nil)
		}
	}},
}

// TestDeadline has deadlines pass before and while operations are outstanding, and moves
// them. Afterwards, without one, everything works.
func TestDeadline(t *testing.T) {
	for _, kind := range datedKinds {
		t.Run(kind.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				start, set, again := kind.open(t, w)
				must := func(at time.Time) {
					t.Helper()
					if err := set(at); err != nil {
						t.Fatal(err)
					}
				}
				ends := func(what string, before, after func()) {
					t.Helper()
					before()
					var memory counting
					var r [3]result
					for i := range r {
						start(ops.WithAllocator(&r[i], &memory))
					}
					after()
					for i := range r {
						r[i].later(t)
					}
					w.await(&r[0], &r[1], &r[2])
					for i := range r {
						if r[i].calls != 1 || r[i].n != 0 || !errors.Is(r[i].err, os.ErrDeadlineExceeded) {
							t.Fatalf("%s: operation %d: %d calls, last with (%d, %v)", what, i, r[i].calls, r[i].n, r[i].err)
						}
					}
					memory.check(t)
				}
				nothing := func() { must(time.Time{}) }
				post := func(at func() time.Time) func() {
					return func() { ops.Post(w, ops.HandlerFunc(func(int, error) { must(at()) })) }
				}
				past := func() time.Time { return longAgo }

				ends("passed before", func() { must(longAgo) }, func() {})
				ends("is still passed", func() {}, func() {})
				ends("set before", func() { must(soon()) }, func() {})
				ends("set before the last passed", func() { must(hence()); must(soon()) }, func() {})
				ends("set while they are outstanding", nothing, func() { must(soon()) })
				ends("passed while they are outstanding", nothing, func() { must(longAgo) })
				ends("set in a handler", nothing, post(soon))
				ends("passed in a handler", nothing, post(past))
				ends("moved to be earlier, in a handler", func() { must(hence()) }, post(soon))
				ends("moved into the past, in a handler", func() { must(hence()) }, post(past))
				ends("moved to be later", func() { must(soon()) }, func() { must(soon().Add(time.Millisecond)) })
				must(hence())
				again()
				must(longAgo)
				must(time.Time{})
				again()
				must(time.Unix(math.MaxInt64/2, 0)) // further than the clock goes
				again()
			})
		})
	}
}

// TestDeadlineError checks that it is what package net has.
func TestDeadlineError(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.pair()
		var r result
		a.SetReadDeadline(longAgo)
		a.Read(nil, &r)
		w.await(&r)
		var timeout net.Error
		if !errors.As(r.err, &timeout) || !timeout.Timeout() {
			t.Errorf("%v is no timeout", r.err)
		}
	})
}

// TestDeadlineSides has the deadline of one side pass, which does not concern the other,
// and reads what was there before by TryRead, which has that deadline too.
func TestDeadlineSides(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var read, wrote, full, read2, wrote2 result
		a.SetReadDeadline(longAgo)
		b.SetWriteDeadline(longAgo)
		a.Write([]byte{1, 2}, &wrote)
		ops.ReadFull(b, make([]byte, 2), &full)
		a.Read(make([]byte, 1), &read)
		b.Write([]byte{1}, &wrote2)
		w.await(&wrote, &full, &read, &wrote2)
		wrote.want(t, 2, nil)
		full.want(t, 2, nil)
		read.want(t, 0, os.ErrDeadlineExceeded)
		wrote2.want(t, 0, os.ErrDeadlineExceeded)

		b.SetWriteDeadline(time.Time{})
		var sent, arrived result
		b.Write([]byte{7}, &sent)
		w.await(&sent)
		a.SetReadDeadline(time.Time{})
		a.WaitReadable(&arrived)
		w.await(&arrived)
		a.SetReadDeadline(longAgo)
		one := make([]byte, 1)
		a.Read(one, &read2)
		w.await(&read2)
		read2.want(t, 0, os.ErrDeadlineExceeded)
		if n, err := a.TryRead(one); n != 0 || err != os.ErrDeadlineExceeded {
			t.Errorf("TryRead after the deadline: %d, %v", n, err)
		}
		if n, err := a.TryWrite(one); n != 1 && err != ops.ErrWouldBlock {
			t.Errorf("TryWrite after the other deadline: %d, %v", n, err)
		} else if n == 1 {
			var got result
			b.Read(make([]byte, 1), &got)
			w.await(&got)
		}
		a.SetDeadline(longAgo)
		if n, err := a.TryWrite(one); n != 0 || err != os.ErrDeadlineExceeded {
			t.Errorf("TryWrite after the deadline: %d, %v", n, err)
		}
		a.SetDeadline(time.Time{})
		if n, err := a.TryRead(one); n != 1 || err != nil || one[0] != 7 {
			t.Errorf("TryRead: %d, %v, %v", n, err, one)
		}
		echo(t, w, a, b)
	})
}

// TestDeadlineWrite ends a WriteFull that is stuck halfway. The bytes that its handler
// is told of are those that the peer gets.
func TestDeadlineWrite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		var r result
		ops.WriteFull(c, make([]byte, 64<<20), &r)
		received, over := make(chan int64, 1), make(chan struct{})
		r.then = func() { close(over) }
		const some = 1 << 20
		go func() {
			n, _ := io.CopyN(io.Discard, peer, some)
			ops.Post(w, ops.HandlerFunc(func(int, error) { c.SetWriteDeadline(longAgo) }))
			<-over
			rest, _ := io.Copy(io.Discard, peer)
			received <- n + rest
		}()
		w.await(&r)
		if r.calls != 1 || r.err != os.ErrDeadlineExceeded || r.n < some {
			t.Errorf("the handler was called %d times, last with (%d, %v)", r.calls, r.n, r.err)
		}
		var wrote result
		c.SetDeadline(time.Time{})
		c.Write([]byte("end"), &wrote)
		w.await(&wrote)
		wrote.want(t, 3, nil)
		c.Close()
		if n := <-received; n != int64(r.n)+3 {
			t.Errorf("the peer got %d bytes, but the handlers were told of %d", n, r.n+3)
		}
	})
}

// TestDeadlineSidesOfPackets is TestDeadlineSides for packets.
func TestDeadlineSidesOfPackets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.packets("udp4", "127.0.0.1:0")
		p.SetWriteDeadline(longAgo)
		var wrote, wroteNow, read result
		p.WriteTo([]byte{1}, addrOf(p), &wrote)
		w.await(&wrote)
		wrote.want(t, 0, os.ErrDeadlineExceeded)
		p.SetWriteDeadline(time.Time{})
		p.SetReadDeadline(longAgo)
		p.WriteTo([]byte{1}, addrOf(p), &wroteNow)
		p.Read(make([]byte, 1), &read)
		w.await(&wroteNow, &read)
		wroteNow.want(t, 1, nil)
		read.want(t, 0, os.ErrDeadlineExceeded)
		p.Close()
	})
}

// TestDeadlineFirstDecides ends a read for several reasons, one after the other: it is
// told the first.
func TestDeadlineFirstDecides(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var slot ops.CancelSlot
		for _, ways := range []struct {
			name string
			of   func(c *platform.Conn)
			want error
		}{
			{"deadline, cancel", func(c *platform.Conn) { c.SetDeadline(longAgo); c.Cancel() }, os.ErrDeadlineExceeded},
			{"deadline, slot", func(c *platform.Conn) { c.SetDeadline(longAgo); slot.Cancel() }, os.ErrDeadlineExceeded},
			{"cancel, deadline", func(c *platform.Conn) { c.Cancel(); c.SetDeadline(longAgo) }, ops.ErrCanceled},
			{"slot, deadline", func(c *platform.Conn) { slot.Cancel(); c.SetDeadline(longAgo) }, ops.ErrCanceled},
			{"close, deadline", func(c *platform.Conn) {
				c.Close()
				if err := c.SetDeadline(longAgo); err != net.ErrClosed {
					t.Errorf("SetDeadline after Close: %v", err)
				}
			}, net.ErrClosed},
			{"deadline, and moved", func(c *platform.Conn) { c.SetDeadline(longAgo); c.SetDeadline(time.Time{}) }, os.ErrDeadlineExceeded},
			{"deadline, deadline", func(c *platform.Conn) { c.SetDeadline(longAgo); c.SetDeadline(longAgo) }, os.ErrDeadlineExceeded},
		} {
			for _, limit := range []time.Duration{0, time.Hour} {
				a, _ := w.peer()
				var r result
				h := ops.WithTimeout(ops.WithCancelSlot(&r, &slot), limit)
				ops.ReadFull(a, make([]byte, 2), h)
				ops.Post(w, ops.HandlerFunc(func(int, error) { ways.of(a) }))
				w.await(&r)
				if r.calls != 1 || r.n != 0 || r.err != ways.want {
					t.Errorf("%s: %d calls, last with (%d, %v)", ways.name, r.calls, r.n, r.err)
				}
				a.Close()
			}
		}
	})
}

// TestDeadlineAndTimeout has a timeout come before a deadline, and after.
func TestDeadlineAndTimeout(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var first, second result
		a.SetReadDeadline(hence())
		a.Read(make([]byte, 1), ops.WithTimeout(&first, time.Millisecond))
		w.await(&first)
		first.want(t, 0, os.ErrDeadlineExceeded)
		echo(t, w, a, b)
		a.SetReadDeadline(soon())
		a.Read(make([]byte, 1), ops.WithTimeout(&second, time.Hour))
		w.await(&second)
		second.want(t, 0, os.ErrDeadlineExceeded)
	})
}

// TestDeadlineOfNext opens connections in the memory of others, on the proactor's side
// too, whose deadlines are about to pass or have: they have none.
func TestDeadlineOfNext(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var a, b platform.Conn
		for i := range 100 {
			w.join(&a, &b)
			echo(t, w, &a, &b)
			var r result
			at := time.Now().Add(time.Duration(i) * time.Microsecond)
			a.SetDeadline(at)
			b.SetDeadline(at)
			a.Read(make([]byte, 1), &r)
			a.Close()
			b.Close()
			w.await(&r)
			if r.err != net.ErrClosed && r.err != os.ErrDeadlineExceeded {
				t.Fatal(r.err)
			}
		}
	})
}

// TestDeadlineNotOpen sets the deadline of what is not open.
func TestDeadlineNotOpen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		closed := func(what string, err error) {
			t.Helper()
			if err != net.ErrClosed {
				t.Errorf("%s: %v, want %v", what, err, net.ErrClosed)
			}
		}
		var c platform.Conn
		closed("never opened", c.SetDeadline(hence()))
		closed("a Listener never opened", new(platform.Listener).SetDeadline(hence()))
		closed("a PacketConn never opened", new(platform.PacketConn).SetDeadline(hence()))
		l := w.listen("tcp", "127.0.0.1:0")
		var accepted result
		l.Accept(&c, &accepted)
		closed("about to be accepted", c.SetDeadline(longAgo))
		l.SetDeadline(hence())
		l.Close()
		w.await(&accepted)
		accepted.want(t, 0, net.ErrClosed)
		closed("a closed Listener", l.SetDeadline(longAgo))
		p := w.packets("udp4", "127.0.0.1:0")
		p.SetDeadline(hence())
		p.SetWriteDeadline(longAgo)
		p.Close()
		closed("a closed PacketConn", p.SetReadDeadline(longAgo))
		w.run() // nothing is outstanding, and no deadline keeps it
	})
}
