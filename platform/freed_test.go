package platform_test

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A tenancy opens something, starts an operation on it that is soon over, and
// clears its memory in the last handler, again and again. The handlers have a
// cancel slot that outlives what it cancels on.
type tenancy struct {
	w    *world
	t    *testing.T
	slot ops.CancelSlot
	left int
	once func(*tenancy) // opens, starts and clears, and then calls again
	done func()

	timer platform.Timer
	conn  platform.Conn
	buf   [8]byte
	from  netip.AddrPort
	path  string
	peer  net.Listener
}

// again begins the next round, unless that was the last one.
func (e *tenancy) again() {
	if e.left--; e.left < 0 {
		e.done()
		return
	}
	e.once(e)
}

// hurried returns a handler that may be cancelled, or take too long, about when
// its operation ends.
func (e *tenancy) hurried(f ops.HandlerFunc) ops.Handler {
	return ops.WithTimeout(ops.WithCancelSlot(f, &e.slot), time.Duration(rand.IntN(60))*time.Microsecond)
}

// must fails the test, and lets the chain end, if there is an error.
func (e *tenancy) must(err error) bool {
	if err != nil {
		e.t.Error(err)
		e.done()
	}
	return err == nil
}

var tenancies = []struct {
	name string
	once func(*tenancy)
}{
	{"Timer", func(e *tenancy) {
		e.timer.Init(e.w.Proactor)
		e.timer.Wait(time.Duration(rand.IntN(40))*time.Microsecond, e.hurried(func(int, error) {
			e.timer = platform.Timer{}
			e.again()
		}))
	}},
	{"PacketConn", func(e *tenancy) {
		c, err := e.w.ListenPacket("udp4", "127.0.0.1:0")
		if !e.must(err) {
			return
		}
		c.WriteTo(e.buf[:], addrOf(c), ops.HandlerFunc(func(int, error) {
			c.ReadFrom(e.buf[:], &e.from, e.hurried(func(int, error) {
				c.Close()
				*c = platform.PacketConn{}
				e.again()
			}))
		}))
	}},
	{"Listener", func(e *tenancy) {
		l, err := e.w.Listen("tcp", "127.0.0.1:0")
		if !e.must(err) {
			return
		}
		client, err := net.Dial("tcp", l.Addr().String())
		if !e.must(err) {
			return
		}
		client.(*net.TCPConn).SetLinger(0)
		l.Accept(&e.conn, e.hurried(func(int, error) {
			e.conn.Close()
			l.Close()
			*l, e.conn = platform.Listener{}, platform.Conn{}
			client.Close()
			e.again()
		}))
	}},
	{"Connect", func(e *tenancy) {
		e.w.Connect(&e.conn, "tcp", e.peer.Addr().String(), e.hurried(func(int, error) {
			e.conn.Close()
			e.conn = platform.Conn{}
			e.again()
		}))
	}},
	{"File", func(e *tenancy) {
		f, err := e.w.OpenFile(e.path, os.O_RDWR|os.O_CREATE, 0o600)
		if !e.must(err) {
			return
		}
		var both atomic.Int32
		last := func(int, error) {
			if both.Add(1) < 2 {
				return
			}
			f.Close()
			*f = platform.File{}
			e.again()
		}
		f.WriteAt(e.buf[:4], 0, e.hurried(last))
		f.ReadAt(e.buf[4:], 0, ops.HandlerFunc(last))
	}},
}

// TestFreed clears the memory of all kinds of endpoints after the last handler,
// while their operations are cancelled and take too long.
func TestFreed(t *testing.T) {
	const chains = 4
	for _, kind := range tenancies {
		t.Run(kind.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				peer, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer peer.Close()
				go func() {
					for {
						c, err := peer.Accept()
						if errors.Is(err, net.ErrClosed) {
							return
						}
						if err == nil {
							c.Close()
						}
					}
				}()
				rounds := 200
				if w.runners == 0 {
					rounds = 30
				}
				var left atomic.Int32
				left.Store(chains)
				all := make([]*tenancy, chains)
				for i := range all {
					all[i] = &tenancy{
						w: w, t: t, left: rounds, once: kind.once, peer: peer,
						path: filepath.Join(t.TempDir(), "file"),
						done: func() { left.Add(-1) },
					}
					ops.Post(w, ops.HandlerFunc(func(int, error) { all[i].again() }))
				}
				var others sync.WaitGroup
				others.Go(func() {
					for w.runners > 0 && left.Load() > 0 {
						for _, e := range all {
							e.slot.Cancel()
						}
						time.Sleep(time.Microsecond) // and let others run
					}
				})
				defer left.Store(0)
				w.goRun()()
				if n := left.Swap(0); n != 0 {
					t.Errorf("%d chains have not come to their end", n)
				}
				w.within("Cancel", others.Wait)
			})
		})
	}
}

// TestStale uses a copy of a Conn that was made while it was open, when it is
// closed and another connection may have its place in all tables: for the copy
// the connection is closed.
func TestStale(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		// The listener is there before, so that what is opened next, and may have
		// the place, is a connection.
		l := w.listen("tcp", "127.0.0.1:0")
		a, b := w.pair()
		var stale platform.Conn
		overwrite(&stale, a)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		w.run()
		c, d := new(platform.Conn), new(platform.Conn)
		var accepted, connected result
		l.Accept(c, &accepted)
		w.Connect(d, "tcp", l.Addr().String(), &connected)
		w.await(&accepted, &connected)
		l.Close()
		if err := stale.Close(); err != net.ErrClosed {
			t.Errorf("Close: %v, want %v", err, net.ErrClosed)
		}
		if err := stale.CloseWrite(); err != net.ErrClosed {
			t.Errorf("CloseWrite: %v, want %v", err, net.ErrClosed)
		}
		stale.Cancel()
		if addr := stale.RemoteAddr(); addr != nil {
			t.Errorf("RemoteAddr: %v", addr)
		}
		if n, err := stale.TryRead(make([]byte, 1)); n != 0 || err != net.ErrClosed {
			t.Errorf("TryRead: %d, %v, want 0, %v", n, err, net.ErrClosed)
		}
		var read, write result
		stale.Read(make([]byte, 1), &read)
		stale.Write(make([]byte, 1), &write)
		w.goRun()()
		read.want(t, 0, net.ErrClosed)
		write.want(t, 0, net.ErrClosed)
		echo(t, w, c, d)
		b.Close()
	})
}
