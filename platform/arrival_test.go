package platform_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// try reads what there is, for as long as something is on its way.
func (w *world) try(c *platform.Conn, b []byte) (int, error) {
	w.t.Helper()
	for end := time.Now().Add(patience); ; {
		n, err := c.TryRead(b)
		if err != ops.ErrWouldBlock || time.Now().After(end) {
			return n, err
		}
		var ready result
		c.WaitReadable(&ready)
		w.await(&ready)
		ready.want(w.t, 0, nil)
	}
}

// TestWaitReadableBehindRead waits behind a read that takes all there is, and that
// does not show by being short.
func TestWaitReadableBehindRead(t *testing.T) {
	for network, size := range map[string]int{"tcp": 1, "unix": 4096} { // of the buffer; one byte comes
		t.Run(network, func(t *testing.T) {
			eachAndFakes(t, func(t *testing.T, w *world) {
				address := "127.0.0.1:0"
				if network == "unix" {
					address = socketPath(t)
				}
				l := w.listen(network, address)
				peer, err := net.Dial(network, l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer peer.Close()
				var c platform.Conn
				var accepted, read, ready, after result
				l.Accept(&c, &accepted)
				w.await(&accepted)
				c.Read(make([]byte, size), &read)
				c.WaitReadable(&ready)
				peer.Write([]byte("x"))
				w.await(&read)
				ops.Post(w, &after)
				w.await(&after)
				ready.later(t)
				peer.Write([]byte("y"))
				w.await(&ready)
				if n, err := w.try(&c, make([]byte, 8)); n != 1 || err != nil {
					t.Errorf("reads %d, %v, want 1", n, err)
				}
			})
		})
	}
}

func TestWaitReadable(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		b := make([]byte, 8)

		if n, err := c.TryRead(b); n != 0 || err != ops.ErrWouldBlock {
			t.Fatalf("reads %d, %v from nothing", n, err)
		}
		if n, err := c.TryRead(nil); n != 0 || err != nil {
			t.Fatalf("reads %d, %v into nothing", n, err)
		}

		var early result
		c.WaitReadable(&early)
		hold := w.Hold()
		time.AfterFunc(time.Millisecond, func() {
			peer.Write([]byte("hello, world"))
			hold.Release()
		})
		w.await(&early)
		early.want(t, 0, nil)
		if n, err := w.try(c, b); string(b[:n]) != "hello, w" || err != nil {
			t.Fatalf("reads %q, %v", b[:n], err)
		}

		var again, read result
		c.WaitReadable(&again)
		c.Read(b, &read)
		w.await(&again, &read)
		again.want(t, 0, nil)
		read.want(t, 4, nil)

		// What a read has a claim to, it gets.
		var first, second result
		c.Read(b, &first)
		c.WaitReadable(&second)
		if n, err := c.TryRead(b); n != 0 || err != ops.ErrWouldBlock {
			t.Fatalf("reads %d, %v although a read is outstanding", n, err)
		}
		peer.Write([]byte("x"))
		w.await(&first)
		first.want(t, 1, nil)
		second.later(t)

		peer.CloseWrite()
		w.await(&second)
		second.want(t, 0, nil)
		for range 2 {
			if n, err := w.try(c, b); n != 0 || err != io.EOF {
				t.Fatalf("reads %d, %v at the end", n, err)
			}
		}
		c.Close()
		if _, err := c.TryRead(b); err != net.ErrClosed {
			t.Fatalf("reads from a closed connection: %v", err)
		}
	})
}

func TestWaitReadableReset(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		var ready result
		c.WaitReadable(&ready)
		peer.SetLinger(0)
		peer.Close()
		w.await(&ready)
		ready.want(t, 0, nil)
		if n, err := w.try(c, make([]byte, 1)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("reads %d, %v", n, err)
		}
	})
}

func TestWaitReadableEnds(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		var canceled, one, closed, late result
		c.WaitReadable(&canceled)
		c.Cancel()
		w.await(&canceled)
		canceled.want(t, 0, ops.ErrCanceled)

		var slot ops.CancelSlot
		c.WaitReadable(ops.WithCancelSlot(&one, &slot))
		slot.Cancel()
		w.await(&one)
		one.want(t, 0, ops.ErrCanceled)

		peer.Write([]byte("x"))
		if n, err := w.try(c, make([]byte, 2)); n != 1 || err != nil {
			t.Fatalf("reads %d, %v after a cancellation", n, err)
		}

		c.WaitReadable(&closed)
		c.Close()
		c.WaitReadable(&late)
		w.await(&closed, &late)
		closed.want(t, 0, net.ErrClosed)
		late.want(t, 0, net.ErrClosed)
	})
}

// buffers is an allocator of buffers that are counted.
type buffers struct {
	allocator.Heap[byte]
	live int
	fail error
}

func (a *buffers) Allocate(n int) ([]byte, error) {
	if a.fail != nil {
		return nil, a.fail
	}
	a.live++
	return a.Heap.Allocate(n)
}

func (a *buffers) Deallocate(s []byte) {
	a.live--
	a.Heap.Deallocate(s)
}

func TestReadOnArrival(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		a := new(buffers)
		var into []byte
		read := func(size int) *result {
			r := new(result)
			ops.ReadOnArrival(c, size, &into, ops.WithAllocator[byte](r, a))
			return r
		}

		waiting := read(4)
		timer := w.NewTimer()
		var tick result
		timer.Wait(time.Millisecond, &tick)
		w.await(&tick)
		waiting.later(t)
		if a.live != 0 {
			t.Fatal("a buffer was allocated for nothing")
		}
		peer.Write([]byte("hello"))
		w.await(waiting)
		waiting.want(t, 4, nil)
		if string(into) != "hell" || a.live != 1 {
			t.Fatalf("read %q into %d buffers", into, a.live)
		}
		a.Deallocate(into[:0])

		a.fail = allocator.ErrTooLarge
		refused := read(4)
		w.await(refused)
		refused.want(t, 0, allocator.ErrExhausted)
		a.fail = nil
		rest := read(100)
		w.await(rest)
		rest.want(t, 1, nil)
		if string(into) != "o" {
			t.Fatalf("read %q of what was refused a buffer", into)
		}
		a.Deallocate(into)

		none := read(0)
		w.await(none)
		none.want(t, 0, allocator.ErrSize)

		canceled := read(1)
		c.Cancel()
		w.await(canceled)
		canceled.want(t, 0, ops.ErrCanceled)

		peer.CloseWrite()
		end := read(1)
		w.await(end)
		end.want(t, 0, io.EOF)
		c.Close()
		closed := read(1)
		w.await(closed)
		closed.want(t, 0, net.ErrClosed)
		if into != nil || a.live != 0 {
			t.Fatalf("%d buffers are left, and %q", a.live, into)
		}
	})
}

// Much more than the backend keeps is read through buffers that come and go.
func TestReadOnArrivalBulk(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		sent := make([]byte, 1<<20)
		for i := range sent {
			sent[i] = byte(i * 7 >> 3)
		}
		go func() {
			peer.Write(sent)
			peer.CloseWrite()
		}()
		var got []byte
		var into []byte
		s := ops.NewStrand(w)
		var next ops.Handler
		var end error
		a := combinators.NewRecycling(allocator.Heap[byte]{}, 4) // for one goroutine
		next = ops.WithExecutor(ops.WithAllocator[byte](ops.HandlerFunc(func(n int, err error) {
			got = append(got, into...)
			if end = err; err != nil {
				return
			}
			a.Deallocate(into)
			ops.ReadOnArrival(c, 1+len(got)%5000, &into, next)
		}), a), s)
		ops.ReadOnArrival(c, 1, &into, next)
		w.run()
		if !bytes.Equal(got, sent) || end != io.EOF {
			t.Fatalf("read %d of %d bytes, and %v", len(got), len(sent), end)
		}
	})
}

// A stream that nobody reads does not use up what others need.
func TestUnreadStreams(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		const streams = 96
		type end struct {
			c    platform.Conn
			peer *platform.Conn
		}
		ends := make([]end, streams)
		flood := bytes.Repeat([]byte("flood "), 10000)
		for i := range ends {
			ends[i].peer = new(platform.Conn)
			w.join(&ends[i].c, ends[i].peer)
			var first, sent result
			ends[i].c.Read(make([]byte, 1), &first) // from here on it receives
			ops.WriteFull(ends[i].peer, flood, &sent)
			w.await(&first)
			first.want(t, 1, nil)
		}
		a, b := w.pair()
		for range 100 {
			var sent, read result
			in := make([]byte, 5)
			ops.ReadFull(a, in, &read)
			ops.WriteFull(b, []byte("hello"), &sent)
			w.await(&sent, &read)
			read.want(t, 5, nil)
		}
		for i := range ends {
			var read result
			in := make([]byte, len(flood)-1)
			ops.ReadFull(&ends[i].c, in, &read)
			w.await(&read)
			read.want(t, len(in), nil)
			if !bytes.Equal(in, flood[1:]) {
				t.Fatal("read something else")
			}
		}
	})
}

func TestArrivalAbandoned(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			memory, a := new(counting), new(buffers)
			w := m.open(t, platform.WithAllocator(memory))
			c, _ := w.peer()
			var into []byte
			var read, ready result
			ops.ReadOnArrival(c, 8, &into, ops.WithAllocator[byte](&read, a))
			c.WaitReadable(&ready)
			w.within("Close", func() { w.Close() })
			read.later(t)
			ready.later(t)
			memory.check(t)
			if a.live != 0 {
				t.Errorf("%d buffers are left", a.live)
			}
			if err := w.Run(context.Background()); err != net.ErrClosed {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// TestTwoArrivals has several reads on arrival wait for one stream: each is told, at the latest
// at its end, and they do not wait for each other.
func TestTwoArrivals(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		const waiters = 3
		var into [waiters][]byte
		var told [waiters]result
		for i := range waiters {
			ops.ReadOnArrival(b, 10, &into[i], &told[i])
		}
		var wrote result
		a.Write([]byte("hello"), &wrote)
		w.await(&wrote)
		a.Close()
		for i := range waiters {
			w.await(&told[i])
		}
		all := 0
		for i := range waiters {
			all += len(into[i])
		}
		if all != 5 {
			t.Errorf("%d bytes of 5 were read", all)
		}
	})
}

// TestTryReadMeanwhile tries to read while others wait: who only waits has no claim to what
// comes, and a read has, wherever it stands.
func TestTryReadMeanwhile(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var waited, read, wrote result
		b.WaitReadable(&waited)
		if _, err := b.TryRead(make([]byte, 1)); err != ops.ErrWouldBlock {
			t.Errorf("before anything has come: %v", err)
		}
		b.Read(make([]byte, 1), &read)
		a.Write([]byte("x"), &wrote)
		w.await(&wrote)
		if n, err := b.TryRead(make([]byte, 1)); err != ops.ErrWouldBlock { // the read has it, or will
			t.Errorf("read %d, %v", n, err)
		}
		w.await(&waited)
		w.await(&read)
		read.want(t, 1, nil)
	})
}
