package inspect_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/inspect"
)

// BenchmarkEcho measures a message that goes there and back on a connection of which
// both ends are on one proactor, while nobody looks, while somebody does each second,
// and a hundred times a second.
func BenchmarkEcho(b *testing.B) {
	for _, c := range []struct {
		name  string
		every time.Duration
	}{{"unseen", 0}, {"each second", time.Second}, {"each 10ms", 10 * time.Millisecond}} {
		b.Run(c.name, func(b *testing.B) {
			p := open(b, platform.SingleRunner())
			e := &pingPong{left: b.N}
			e.open(b, p)
			var page inspect.Page
			page.AddProactor("server", p)
			stop := make(chan struct{})
			var reader sync.WaitGroup
			if c.every != 0 {
				reader.Go(func() { readEach(b, &page, c.every, stop) })
			}
			b.ReportAllocs()
			b.ResetTimer()
			e.start()
			if err := p.Run(context.Background()); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			close(stop)
			reader.Wait()
			if e.left != 0 || e.err != nil {
				b.Fatalf("%d messages are left: %v", e.left, e.err)
			}
		})
	}
}

func readEach(t testing.TB, page *inspect.Page, every time.Duration, stop <-chan struct{}) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			request(page, "GET", "/figures.json")
		case <-stop:
			return
		}
	}
}

// A pingPong sends a message from one end of a connection to the other and back.
type pingPong struct {
	there, back end
	left        int // messages
	ended       bool
	err         error
}

type end struct {
	pingPong *pingPong
	conn     platform.Conn
	slot     combinators.SingleSlot[ops.Operation]
	buf      [64]byte
}

func (e *pingPong) open(t testing.TB, p *platform.Proactor) {
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e.there.pingPong, e.back.pingPong = e, e
	check := ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			t.Error(err)
		}
	})
	l.Accept(&e.back.conn, check)
	p.Connect(&e.there.conn, "tcp", l.Addr().String(), check)
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func (e *pingPong) start() {
	ops.ReadFull(&e.back.conn, e.back.buf[:], (*onRead)(&e.back))
	ops.WriteFull(&e.there.conn, e.there.buf[:], (*onWritten)(&e.there))
}

func (e *pingPong) end(err error) {
	if e.ended { // the other end, by what follows
		return
	}
	e.ended, e.err = true, err
	e.there.conn.Close()
	e.back.conn.Close()
}

type onRead end

func (s *onRead) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onRead) Complete(_ int, err error) {
	e := s.pingPong
	if s == (*onRead)(&e.there) && err == nil {
		e.left--
	}
	if err != nil || e.left <= 0 {
		e.end(err)
		return
	}
	ops.WriteFull(&s.conn, s.buf[:], (*onWritten)(s))
}

type onWritten end

func (s *onWritten) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onWritten) Complete(_ int, err error) {
	if err != nil {
		s.pingPong.end(err)
		return
	}
	ops.ReadFull(&s.conn, s.buf[:], (*onRead)(s))
}

// BenchmarkRead measures a reading: the figures of a proactor with a thousand idle
// connections, and of an allocator of eleven layers, as JSON. The proactor sleeps, so
// most of the time is that of waking it for the probe.
func BenchmarkRead(b *testing.B) {
	for name, options := range map[string][]platform.Option{"single": {platform.SingleRunner()}, "several": nil} {
		b.Run(name, func(b *testing.B) {
			p := open(b, options...)
			pairs := make([]pingPong, 500)
			for i := range pairs {
				pairs[i].open(b, p)
			}
			running(b, p)
			var page inspect.Page
			page.AddProactor("server", p)
			page.AddAllocator("buffers", compose())
			b.ReportAllocs()
			for b.Loop() {
				request(&page, "GET", "/figures.json")
			}
		})
	}
}

// compose returns an allocator with a cache for small buffers and one for large ones.
func compose() allocator.Allocator[byte] {
	small := combinators.NewStats(combinators.NewRecycling(combinators.NewStats(combinators.NewSlab[byte](allocator.Heap[byte]{}, 1<<16)), 1<<14))
	large := combinators.NewStats(combinators.NewRecycling(combinators.NewStats[byte](allocator.Heap[byte]{}), 1<<12))
	return combinators.NewStats(combinators.NewSegregator(small, large, 512))
}
