package readiness_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

// A watch is a layer that knows the listener and counts the polls.
type watch struct {
	backend.Backend
	listener *backend.Socket
	polls    int
	loses    bool // what is started
}

func (w *watch) Listen(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	w.listener = s
	return w.Backend.Listen(s, network, address, o)
}

func (w *watch) Start(s *backend.Socket, op *ops.Operation) bool {
	return !w.loses && w.Backend.Start(s, op)
}

func (w *watch) Poll(wait time.Duration) {
	w.polls++
	w.Backend.Poll(wait)
}

// listening is a listener of the unix family, whose clients are in its queue as soon as
// they are connected.
type listening struct {
	*platform.Proactor
	*watch
	t    *testing.T
	l    *platform.Listener
	path string
}

func listen(t *testing.T) *listening {
	t.Helper()
	s := &listening{t: t, path: filepath.Join(t.TempDir(), "s")}
	var err error
	s.Proactor, err = platform.New(platform.WithBackend("epoll"), platform.SingleRunner(), platform.WithLayer(func(b backend.Backend) backend.Backend {
		s.watch = &watch{Backend: b}
		return s.watch
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Proactor.Close() })
	if s.l, err = s.Proactor.Listen("unix", s.path); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *listening) dial() {
	s.t.Helper()
	c, err := net.Dial("unix", s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
}

// accept starts an accept that counts in n.
func (s *listening) accept(n *int) {
	s.l.Accept(new(platform.Conn), ops.HandlerFunc(func(_ int, err error) {
		if *n++; err != nil {
			s.t.Error(err)
		}
	}))
}

// run runs the proactor until nothing is outstanding.
func (s *listening) run() {
	s.t.Helper()
	if err := s.Run(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

// pass polls n times.
func (s *listening) pass(n int) {
	s.t.Helper()
	last := s.polls + n
	var again ops.HandlerFunc
	again = func(int, error) {
		if s.polls < last {
			s.NewTimer().Wait(time.Nanosecond, again) // which takes a poll
			return
		}
		s.Stop()
	}
	ops.Post(s, again)
	s.run()
}

// TestAcceptAlone has clients come one by one: an attempt to accept finds each, and
// none finds nothing.
func TestAcceptAlone(t *testing.T) {
	s := listen(t)
	for i := range 20 {
		accepted := 0
		if i%2 == 0 { // else it is started when the client is there
			s.accept(&accepted)
		}
		s.pass(2)
		if readiness.FoundEmpty(s.listener) {
			t.Fatalf("before client %d an attempt has found nothing", i)
		}
		s.dial()
		if i%2 == 1 {
			s.accept(&accepted)
		}
		s.run()
		if accepted != 1 {
			t.Fatalf("client %d: %d accepts have ended", i, accepted)
		}
	}
}

// TestAcceptBurst has as many clients as accepts wait. They are accepted in a few
// polls.
func TestAcceptBurst(t *testing.T) {
	for _, n := range []int{1, 2, 3, 64} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := listen(t)
			accepted := 0
			for range n {
				s.accept(&accepted)
				s.dial()
			}
			before := s.polls
			s.run()
			if polls := s.polls - before; accepted != n || polls > 3 {
				t.Errorf("%d of %d were accepted, in %d polls", accepted, n, polls)
			}
		})
	}
}

// TestUnasked lets clients wait that nobody asks for. The kernel stops telling of them,
// and they are accepted when somebody does.
func TestUnasked(t *testing.T) {
	s := listen(t)
	s.dial()
	before := s.polls
	s.pass(readiness.MaxUnasked / 2)
	if s.polls-before < readiness.MaxUnasked && !readiness.TellsOfConnections(s.listener) {
		t.Error("the kernel has stopped to tell of them too early")
	}
	s.dial()
	s.pass(readiness.MaxUnasked)
	if readiness.TellsOfConnections(s.listener) {
		t.Error("the kernel still tells of clients that nobody asks for")
	}
	s.dial()
	accepted := 0
	for range 4 {
		s.accept(&accepted)
	}
	s.pass(2)
	if accepted != 3 {
		t.Errorf("%d of 3 were accepted", accepted)
	}
	s.dial() // an edge
	s.run()
	if accepted != 4 {
		t.Errorf("%d of 4 were accepted", accepted)
	}
}

// TestAcceptLost lets clients wait that somebody asks for, over a layer that does not
// let him have them. The kernel stops telling of them then too, or a poll that is to
// wait would not.
func TestAcceptLost(t *testing.T) {
	s := listen(t)
	s.loses = true
	accepted := 0
	s.accept(&accepted)
	s.dial()
	s.pass(2 * readiness.MaxUnasked)
	if accepted != 0 || readiness.TellsOfConnections(s.listener) {
		t.Errorf("%d were accepted, and the kernel tells of more: %v", accepted, readiness.TellsOfConnections(s.listener))
	}
	s.loses = false
	s.dial() // an edge
	s.run()
	if accepted != 1 {
		t.Errorf("%d were accepted", accepted)
	}
}
