package uring

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// accept opens a socket with a connection that the listener has brought, or
// sees to it that it brings one.
func (b *Backend) accept(e *socket, op *ops.Operation) bool {
	fd := b.accepted(e, op)
	if fd < 0 {
		return op.Err != nil
	}
	if e.multipath {
		descriptor.ConfigureAccepted(fd)
	}
	conn := backend.Accepted(op)
	conn.Lock()
	b.attach(conn.Sys.(*socket), fd, descriptor.Traits{})
	conn.Unlock()
	return true
}

// accepted returns the descriptor of a connection, or -1.
func (b *Backend) accepted(e *socket, op *ops.Operation) int {
	b.lock()
	defer b.unlock()
	switch {
	case e.readAhead != 0:
		h := b.firstAhead(e)
		fd := int(h.fd)
		h.fd = -1
		b.dropAhead(e)
		return fd
	case e.errno != 0:
		op.Err = os.NewSyscallError("accept4", syscall.Errno(e.errno))
		e.errno = 0
	case !e.armed:
		b.awaitConnection(e)
	}
	return -1
}

// awaitConnection asks for one connection. An attempt to accept makes a descriptor and
// a socket before it finds that nobody waits, so the kernel is to look for that first,
// unless it has said with the last connection that there are more.
func (b *Backend) awaitConnection(e *socket) {
	e.armed, e.listens = true, true
	q := b.request(e, multishot, opAccept)
	q.opFlags = unix.SOCK_CLOEXEC
	if !e.moreWait && b.ring.features&featBundle != 0 {
		q.ioprio = acceptPollFirst
	}
	b.submitSoon()
}
