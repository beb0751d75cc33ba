package platform_test

import (
	"bytes"
	"errors"
	"flag"
	"hash/crc32"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

var pipeBytes = flag.Int64("pipe.bytes", 4<<20, "how many bytes TestPipeMoves moves one way, and a third of it the other")

// A feed is a peer that sends so many bytes, then its end, and reads until the end of
// the other.
type feed struct {
	conn      *net.TCPConn
	n         int64
	seed      byte
	sum, got  uint32
	came      int64
	sent, end error
	done      chan struct{}
}

func newFeed(conn *net.TCPConn, n int64, seed byte) *feed {
	return &feed{conn: conn, n: n, seed: seed, done: make(chan struct{})}
}

func (f *feed) run() {
	defer close(f.done)
	sending := make(chan struct{})
	go func() {
		defer close(sending)
		buf := make([]byte, 96<<10)
		for at := int64(0); at < f.n && f.sent == nil; {
			b := buf[:min(int64(len(buf)), f.n-at)]
			for i := range b {
				b[i] = f.seed + byte(i) + byte(at>>9)
			}
			f.sum = crc32.Update(f.sum, crc32.IEEETable, b)
			_, f.sent = f.conn.Write(b)
			at += int64(len(b))
		}
		f.conn.CloseWrite()
	}()
	buf := make([]byte, 96<<10)
	for f.end == nil {
		var n int
		n, f.end = f.conn.Read(buf)
		f.came += int64(n)
		f.got = crc32.Update(f.got, crc32.IEEETable, buf[:n])
	}
	<-sending
}

// TestPipeMoves has a proxy between two peers that send to each other, and end at
// different times.
func TestPipeMoves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, peerA := w.peer()
		b, peerB := w.peer()
		if *pipeBytes > 1<<30 {
			peerA.SetDeadline(time.Time{})
			peerB.SetDeadline(time.Time{})
		}
		fa, fb := newFeed(peerA, *pipeBytes, 3), newFeed(peerB, *pipeBytes/3, 5)
		go fa.run()
		go fb.run()
		var memory counting
		var pipe ops.Pipe
		var r result
		pipe.Start(a, b, nil, ops.WithAllocator(&r, &memory))
		r.later(t)
		w.run()
		<-fa.done
		<-fb.done
		r.want(t, 0, nil)
		if ab, ba := pipe.Copied(); ab != fa.n || ba != fb.n {
			t.Errorf("copied %d and %d bytes, want %d and %d", ab, ba, fa.n, fb.n)
		}
		for _, f := range []*feed{fa, fb} {
			if f.sent != nil || f.end != io.EOF {
				t.Errorf("a peer sent with %v and read up to %v", f.sent, f.end)
			}
		}
		if fa.came != fb.n || fb.came != fa.n || fa.got != fb.sum || fb.got != fa.sum {
			t.Errorf("%d and %d bytes came, with the sums %x and %x, want %x and %x", fb.came, fa.came, fb.got, fa.got, fa.sum, fb.sum)
		}
		if memory.total != 0 {
			t.Errorf("%d operations came from the handler's allocator: a pipe has its own", memory.total)
		}
	})
}

// TestPipeHalfClosed sends a question, its end, and only then gets the answer.
func TestPipeHalfClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client, a := w.pair()
		b, server := w.pair()
		var pipe ops.Pipe
		var done, asked, question, answered, answer result
		pipe.Start(a, b, make([]byte, 16), &done)
		got, reply := make([]byte, 100), make([]byte, 100)
		asked.then = func() { client.CloseWrite() }
		ops.WriteFull(client, []byte("a question longer than the buffer"), &asked)
		ops.ReadFull(client, reply, &answer)
		question.then = func() { ops.WriteFull(server, []byte("an answer"), &answered) }
		answered.then = func() { server.CloseWrite() }
		ops.ReadFull(server, got, &question)
		w.run()
		question.want(t, 33, io.ErrUnexpectedEOF)
		answer.want(t, 9, io.ErrUnexpectedEOF)
		done.want(t, 0, nil)
		if ab, ba := pipe.Copied(); ab != 33 || ba != 9 {
			t.Errorf("copied %d and %d", ab, ba)
		}
	})
}

// TestPipeEnds ends a pipe that has something outstanding each way.
func TestPipeEnds(t *testing.T) {
	for _, how := range []string{"cancel", "close", "cancel all on one", "reset", "timeout", "abandon"} {
		t.Run(how, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				a, peerA := w.peer()
				b, _ := w.peer()
				var pipe ops.Pipe
				var slot ops.CancelSlot
				var r result
				bufs := combinators.NewStats[byte](combinators.NewThreadSafe[byte](allocator.Heap[byte]{}))
				h := ops.WithAllocator[byte](ops.WithCancelSlot(&r, &slot), bufs)
				if how == "timeout" {
					h = ops.WithTimeout(h, time.Millisecond)
				}
				pipe.Start(a, b, nil, h)
				r.later(t)
				ops.Post(w, ops.HandlerFunc(func(int, error) {
					switch how {
					case "cancel":
						slot.Cancel()
					case "close":
						b.Close()
					case "cancel all on one":
						a.Cancel()
					case "reset":
						peerA.SetLinger(0)
						peerA.Close()
					case "abandon":
						w.Stop()
					}
				}))
				w.run()
				if how == "abandon" {
					w.within("Close", func() { w.Close() })
					if r.calls != 0 {
						t.Errorf("the handler was called with (%d, %v)", r.n, r.err)
					}
				} else {
					want := map[string]error{"timeout": os.ErrDeadlineExceeded, "close": net.ErrClosed, "reset": r.err}[how]
					if want == nil {
						want = ops.ErrCanceled
					}
					if r.calls != 1 || !errors.Is(r.err, want) {
						t.Errorf("called %d times, with %v, want %v", r.calls, r.err, want)
					}
				}
				if n := bufs.Counts().Live; n != 0 {
					t.Errorf("%d blocks of bytes alive", n)
				}
			})
		})
	}
}

// TestCopyStuck cancels or closes a copy whose write the peer does not take.
func TestCopyStuck(t *testing.T) {
	for _, how := range []string{"cancel dst", "cancel slot", "close dst", "close src and dst", "abandon"} {
		t.Run(how, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				src, peer := w.peer()
				dst, _ := w.peer()
				go func() {
					buf := make([]byte, 64<<10)
					for {
						if _, err := peer.Write(buf); err != nil {
							return
						}
					}
				}()
				var memory counting
				var slot ops.CancelSlot
				var copier ops.Copier
				var ended atomic.Bool
				r := result{then: func() { ended.Store(true) }}
				copier.Copy(dst, src, make([]byte, 64<<10), ops.WithAllocator(ops.WithCancelSlot(&r, &slot), &memory))
				timer := w.NewTimer()
				var end ops.HandlerFunc
				end = func(int, error) {
					switch how {
					case "cancel dst":
						if dst.Cancel(); !ended.Load() { // nothing may have been written yet
							timer.Wait(time.Millisecond, end)
						}
					case "cancel slot":
						slot.Cancel()
					case "close dst":
						dst.Close()
					case "close src and dst":
						src.Close()
						dst.Close()
					case "abandon":
						w.Stop()
					}
				}
				timer.Wait(time.Millisecond, end)
				w.run()
				switch how {
				case "abandon":
					w.within("Close", func() { w.Close() })
					if r.calls != 0 {
						t.Errorf("the handler was called with (%d, %v)", r.n, r.err)
					}
				case "cancel dst", "cancel slot":
					if r.calls != 1 || r.err != ops.ErrCanceled {
						t.Errorf("called %d times, with %v", r.calls, r.err)
					}
				default:
					if r.calls != 1 || !errors.Is(r.err, net.ErrClosed) {
						t.Errorf("called %d times, with %v", r.calls, r.err)
					}
				}
				if r.calls == 1 && int64(r.n) != copier.Copied() {
					t.Errorf("told %d bytes, and Copied is %d", r.n, copier.Copied())
				}
				src.Close()
				memory.check(t)
			})
		})
	}
}

// TestCopyBetweenProactors copies from a connection of one proactor to one of another.
func TestCopyBetweenProactors(t *testing.T) {
	for _, b := range platform.Backends() {
		t.Run(b, func(t *testing.T) {
			m := mode{backend: b, runners: 1}
			w, w2 := m.open(t), m.open(t)
			from, src := w.pair()
			dst, to := w2.pair()
			text := bytes.Repeat([]byte("text "), 100_000)
			got := make([]byte, len(text)+1)
			var copier ops.Copier
			var sent, copied, read result
			sent.then = func() { from.CloseWrite() }
			ops.WriteFull(from, text, &sent)
			copied.then = func() { dst.CloseWrite() }
			copier.Copy(dst, src, make([]byte, 4096), &copied)
			ops.ReadFull(to, got, &read)
			hold, hold2 := w.Hold(), w2.Hold()
			read.stop = func() { hold.Release(); hold2.Release() }
			done := make(chan struct{})
			go func() { defer close(done); w2.run() }()
			w.run()
			<-done
			copied.want(t, len(text), nil)
			read.want(t, len(text), io.ErrUnexpectedEOF)
			if !bytes.Equal(got[:len(text)], text) {
				t.Error("other bytes came than were sent")
			}
		})
	}
}
