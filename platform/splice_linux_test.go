//go:build !bsdcalls

package platform_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// splices is a layer that counts what is spliced, where the backend can.
type splices struct {
	backend.Backend
	below backend.Splicer

	taken   atomic.Int64 // how often something was
	written atomic.Int64 // how often, and not given back yet
	waiting atomic.Int64 // how often there was no room for it
	idle    atomic.Bool  // what was started last waits for something to read

	refused atomic.Pointer[syscall.Errno] // is what the next one fails with
}

func (x *splices) Start(s *backend.Socket, op *ops.Operation) bool {
	splices, waits := op.Kind == ops.KindSplice, op.Kind == ops.KindWaitReadable
	x.idle.Store(waits)
	ended := x.Backend.Start(s, op)
	if splices && !ended {
		x.waiting.Add(1)
	}
	return ended
}

func (x *splices) Splices(s *backend.Socket) bool { return x.below.Splices(s) }

func (x *splices) TrySplice(s *backend.Socket, op *ops.Operation) (bool, error) {
	if errno := x.refused.Swap(nil); errno != nil {
		return false, *errno
	}
	taken, err := x.below.TrySplice(s, op)
	if taken {
		x.taken.Add(1)
		x.written.Add(1)
	}
	return taken, err
}

func (x *splices) EndSplice(op *ops.Operation) {
	x.below.EndSplice(op)
	x.written.Add(-1)
}

// eachSplicing is each, with a layer that counts.
func eachSplicing(t *testing.T, test func(*testing.T, *world, *splices)) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			w, x := m.openSplicing(t)
			test(t, w, x)
			w.within("Close", func() { w.Close() })
			if n := x.written.Load(); n != 0 {
				t.Errorf("%d pipes were not given back", n)
			}
		})
	}
}

func (m mode) openSplicing(t *testing.T) (*world, *splices) {
	x := new(splices)
	w := m.open(t, platform.WithLayer(func(b backend.Backend) backend.Backend {
		below, ok := b.(backend.Splicer)
		if !ok {
			return b
		}
		x.Backend, x.below = b, below
		return x
	}))
	return w, x
}

// want checks that something was spliced, where that is possible at all. The fake kqueue has
// the calls of Linux.
func (x *splices) want(t *testing.T, w *world) {
	t.Helper()
	if n, can := x.taken.Load(), w.backend != "portable"; n > 0 != can {
		t.Errorf("something was spliced %d times", n)
	}
}

// feeds has two peers send to each other, a much and b less, and checks what comes.
func feeds(t *testing.T, w *world, a, b ops.Stream, peerA, peerB *net.TCPConn) {
	t.Helper()
	n := max(*pipeBytes, 8<<20)
	if n > 1<<30 {
		peerA.SetDeadline(time.Time{})
		peerB.SetDeadline(time.Time{})
	}
	fa, fb := newFeed(peerA, n, 3), newFeed(peerB, n/3, 5)
	go fa.run()
	go fb.run()
	var pipe ops.Pipe
	var r result
	pipe.Start(a, b, nil, &r)
	w.run()
	<-fa.done
	<-fb.done
	r.want(t, 0, nil)
	if ab, ba := pipe.Copied(); ab != fa.n || ba != fb.n {
		t.Errorf("copied %d and %d bytes, want %d and %d", ab, ba, fa.n, fb.n)
	}
	if fa.sent != nil || fa.end != io.EOF || fb.sent != nil || fb.end != io.EOF {
		t.Errorf("the peers sent with %v and %v, and read up to %v and %v", fa.sent, fb.sent, fa.end, fb.end)
	}
	if fa.came != fb.n || fb.came != fa.n || fa.got != fb.sum || fb.got != fa.sum {
		t.Errorf("%d and %d bytes came, with the sums %x and %x, want %x and %x", fb.came, fa.came, fb.got, fa.got, fa.sum, fb.sum)
	}
}

func TestSplice(t *testing.T) {
	eachSplicing(t, func(t *testing.T, w *world, x *splices) {
		a, peerA := w.peer()
		b, peerB := w.peer()
		feeds(t, w, a, b, peerA, peerB)
		x.want(t, w)
	})
}

// TestSpliceIntoLittleRoom has peers that take little at a time.
func TestSpliceIntoLittleRoom(t *testing.T) {
	eachSplicing(t, func(t *testing.T, w *world, x *splices) {
		a, peerA := w.peer()
		b, peerB := w.peer()
		peerA.SetReadBuffer(64 << 10)
		peerB.SetReadBuffer(64 << 10)
		feeds(t, w, a, b, peerA, peerB)
		x.want(t, w)
	})
}

// A wrapped stream has reads of its own.
type wrapped struct {
	*platform.Conn
	reads, writes int
}

func (c *wrapped) StartRead(op *ops.Operation) {
	c.reads++
	c.Conn.StartRead(op)
}

func (c *wrapped) StartWrite(op *ops.Operation) {
	c.writes++
	c.Conn.StartWrite(op)
}

// TestSpliceNotWrapped copies from and to what only contains a connection, and would be
// passed over.
func TestSpliceNotWrapped(t *testing.T) {
	eachSplicing(t, func(t *testing.T, w *world, x *splices) {
		if w.runners > 1 {
			t.Skip("the wrapped connection counts without a lock")
		}
		a, peerA := w.peer()
		b, peerB := w.peer()
		around := &wrapped{Conn: b}
		feeds(t, w, a, around, peerA, peerB)
		if n := x.taken.Load(); n != 0 || around.writes < 100 || around.reads < 50 {
			t.Errorf("something was spliced %d times; there were %d reads and %d writes", n, around.reads, around.writes)
		}
	})
}

// TestSpliceNotUnix copies from TCP to a unix socket and back.
func TestSpliceNotUnix(t *testing.T) {
	eachSplicing(t, func(t *testing.T, w *world, x *splices) {
		client, a := w.pair()
		path := filepath.Join(t.TempDir(), "s")
		l := w.listen("unix", path)
		var b, server platform.Conn
		var accepted, connected result
		l.Accept(&b, &accepted)
		w.Connect(&server, "unix", path, &connected)
		w.await(&accepted, &connected)
		text := bytes.Repeat(random(5, 1000), 1000)
		var echo ops.Copier
		var echoed, sent, came, piped result
		echoed.then = func() { server.CloseWrite() }
		echo.Copy(&server, &server, nil, &echoed)
		var pipe ops.Pipe
		pipe.Start(a, &b, nil, &piped)
		sent.then = func() { client.CloseWrite() }
		ops.WriteFull(client, text, &sent)
		got := make([]byte, len(text)+1)
		ops.ReadFull(client, got, &came)
		l.Close()
		w.await(&piped, &came)
		came.want(t, len(text), io.ErrUnexpectedEOF)
		if n := x.taken.Load(); n != 0 || !bytes.Equal(got[:len(text)], text) {
			t.Errorf("something was spliced %d times", n)
		}
	})
}

// flood writes a pattern until it fails, and says how much.
func flood(c *net.TCPConn) func() int64 {
	end := make(chan int64)
	go func() {
		buf := make([]byte, 64<<10)
		for at := int64(0); ; {
			for i := range buf {
				buf[i] = patternAt(at + int64(i))
			}
			n, err := c.Write(buf)
			if at += int64(n); err != nil {
				end <- at
				return
			}
		}
	}()
	return func() int64 { return <-end }
}

// patternAt looks different in each part of a stream.
func patternAt(at int64) byte { return byte(at) ^ byte(at>>8)*7 ^ byte(at>>16)*13 }

// awaitInput waits until there are n bytes to read.
func awaitInput(t *testing.T, c *platform.Conn, n int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for end, got := time.Now().Add(patience), 0; got < n; {
		raw.Control(func(fd uintptr) { got, err = unix.IoctlGetInt(int(fd), unix.SIOCINQ) })
		if err != nil || time.Now().After(end) {
			t.Fatalf("%d bytes are there, error %v", got, err)
		}
		runtime.Gosched()
	}
}

// TestSpliceStuck ends a copy while the peer does not take what was spliced. What has
// arrived is what was copied; after a cancellation another copy goes on, behind what was
// lost in between.
func TestSpliceStuck(t *testing.T) {
	for _, how := range []string{"slot", "cancel dst", "timeout", "close dst", "close both", "dst is reset", "src is reset", "abandon"} {
		t.Run(how, func(t *testing.T) {
			round := func(t *testing.T, w *world, x *splices) {
				src, from := w.peer()
				dst, to := w.peer()
				sent := flood(from)
				var memory counting
				var slot ops.CancelSlot
				var copier ops.Copier
				var r result
				h := ops.WithAllocator(ops.WithCancelSlot(&r, &slot), &memory)
				if how == "timeout" {
					h = ops.WithTimeout(h, 300*time.Millisecond)
				}
				awaitInput(t, src, 60_000)
				copier.Copy(dst, src, make([]byte, 16<<10), h)
				// It is stuck when there is no room for what was spliced, and that stays so.
				var ended atomic.Bool
				r.then = func() { ended.Store(true) }
				timer, last, times := w.NewTimer(), int64(0), 0
				var look ops.HandlerFunc
				look = func(int, error) {
					if ended.Load() {
						return
					}
					times++
					if now := x.taken.Load(); now != last {
						last, times = now, 0
					}
					if times < 20 || x.below != nil && x.waiting.Load() == 0 && times < 200 {
						timer.Wait(time.Millisecond, look)
						return
					}
					switch how {
					case "slot":
						slot.Cancel()
					case "cancel dst":
						dst.Cancel()
					case "close dst":
						dst.Close()
					case "close both":
						src.Close()
						dst.Close()
					case "dst is reset":
						to.SetLinger(0)
						to.Close()
					case "src is reset":
						from.SetLinger(0)
						from.Close()
						all := received(to) // which makes room
						go all()
					case "abandon":
						w.Stop()
					}
				}
				if how != "timeout" {
					timer.Wait(time.Millisecond, look)
				}
				if how == "abandon" {
					w.run()
					w.within("Close", func() { w.Close() })
					from.Close()
					to.Close()
					sent()
					if r.calls != 0 {
						t.Errorf("the handler was called with (%d, %v)", r.n, r.err)
					}
					memory.check(t)
					return
				}
				w.await(&r)
				want := map[string]error{"slot": ops.ErrCanceled, "cancel dst": ops.ErrCanceled, "timeout": os.ErrDeadlineExceeded,
					"close dst": net.ErrClosed, "close both": net.ErrClosed, "src is reset": syscall.ECONNRESET, "dst is reset": syscall.ECONNRESET}[how]
				if r.calls != 1 || !errors.Is(r.err, want) && !(how == "dst is reset" && errors.Is(r.err, syscall.EPIPE)) {
					t.Fatalf("called %d times, with %v, want %v", r.calls, r.err, want)
				}
				if int64(r.n) != copier.Copied() {
					t.Errorf("told %d bytes, and Copied is %d", r.n, copier.Copied())
				}
				switch how {
				case "slot", "cancel dst", "timeout":
					all := received(to)
					from.CloseWrite() // the flood ends with an error
					n := sent()
					var on result
					first := copier.Copied()
					copier.Copy(dst, src, make([]byte, 32<<10), &on)
					w.await(&on)
					dst.CloseWrite()
					got, err := all()
					if err != nil || on.err != nil || int64(len(got)) != first+copier.Copied() {
						t.Fatalf("%d bytes came (%v), want %d and then %d (%v)", len(got), err, first, copier.Copied(), on.err)
					}
					if lost := n - int64(len(got)); lost < 0 || lost > 1<<20 {
						t.Errorf("%d bytes were lost", lost)
					} else {
						for i, b := range got {
							at := int64(i)
							if at >= first {
								at += lost
							}
							if b != patternAt(at) {
								t.Fatalf("byte %d is wrong; %d were copied first, and %d lost", i, first, lost)
							}
						}
					}
				case "close dst", "close both":
					all := received(to)
					got, err := all()
					if err != nil || int64(len(got)) != copier.Copied() {
						t.Errorf("%d bytes came (%v), want %d", len(got), err, copier.Copied())
					}
					for i, b := range got {
						if b != patternAt(int64(i)) {
							t.Fatalf("byte %d is wrong", i)
						}
					}
				}
				src.Close()
				dst.Close()
				from.Close()
				to.Close()
				if how != "slot" && how != "cancel dst" && how != "timeout" {
					sent()
				}
				memory.check(t)
			}
			for _, m := range modes() {
				t.Run(m.String(), func(t *testing.T) {
					first, _ := m.openSplicing(t)
					first.pair()
					first.Close()
					check := keepsDescriptors(t)
					w, x := m.openSplicing(t)
					round(t, w, x)
					w.within("Close", func() { w.Close() })
					if n := x.written.Load(); n != 0 {
						t.Errorf("%d pipes were not given back", n)
					}
					x.want(t, w)
					check("a copy")
				})
			}
		})
	}
}

// TestSpliceWaits ends a copy that waits for more to splice.
func TestSpliceWaits(t *testing.T) {
	for _, how := range []string{"end", "slot", "cancel src", "deadline", "close src", "src is reset", "abandon"} {
		t.Run(how, func(t *testing.T) {
			eachSplicing(t, func(t *testing.T, w *world, x *splices) {
				src, from := w.peer()
				dst, to := w.peer()
				var came atomic.Int64
				read := make(chan error, 1)
				go func() {
					buf := make([]byte, 64<<10)
					for {
						n, err := to.Read(buf)
						came.Add(int64(n))
						if err != nil {
							read <- err
							return
						}
					}
				}()
				more := make(chan int, 1)
				wrote := make(chan struct{})
				go func() {
					defer close(wrote)
					for n := range more {
						from.Write(make([]byte, n))
					}
				}()
				var memory counting
				var slot ops.CancelSlot
				var copier ops.Copier
				var r result
				var ended atomic.Bool
				r.then = func() { ended.Store(true) }
				copier.Copy(dst, src, make([]byte, 16<<10), ops.WithAllocator(ops.WithCancelSlot(&r, &slot), &memory))
				// The last splice of a part may be a short one. Then a read follows, and another part
				// is worth a try.
				const part, parts, last = 4 << 20, 50, 1000
				timer, sent, quiet := w.NewTimer(), int64(0), 0
				var waits atomic.Bool
				var look ops.HandlerFunc
				look = func(int, error) {
					if ended.Load() {
						return
					}
					if quiet++; came.Load() < sent {
						quiet = 0
					}
					switch {
					case quiet < 3:
					case sent < part || sent < parts*part && x.below != nil && !x.idle.Load():
						sent, quiet = sent+part, 0
						more <- part
					default:
						waits.Store(x.idle.Load())
						switch how {
						case "end":
							sent += last
							more <- last
							close(more)
							go func() { <-wrote; from.CloseWrite() }()
						case "slot":
							slot.Cancel()
						case "cancel src":
							src.Cancel()
						case "deadline":
							src.SetReadDeadline(time.Now().Add(-time.Second))
						case "close src":
							src.Close()
						case "src is reset":
							from.SetLinger(0)
							from.Close()
						case "abandon":
							w.Stop()
						}
						return
					}
					timer.Wait(time.Millisecond, look)
				}
				timer.Wait(time.Millisecond, look)
				if how == "abandon" {
					w.run()
					w.within("Close", func() { w.Close() })
					if r.calls != 0 {
						t.Errorf("the handler was called with (%d, %v)", r.n, r.err)
					}
				} else {
					w.await(&r)
					want := map[string]error{"slot": ops.ErrCanceled, "cancel src": ops.ErrCanceled, "deadline": os.ErrDeadlineExceeded,
						"close src": net.ErrClosed, "src is reset": syscall.ECONNRESET}[how]
					if r.calls != 1 || !errors.Is(r.err, want) || int64(r.n) != sent || copier.Copied() != sent {
						t.Errorf("called %d times, with (%d, %v), want (%d, %v); Copied is %d", r.calls, r.n, r.err, sent, want, copier.Copied())
					}
					src.Close()
					dst.Close()
				}
				if err := <-read; err != io.EOF || came.Load() != sent {
					t.Errorf("%d bytes came (%v), want %d", came.Load(), err, sent)
				}
				if how != "end" {
					close(more)
				}
				memory.check(t)
				if x.below != nil && !waits.Load() {
					t.Errorf("nothing is waited for after %d bytes", sent)
				}
			})
		})
	}
}

// TestSpliceFewDescriptors has none left for a pipe, and copies.
func TestSpliceFewDescriptors(t *testing.T) {
	if !apart(t, nil) {
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 100, Max: 100}); err != nil {
		t.Fatal(err)
	}
	for left := range 2 {
		t.Run(fmt.Sprint(left), func(t *testing.T) {
			eachSplicing(t, func(t *testing.T, w *world, x *splices) {
				a, peerA := w.peer()
				b, peerB := w.peer()
				w.await(w.posted())
				_, free := allBut(t, left)
				defer free()
				feeds(t, w, a, b, peerA, peerB)
				if n := x.taken.Load(); n != 0 {
					t.Errorf("something was spliced %d times", n)
				}
			})
		})
	}
}

// TestTrySpliceRefused has a splice fail before it has taken anything: the copy ends with that
// error, and the next one goes on where it has ended.
func TestTrySpliceRefused(t *testing.T) {
	const size = 4 << 20
	eachSplicing(t, func(t *testing.T, w *world, x *splices) {
		if x.below == nil {
			t.Skip("nothing is spliced here")
		}
		a, from := w.peer()
		b, to := w.peer()
		go func() {
			all := make([]byte, size)
			for i := range all {
				all[i] = patternAt(int64(i))
			}
			from.Write(all)
			from.CloseWrite()
		}()
		got := make(chan []byte)
		go func() {
			all, err := io.ReadAll(to)
			if err != nil {
				t.Error(err)
			}
			got <- all
		}()
		var memory counting
		var copier ops.Copier
		copied := int64(0)
		for _, errno := range []syscall.Errno{unix.ENOMEM, unix.EIO} {
			awaitInput(t, a, 60_000) // so that reads are long enough for a splice to be tried
			x.refused.Store(&errno)
			var r result
			copier.Copy(b, a, make([]byte, 16<<10), ops.WithAllocator(&r, &memory))
			w.await(&r)
			r.want(t, r.n, errno)
			copied += copier.Copied()
		}
		var rest result
		copier.Copy(b, a, make([]byte, 16<<10), ops.WithAllocator(&rest, &memory))
		w.await(&rest)
		rest.want(t, rest.n, nil)
		if copied += copier.Copied(); copied != size {
			t.Errorf("%d bytes were copied, want %d", copied, size)
		}
		b.Close()
		all := <-got
		if len(all) != size {
			t.Errorf("%d bytes have arrived, want %d", len(all), size)
		}
		for i, c := range all {
			if c != patternAt(int64(i)) {
				t.Fatalf("byte %d is %d, want %d", i, c, patternAt(int64(i)))
			}
		}
		memory.check(t)
	})
}

// TestSpliceUrgent has urgent data between the others, at which a splice stops.
func TestSpliceUrgent(t *testing.T) {
	eachSplicing(t, func(t *testing.T, w *world, x *splices) {
		a, peerA := w.peer()
		b, peerB := w.peer()
		all := received(peerB)
		var copier ops.Copier
		var r result
		raw, err := peerA.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		part := bytes.ReplaceAll(random(3, 4000), []byte("!"), []byte("?"))
		const parts = 50
		for i := range parts {
			if _, err := peerA.Write(part); err != nil {
				t.Fatal(err)
			}
			if i == parts-1 {
				break
			}
			raw.Control(func(fd uintptr) { err = unix.Sendto(int(fd), []byte("!"), unix.MSG_OOB, nil) })
			if err != nil {
				t.Fatal(err)
			}
		}
		peerA.CloseWrite()
		copier.Copy(b, a, make([]byte, 16<<10), &r)
		w.await(&r)
		b.CloseWrite()
		got, err := all()
		// Only the last urgent byte is out of the stream; the others are in it then.
		got = bytes.ReplaceAll(got, []byte("!"), nil)
		if want := bytes.Repeat(part, parts); r.err != nil || err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes came, want %d, errors %v and %v", len(got), len(want), r.err, err)
		}
		x.want(t, w)
	})
}

// TestSpliceRefused asks for splices to and from what cannot take part in one.
func TestSpliceRefused(t *testing.T) {
	eachSplicing(t, func(t *testing.T, w *world, x *splices) {
		c, _ := w.pair()
		can := w.backend != "portable"
		check := func(when string, want bool) {
			t.Helper()
			if is := platform.Splices(c); is != want {
				t.Errorf("%s: %v", when, is)
			}
		}
		check("open", can)
		c.SetWriteDeadline(time.Now().Add(-time.Second))
		check("past its deadline", false)
		c.SetDeadline(time.Time{})
		c.SetReadDeadline(time.Now().Add(-time.Second))
		check("past that of reads", can)
		var never, other platform.Conn
		if never.TrySplice(&never, &other, new(ops.Operation)) || never.TrySplice(&never, c, new(ops.Operation)) ||
			c.TrySplice(c, &never, new(ops.Operation)) {
			t.Error("something was taken from or for a connection that was never opened")
		}
		c.Close()
		check("closed", false)
	})
}
