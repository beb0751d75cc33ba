//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package readiness

import (
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// An accept that finds nothing costs more than any other attempt that does, as the
// kernel first makes a descriptor and a socket. With edges it is the only way to learn
// that a listener is empty, and where clients come one by one that is one for each of
// them. So the kernel tells of a listener at each poll for as long as connections wait,
// and one is accepted each time. If they wait at two polls in a row, one a poll is too
// few, and all that wait are accepted.
//
// The kernel would tell of them without end if nobody accepts them. After some polls like
// that the listener is registered for edges, and stays so.

// A listener is what is known of a descriptor that connections are accepted from.
type listener struct {
	all     bool  // all that wait are to be accepted
	empty   bool  // they were, since the kernel has told of them
	told    uint8 // at which poll it has
	unasked uint8 // how often it has since one was last asked for
}

// maxUnasked is how often the kernel may tell of connections that nobody asks for. It is
// more than once because a busy proactor may poll before it calls the handler that is
// to ask for the next one.
const maxUnasked = 8

// connectionsWait accepts connections if somebody asks for them. The caller holds the
// lock.
func (e *Engine) connectionsWait(s *socket) {
	s.readable = true
	if s.unasked++; s.unasked == maxUnasked {
		e.widen(s)
		s.unasked = 0
	}
	if s.Queues[backend.Reading].Empty() {
		return
	}
	s.all = !s.empty && e.polls-s.told == 1
	s.empty, s.told = false, e.polls
	e.host.Retry(&s.Socket, backend.Reading)
}

func (e *Engine) accept(s *socket, op *ops.Operation) bool {
	s.unasked = 0
	fd, errno := descriptor.Accept(s.fd)
	switch {
	case errno == syscall.EAGAIN:
		s.readable, s.all, s.empty = false, false, true
		return false
	case errno != 0:
		// The connection stays in the listener's queue if the process has
		// no descriptor for it, and the next attempt finds it.
		op.Err = os.NewSyscallError(descriptor.AcceptCall, errno)
		return true
	}
	s.readable = s.all || s.interest != Connections
	if s.is(configures) {
		descriptor.ConfigureAccepted(fd, &s.extra().options)
	}
	conn := backend.Accepted(op)
	conn.Lock()
	defer conn.Unlock()
	op.Err = e.attach(conn.Sys.(*socket), fd, traits{writable: true, interest: InEdges, sticky: s.sticky})
	return true
}
