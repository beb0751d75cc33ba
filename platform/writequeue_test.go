package platform_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// TestWriteVectoredFullOfConn writes more than the kernel takes, and more buffers than
// one operation does, to a peer that reads.
func TestWriteVectoredFullOfConn(t *testing.T) {
	const size = 2 << 20
	sent := random(11, size)
	for name, atMost := range map[string]int{"small": 500, "large": 400_000} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				a, b := w.pair()
				var memory counting
				var wrote, read result
				bufs := cut(12, sent, atMost)
				before := len(bufs)
				got := make([]byte, size)
				wrote.then = func() { a.CloseWrite() }
				ops.WriteVectoredFull(a, bufs, ops.WithAllocator(&wrote, &memory))
				wrote.later(t)
				ops.ReadFull(b, got, &read)
				w.run()
				wrote.want(t, size, nil)
				read.want(t, size, nil)
				if !bytes.Equal(got, sent) || len(bufs) != before || !bytes.Equal(bytes.Join(bufs, nil), sent) {
					t.Error("other bytes came than were sent, or the list has changed")
				}
				if memory.total != 1 {
					t.Errorf("%d blocks, want one", memory.total)
				}
				memory.check(t)
			})
		})
	}
}

// queues are the two kinds of writer with a queue: each writes p, and calls h when that
// is over.
var queues = map[string]func(c ops.Writer, limit int, bytes allocator.Allocator[byte]) func(p []byte, h ops.Handler) (ok bool){
	"BufferedWriter": func(c ops.Writer, limit int, bytes allocator.Allocator[byte]) func([]byte, ops.Handler) bool {
		b := ops.NewBufferedWriter(c, limit, bytes)
		return func(p []byte, h ops.Handler) bool {
			if b.Append(p) != nil {
				return false
			}
			b.Flush(h)
			return true
		}
	},
	"WriteQueue": func(c ops.Writer, limit int, _ allocator.Allocator[byte]) func([]byte, ops.Handler) bool {
		q := ops.NewWriteQueue(c, limit)
		return func(p []byte, h ops.Handler) bool {
			if q.Buffered()+len(p) > limit {
				return false
			}
			q.Write(p, h)
			return true
		}
	},
}

// eachQueue runs a test on every backend with both kinds.
func eachQueue(t *testing.T, test func(t *testing.T, w *world, queue func(ops.Writer, int, allocator.Allocator[byte]) func([]byte, ops.Handler) bool)) {
	for name, queue := range queues {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) { test(t, w, queue) })
		})
	}
}

// TestQueueKeepsOrder writes from several chains, whose pieces come whole and those of
// each in order.
func TestQueueKeepsOrder(t *testing.T) {
	eachQueue(t, func(t *testing.T, w *world, queue func(ops.Writer, int, allocator.Allocator[byte]) func([]byte, ops.Handler) bool) {
		const writers, pieces, size = 5, 100, 1000
		a, b := w.pair()
		write := queue(a, 1<<20, nil)
		var left atomic.Int32
		left.Store(writers)
		for i := range writers {
			at := 0
			p := make([]byte, size)
			var next ops.HandlerFunc
			next = func(n int, err error) {
				if err != nil {
					t.Error(err)
				}
				if at == pieces {
					if left.Add(-1) == 0 {
						a.CloseWrite()
					}
					return
				}
				for k := range p {
					p[k] = byte(i)
				}
				p[1], at = byte(at), at+1
				if !write(p, next) {
					t.Error("refused")
				}
			}
			ops.Post(w, next)
		}
		got := make([]byte, writers*pieces*size)
		var read result
		ops.ReadFull(b, got, &read)
		w.run()
		read.want(t, len(got), nil)
		var next [writers]byte
		for len(got) > 0 {
			p := got[:size]
			got = got[size:]
			i := p[0]
			if i >= writers || p[1] != next[i] || bytes.Count(p, p[:1]) < size-1 {
				t.Fatalf("a piece is of %d, with number %d, want %d, or it is mixed", i, p[1], next)
			}
			next[i]++
		}
	})
}

var stuffing = make([]byte, 16<<20)

// TestQueueOfAPeerThatDoesNotRead fills the queue to its limit, and ends it in several
// ways. Nobody is forgotten.
func TestQueueOfAPeerThatDoesNotRead(t *testing.T) {
	for _, how := range []string{"close", "cancel", "abandon", "reset"} {
		t.Run(how, func(t *testing.T) {
			eachQueue(t, func(t *testing.T, w *world, queue func(ops.Writer, int, allocator.Allocator[byte]) func([]byte, ops.Handler) bool) {
				a, peer := w.peer()
				bufs := combinators.NewStats[byte](combinators.NewThreadSafe[byte](allocator.Heap[byte]{}))
				const limit = 8000
				var before result // more than the kernel takes
				ops.WriteFull(a, stuffing, &before)
				write := queue(a, limit, bufs)
				piece := make([]byte, 1000)
				var asked, told, failed, late atomic.Int32
				var memory counting
				h := ops.WithAllocator(ops.HandlerFunc(func(n int, err error) {
					if told.Add(1); err != nil {
						failed.Add(1)
					}
				}), &memory)
				timer := w.NewTimer()
				var cancel ops.HandlerFunc
				cancel = func(int, error) {
					if told.Load() < asked.Load() { // it may have met a write that was over
						a.Cancel()
						timer.Wait(time.Millisecond, cancel)
					}
				}
				ops.Post(w, ops.HandlerFunc(func(int, error) {
					for range 40 {
						if !write(piece, h) {
							break
						}
						asked.Add(1)
					}
					// With several runners some may be written meanwhile.
					if n := asked.Load(); w.runners == 0 && n != limit/int32(len(piece)) {
						t.Errorf("%d writes were taken", n)
					}
					switch how {
					case "close":
						a.Close()
					case "cancel":
						cancel(0, nil)
					case "abandon":
						w.Stop()
					case "reset":
						peer.SetLinger(0)
						peer.Close()
					}
				}))
				w.run()
				if how == "abandon" {
					w.within("Close", func() { w.Close() })
				} else if told.Load() != asked.Load() || how == "close" && w.runners == 0 && failed.Load() == 0 {
					t.Errorf("%d handlers of %d were called, %d with an error", told.Load(), asked.Load(), failed.Load())
				}
				if how == "close" || how == "reset" {
					var r result
					if write([]byte{1}, &r) {
						w.run()
						if late.Add(1); r.calls != 1 || r.err == nil {
							t.Errorf("a later write: %d calls, %v", r.calls, r.err)
						}
					}
				}
				memory.check(t)
				if n := bufs.Counts().Live; n != 0 {
					t.Errorf("%d blocks of bytes alive", n)
				}
			})
		})
	}
}

// TestQueueBackpressure has a producer that is quicker than its peer and goes on when
// there is room.
func TestQueueBackpressure(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const size = 8 << 20
		a, peer := w.peer()
		sent := random(13, size)
		got := make(chan []byte, 1)
		go func() {
			all, _ := io.ReadAll(peer)
			got <- all
		}()
		b := ops.NewBufferedWriter(a, 64<<10, nil)
		at := 0
		var end result
		end.then = func() { a.Close() }
		var produce ops.HandlerFunc
		produce = func(_ int, err error) {
			for at < size && err == nil {
				n := min(1000, size-at)
				if err = b.Append(sent[at : at+n]); errors.Is(err, ops.ErrQueueFull) {
					b.WhenRoom(10_000, produce)
					return
				}
				at += n
			}
			if err != nil {
				t.Error(err)
			}
			b.Flush(&end)
		}
		produce(0, nil)
		w.run()
		end.want(t, 0, nil)
		select {
		case all := <-got:
			if !bytes.Equal(all, sent) {
				t.Errorf("%d bytes came, or others than were sent", len(all))
			}
		case <-time.After(patience):
			t.Error("the peer did not come to the end")
		}
		if err := a.Close(); err != net.ErrClosed {
			t.Errorf("Close: %v", err)
		}
	})
}
