package platform_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// spawn runs f as a coroutine, to its end if the world runs, and checks its result.
func (w *world) spawn(f func(co *platform.Co) error) *result {
	r := new(result)
	w.Spawn(r, f)
	return r
}

// ignored is the handler of what a test learns of otherwise.
var ignored ops.Handler = ops.HandlerFunc(func(int, error) {})

// TestCoroutines has a client and a server that read as straight code.
func TestCoroutines(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		defer l.Close()
		server := w.spawn(func(co *platform.Co) error {
			var c platform.Conn
			if err := co.Accept(l, &c); err != nil {
				return err
			}
			defer c.Close()
			buf := make([]byte, 4096)
			for {
				n, err := co.Read(&c, buf)
				if err == io.EOF {
					return nil
				}
				if err != nil {
					return err
				}
				if _, err := co.Write(&c, buf[:n]); err != nil {
					return err
				}
			}
		})
		want := bytes.Repeat([]byte("heirloom"), 10_000)
		client := w.spawn(func(co *platform.Co) error {
			var c platform.Conn
			if err := co.Dial(&c, "tcp", l.Addr().String()); err != nil {
				return err
			}
			defer c.Close()
			got := make([]byte, len(want))
			for i := 0; i < len(want); i += 4000 {
				sent := want[i : i+4000]
				if i%8000 == 0 {
					if _, err := co.WriteVectored(&c, [][]byte{sent[:1], sent[1:]}); err != nil {
						return err
					}
				} else if _, err := co.Write(&c, sent); err != nil {
					return err
				}
				if n, err := co.ReadFull(&c, got[i:i+4000]); err != nil {
					return fmt.Errorf("%d of 4000: %w", n, err)
				}
			}
			if !bytes.Equal(got, want) {
				return errors.New("what comes back is another text")
			}
			return co.Sleep(time.Microsecond)
		})
		w.await(client, server)
		client.want(t, 0, nil)
		server.want(t, 0, nil)
	})
}

// TestCoroutinePackets sends packets there and back.
func TestCoroutinePackets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.packets("udp4", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
		echo := w.spawn(func(co *platform.Co) error {
			buf := make([]byte, 16)
			n, from, err := co.ReadFrom(b, buf)
			if err != nil {
				return err
			}
			_, err = co.WriteTo(b, buf[:n], from)
			return err
		})
		client := w.spawn(func(co *platform.Co) error {
			if _, err := co.WriteTo(a, []byte("packet"), addrOf(b)); err != nil {
				return err
			}
			buf := make([]byte, 16)
			n, from, err := co.ReadFrom(a, buf)
			if err == nil && (string(buf[:n]) != "packet" || from != addrOf(b)) {
				return fmt.Errorf("%q from %v", buf[:n], from)
			}
			return err
		})
		w.await(client, echo)
		client.want(t, 0, nil)
		echo.want(t, 0, nil)
	})
}

// TestCoroutineWaits has a read that takes too long: it ends before the batch does.
func TestCoroutineWaits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, other := w.peer()
		timer := w.NewTimer()
		r := w.spawn(func(co *platform.Co) error {
			var batch ops.Batch
			var members [2]ops.Member
			buf := make([]byte, 1)
			first, err := co.Wait(&batch, members[:], ops.UntilFirst, func() {
				c.Read(buf, &members[0])
				timer.Wait(time.Millisecond, &members[1])
			})
			if first != 1 || err != nil || members[0].Err != ops.ErrCanceled {
				return fmt.Errorf("%d, %v, and the read %v", first, err, members[0].Err)
			}
			other.Write([]byte("x"))
			first, err = co.Wait(&batch, members[:], ops.UntilFirst, func() {
				c.Read(buf, &members[0])
				timer.Wait(time.Hour, &members[1])
			})
			if first != 0 || err != nil || members[0].N != 1 {
				return fmt.Errorf("%d, %v, and the read %d, %v", first, err, members[0].N, members[0].Err)
			}
			return nil
		})
		w.await(r)
		r.want(t, 0, nil)
	})
}

// TestCoroutineEnds has what ends an operation elsewhere end it in a coroutine too.
func TestCoroutineEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, test := range map[string]struct {
			end  func(c *platform.Conn, peer *net.TCPConn, slot *ops.CancelSlot)
			want error
		}{
			"cancelled":     {func(_ *platform.Conn, _ *net.TCPConn, slot *ops.CancelSlot) { slot.Cancel() }, ops.ErrCanceled},
			"closed":        {func(c *platform.Conn, _ *net.TCPConn, _ *ops.CancelSlot) { c.Close() }, net.ErrClosed},
			"ended by peer": {func(_ *platform.Conn, peer *net.TCPConn, _ *ops.CancelSlot) { peer.Close() }, io.EOF},
			"too late":      {func(c *platform.Conn, _ *net.TCPConn, _ *ops.CancelSlot) { c.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.on(t)
				c, peer := w.peer()
				var slot ops.CancelSlot
				r := new(result)
				w.Spawn(ops.WithCancelSlot(r, &slot), func(co *platform.Co) error {
					_, err := co.Await(func(h ops.Handler) {
						c.Read(make([]byte, 1), h)
						ops.Post(w, ops.HandlerFunc(func(int, error) { test.end(c, peer, &slot) }))
					})
					return err
				})
				w.await(r)
				r.want(t, 0, test.want)
			})
		}
	})
}

// TestCoroutinesAbandoned closes a proactor while very many coroutines wait. Their stacks
// unwind, and no goroutine is left.
func TestCoroutinesAbandoned(t *testing.T) {
	const coroutines = 10_000
	each(t, func(t *testing.T, w *world) {
		cos := combinators.NewStats(allocator.Allocator[ops.Co](combinators.NewThreadSafe(allocator.Allocator[ops.Co](allocator.Heap[ops.Co]{}))))
		h := ops.WithAllocator[ops.Co](ops.HandlerFunc(func(int, error) { t.Error("a handler was called") }), cos)
		waiting, unwound := make(chan bool, coroutines), make(chan bool, coroutines)
		for i := range coroutines {
			w.Spawn(h, func(co *platform.Co) error {
				defer func() { unwound <- true }()
				if waiting <- true; len(waiting) == coroutines {
					w.Stop()
				}
				co.Sleep(time.Hour + time.Duration(i))
				t.Error("the wait has returned")
				return nil
			})
		}
		w.run()
		if n := w.Coroutines().Len(); n != coroutines {
			t.Errorf("%d coroutines wait, want %d", n, coroutines)
		}
		w.Close()
		if len(unwound) != coroutines || cos.Counts().Live != 0 {
			t.Errorf("%d stacks are unwound, and %d Cos alive", len(unwound), cos.Counts().Live)
		}
		if n := w.Coroutines().Len(); n != 0 {
			t.Errorf("%d coroutines have not ended", n)
		}
		noCoroutines(t)
	})
}

func TestCoroutineMisuse(t *testing.T) {
	w := mode{backend: platform.Backends()[0]}.open(t)
	mustPanic(t, "nil function", func() { w.Spawn(new(result), nil) })
	mustPanic(t, "nil Handler", func() { w.Spawn(nil, func(*platform.Co) error { return nil }) })
}
