package platform_test

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// TestChurnAllocations has clients come and go. From the second on, neither the library
// nor a server that recycles its sessions allocates anything for them.
func TestChurnAllocations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.backend == "portable" || w.backend == "fake-kqueue" || descriptor.CallsAllocate {
			t.Skip("package net allocates for each connection, and the fake kqueue for itself")
		}
		s := newChurnServer(t, w.Proactor)
		var runners sync.WaitGroup
		for range max(1, w.runners) {
			runners.Go(func() { s.run() })
		}
		c := newVisitor(t, s.listener.Addr())
		c.visit(1)

		defer debug.SetGCPercent(debug.SetGCPercent(-1))
		// The runtime, and whatever else there is in the process, allocates now and then,
		// and several runners may have more sessions at a time than before.
		const tries, clients = 3, 700
		least := uint64(math.MaxUint64)
		for range tries {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range clients {
				c.visit(3)
			}
			runtime.ReadMemStats(&after)
			least = min(least, after.Mallocs-before.Mallocs)
		}
		if least > clients/50 {
			t.Errorf("%d allocations for %d connections, want none", least, clients)
		}
		s.stop()
		w.within("Run", runners.Wait)
	})
}

// A churnServer echoes, and recycles the sessions whose clients have left.
type churnServer struct {
	t        testing.TB
	proactor *platform.Proactor
	listener *platform.Listener
	slot     combinators.SingleSlot[ops.Operation]
	sessions allocator.Allocator[churnSession]
	next     *churnSession
}

type churnSession struct {
	server *churnServer
	conn   platform.Conn
	buf    [4096]byte
}

func newChurnServer(t testing.TB, p *platform.Proactor) *churnServer {
	t.Helper()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &churnServer{t: t, proactor: p, listener: l, sessions: combinators.NewThreadSafe[churnSession](
		combinators.NewRecycling[churnSession](allocator.Heap[churnSession]{}, 1024))}
	s.accept()
	return s
}

func (s *churnServer) run() {
	if err := s.proactor.Run(context.Background()); err != nil {
		s.t.Error(err)
	}
}

// stop makes run return once the clients have left.
func (s *churnServer) stop() {
	ops.Post(s.proactor, ops.HandlerFunc(func(int, error) { s.listener.Close() }))
}

func (s *churnServer) accept() {
	block, err := s.sessions.Allocate(1)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.next = &block[0]
	s.next.server = s
	s.listener.Accept(&s.next.conn, (*churnAccept)(s))
}

type churnAccept churnServer

func (s *churnAccept) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *churnAccept) Complete(_ int, err error) {
	if err != nil {
		if !errors.Is(err, net.ErrClosed) {
			s.t.Error(err)
		}
		return
	}
	accepted := s.next
	(*churnServer)(s).accept()
	(*churnSent)(accepted).Complete(0, nil)
}

type churnSent churnSession

func (s *churnSent) Complete(_ int, err error) {
	if err != nil {
		(*churnSession)(s).end()
		return
	}
	s.conn.Read(s.buf[:], (*churnReceived)(s))
}

type churnReceived churnSession

func (s *churnReceived) Complete(n int, err error) {
	if err != nil {
		(*churnSession)(s).end()
		return
	}
	ops.WriteFull(&s.conn, s.buf[:n], (*churnSent)(s))
}

func (s *churnSession) end() {
	s.conn.Close()
	s.server.sessions.Deallocate(unsafe.Slice(s, 1))
}

// A visitor is a client that allocates nothing.
type visitor struct {
	t       testing.TB
	to      unix.SockaddrInet4
	message [64]byte
}

func newVisitor(t testing.TB, to net.Addr) *visitor {
	address := netip.MustParseAddrPort(to.String())
	return &visitor{t: t, to: unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}}
}

// visit connects, sends messages, waits for the echo of each, and leaves.
func (c *visitor) visit(messages int) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &c.to); err != nil {
		c.t.Error(err)
		return
	}
	for range messages {
		if _, err := unix.Write(fd, c.message[:]); err != nil {
			c.t.Error(err)
			return
		}
		for got := 0; got < len(c.message); {
			n, err := unix.Read(fd, c.message[got:])
			if err != nil || n == 0 {
				c.t.Errorf("%d bytes of an echo, then %v", got, err)
				return
			}
			got += n
		}
	}
}
