package platform_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// cut returns b as buffers of random sizes, some of them empty.
func cut(seed uint64, b []byte, atMost int) (bufs [][]byte) {
	sizes := random(seed, 4096)
	for i := 0; len(b) > 0; i++ {
		n := 0
		if sizes[i%len(sizes)]%8 != 0 {
			n = min(len(b), 1+int(sizes[i%len(sizes)])*atMost/256)
		}
		bufs = append(bufs, b[:n:n])
		b = b[n:]
	}
	return bufs
}

// past returns what is left of buffers after n bytes. It changes the list.
func past(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if len(bufs) > 0 {
		bufs[0] = bufs[0][n:]
	}
	return bufs
}

func TestVectored(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var read, wrote result
		first, second := make([]byte, 5), make([]byte, 100)
		in := [][]byte{nil, first, {}, second}
		out := [][]byte{{}, []byte("hel"), nil, []byte("lo, wor"), []byte("ld")}
		wantIn, wantOut := slices.Clone(in), slices.Clone(out)
		a.ReadVectored(in, &read)
		b.WriteVectored(out, &wrote)
		read.later(t)
		wrote.later(t)
		w.run()
		wrote.want(t, 12, nil)
		if w.backend != "portable" {
			read.want(t, 12, nil)
		} else { // package net reads into the first buffer only
			read.want(t, 5, nil)
			var rest result
			a.ReadVectored([][]byte{second}, &rest)
			w.run()
			rest.want(t, 7, nil)
		}
		if s := string(first) + string(second[:7]); s != "hello, world" {
			t.Errorf("read %q", s)
		}
		for i := range wantIn {
			if len(in[i]) != len(wantIn[i]) {
				t.Errorf("buffer %d of the list to read into has changed", i)
			}
		}
		for i := range wantOut {
			if !bytes.Equal(out[i], wantOut[i]) {
				t.Errorf("buffer %d of the list to write has changed", i)
			}
		}
	})
}

// TestVectoredStream moves a stream in lists of buffers of random sizes, some of
// them with more bytes than one operation transfers and some with more buffers.
func TestVectoredStream(t *testing.T) {
	const size = 4 << 20
	sent := random(7, size)
	for name, atMost := range map[string]int{"tiny": 3, "small": 2000, "large": 400_000} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				size := min(size, min(atMost, 1000)*20_000)
				a, b := w.pair()
				got := make([]byte, size)
				in, out := cut(8, got, atMost), cut(9, sent[:size], atMost)
				var read, write func(n int, err error)
				total := 0
				read = func(n int, err error) {
					if total += n; err == io.EOF && n == 0 {
						return
					}
					if err != nil || n == 0 && total > 0 {
						t.Errorf("after %d bytes a read was told %d, %v", total, n, err)
						return
					}
					if in = past(in, n); len(in) == 0 {
						in = [][]byte{make([]byte, 1)}
					}
					a.ReadVectored(in, ops.HandlerFunc(read))
				}
				write = func(n int, err error) {
					if err != nil {
						t.Errorf("a write was told %d, %v", n, err)
					}
					if out = past(out, n); len(out) == 0 {
						b.Close()
						return
					}
					b.WriteVectored(out, ops.HandlerFunc(write))
				}
				read(0, nil)
				write(0, nil)
				w.run()
				if total != size || !bytes.Equal(got, sent[:size]) {
					t.Errorf("%d bytes arrived of %d, or not those that were sent", total, size)
				}
			})
		})
	}
}

// TestVectoredMixed reads what has come with plain reads and vectored ones.
func TestVectoredMixed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var wrote, one, many, rest result
		ops.WriteFull(b, []byte("abcdefgh"), &wrote)
		wrote.then = func() { b.CloseWrite() }
		x, y := make([]byte, 1), make([]byte, 4)
		ops.ReadFull(a, x, &one)
		a.ReadVectored([][]byte{y[:2]}, &many)
		w.run()
		one.want(t, 1, nil)
		many.want(t, 2, nil)
		got := make([]byte, 20)
		ops.ReadFull(a, got, &rest)
		w.run()
		rest.want(t, 5, io.ErrUnexpectedEOF)
		if s := string(x) + string(y[:2]) + string(got[:5]); s != "abcdefgh" {
			t.Errorf("read %q", s)
		}
		var end result
		a.ReadVectored([][]byte{x}, &end)
		w.run()
		end.want(t, 0, io.EOF)
	})
}

func TestVectoredNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var wrote result
		b.Write([]byte{1}, &wrote)
		for _, bufs := range [][][]byte{nil, {}, {nil}, {{}, nil, {}}, make([][]byte, 5000)} {
			var read, written result
			a.ReadVectored(bufs, &read)
			a.WriteVectored(bufs, &written)
			read.later(t)
			written.later(t)
			w.run()
			read.want(t, 0, nil)
			written.want(t, 0, nil)
		}
		// What is not empty is found behind any number of buffers that are.
		var read result
		buf := make([]byte, 1)
		a.ReadVectored(append(make([][]byte, 5000), buf), &read)
		w.run()
		read.want(t, 1, nil)
	})
}

func TestVectoredErrors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var slot ops.CancelSlot
		buf := make([]byte, 1)
		bufs := [][]byte{buf, make([]byte, 64<<10)}
		var canceled, all, late, echoed, closed, after, wrote result
		a.ReadVectored(bufs, ops.WithCancelSlot(&canceled, &slot))
		slot.Cancel()
		w.run()
		canceled.want(t, 0, ops.ErrCanceled)
		a.ReadVectored(bufs, &all)
		ops.Post(w, ops.HandlerFunc(func(int, error) { a.Cancel() }))
		w.run()
		all.want(t, 0, ops.ErrCanceled)
		a.ReadVectored(bufs, ops.WithTimeout(&late, time.Millisecond))
		w.run()
		late.want(t, 0, os.ErrDeadlineExceeded)
		a.ReadVectored(bufs, &echoed)
		b.Write([]byte{1}, &wrote)
		w.run()
		echoed.want(t, 1, nil)
		a.ReadVectored(bufs, &closed)
		a.Close()
		w.run()
		closed.want(t, 0, net.ErrClosed)
		a.WriteVectored(bufs, &after)
		w.run()
		after.want(t, 0, net.ErrClosed)
	})
}

// TestVectoredWriteStuck cancels, closes and abandons a write that the peer does
// not take.
func TestVectoredWriteStuck(t *testing.T) {
	for _, how := range []string{"cancel", "close", "abandon"} {
		t.Run(how, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				a, _ := w.peer()
				var memory counting
				var r result
				var ended atomic.Bool
				bufs := cut(10, make([]byte, 8<<20), 100_000)
				var write ops.HandlerFunc
				write = func(n int, err error) {
					if err != nil {
						ended.Store(true)
						r.Complete(n, err)
						return
					}
					a.WriteVectored(bufs, ops.WithAllocator(write, &memory))
				}
				write(0, nil)
				timer := w.NewTimer()
				var end ops.HandlerFunc
				end = func(int, error) {
					switch how {
					case "cancel":
						a.Cancel()
						if !ended.Load() { // it may have met a write that had got further
							timer.Wait(20*time.Millisecond, end)
						}
					case "close":
						a.Close()
					case "abandon":
						w.Close()
					}
				}
				timer.Wait(20*time.Millisecond, end)
				switch how {
				case "cancel":
					w.run()
					if r.calls != 1 || r.err != ops.ErrCanceled {
						t.Errorf("%d calls, the last with (%d, %v)", r.calls, r.n, r.err)
					}
				case "close":
					w.run()
					r.want(t, r.n, net.ErrClosed)
				case "abandon":
					w.runErr()
					w.within("Close", func() { w.Close() })
					if r.calls != 0 {
						t.Errorf("the handler was called with (%d, %v)", r.n, r.err)
					}
				}
				memory.check(t)
			})
		})
	}
}
