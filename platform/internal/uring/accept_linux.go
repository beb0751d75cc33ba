package uring

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// accept asks for one connection. An attempt to accept makes a descriptor and
// a socket before it finds that nobody waits, so the kernel is to look for that first,
// unless it has said with the last connection that there are more.
func (b *Backend) accept(e *socket, op *ops.Operation) bool {
	b.lock()
	defer b.unlock()
	q := b.prepare(e, op, opAccept)
	q.opFlags = unix.SOCK_CLOEXEC
	if !e.moreWait && b.ring.features&featBundle != 0 {
		q.ioprio = acceptPollFirst
	}
	b.submitSoon()
	return false
}

// finishAccept takes the result of an accept. It returns nil if it was started again.
func (b *Backend) finishAccept(e *socket, op *ops.Operation, c *cqe) *ops.Operation {
	errno := syscall.Errno(-c.res)
	e.moreWait = c.res >= 0 && c.flags&cqeNonempty != 0
	switch {
	case c.res >= 0:
		if e.multipath {
			descriptor.ConfigureAccepted(int(c.res), &backend.SocketOptions{})
		}
		conn := backend.Accepted(op)
		conn.Lock()
		b.attach(conn.Sys.(*socket), int(c.res), descriptor.Traits{})
		conn.Unlock()
	case isInterrupted(errno) || errno == unix.ECONNABORTED:
		if e.goesOn(backend.Reading) {
			b.Start(&e.Socket, op)
			return nil
		}
		op.Err = ops.ErrCanceled
	default:
		op.Err = os.NewSyscallError("accept4", errno)
	}
	e.reported[backend.Reading] = true
	return op
}
