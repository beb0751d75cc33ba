package uring_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// needRing skips the test where io_uring is refused.
func needRing(t *testing.T) {
	t.Helper()
	if !slices.Contains(platform.Backends(), "io_uring") {
		t.Skip("there is no io_uring here")
	}
}

// TestConnectStartedAgain has the kernel give up the request of a connect that waits
// for its answer, as it may when a thread ends.
func TestConnectStartedAgain(t *testing.T) {
	needRing(t)
	for _, how := range []string{"answered", "canceled", "closed"} {
		t.Run(how, func(t *testing.T) {
			var b *uring.Backend
			var s *backend.Socket
			p, err := platform.New(platform.WithBackend("io_uring"), platform.WithLayer(func(below backend.Backend) backend.Backend {
				b = below.(*uring.Backend)
				return connects{below, &s}
			}))
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			// A listener whose queue is full gives no answer.
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
				t.Fatal(err)
			}
			if err := unix.Listen(fd, 0); err != nil {
				t.Fatal(err)
			}
			name, err := unix.Getsockname(fd)
			if err != nil {
				t.Fatal(err)
			}
			address := (&net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: name.(*unix.SockaddrInet4).Port}).String()
			first, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer first.Close()

			var c platform.Conn
			var calls int
			var told error
			p.Connect(&c, "tcp", address, ops.HandlerFunc(func(_ int, err error) { calls, told = calls+1, err }))
			pause := func() {
				p.NewTimer().Wait(20*time.Millisecond, ops.HandlerFunc(func(int, error) { p.Stop() }))
				if err := p.Run(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			pause()
			if calls != 0 {
				t.Skipf("the connect was answered: %v", told)
			}
			b.CancelRequest(s, backend.Writing)
			pause()
			if calls != 0 {
				t.Fatalf("told %v when the request had to be made again", told)
			}
			var want error
			switch how {
			case "answered":
				accepted, _, err := unix.Accept(fd)
				if err != nil {
					t.Fatal(err)
				}
				defer unix.Close(accepted)
			case "canceled":
				want = ops.ErrCanceled
				c.Cancel()
			case "closed":
				want = net.ErrClosed
				c.Close()
			}
			if err := p.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if calls != 1 || told != want {
				t.Errorf("%d calls, the last with %v, want one with %v", calls, told, want)
			}
		})
	}
}

// connects is a layer that keeps the socket that is being connected.
type connects struct {
	backend.Backend
	s **backend.Socket
}

func (c connects) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindConnect {
		*c.s = s
	}
	return c.Backend.Start(s, op)
}
