package uring

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// What the kernel has no request for, or only a worse one, is done by an ordinary call
// that does not wait, and the request is to say when it need not: several packets in one
// call; and a file or what another socket has brought to a socket, for which there is only
// splice, to a pipe and from it, each by a thread of the kernel.

// byTrying reports whether operations of a kind are done so.
func byTrying(k ops.Kind) bool {
	return k == ops.KindReadBatch || k == ops.KindWriteBatch || fillsStream(k)
}

// fillsStream reports whether such an operation is a write to a stream.
func fillsStream(k ops.Kind) bool { return k == ops.KindSendFile || k == ops.KindSplice }

// try does an operation if it need not wait.
func (b *Backend) try(e *socket, op *ops.Operation) bool {
	reads := op.Kind == ops.KindReadBatch
	if !(reads && e.drained) && b.attempt(e, op) {
		return true
	}
	b.untilReady(e, op)
	return false
}

// untilReady has the kernel say when an operation can be tried.
func (b *Backend) untilReady(e *socket, op *ops.Operation) {
	b.lock()
	defer b.unlock()
	q := b.prepare(e, op, opPollAdd)
	q.opFlags = pollOut
	switch {
	case op.Kind == ops.KindReadBatch:
		q.opFlags = pollIn
	case e.rare != nil && e.rare.room > 0:
		q.fd, q.opFlags = e.rare.room-1, pollIn
	}
	b.submitSoon()
}

// watchRoom has an epoll descriptor say when there is room to write. The kernel ends each poll
// of a stream whose peer has ended its side, whether or not there is, as nobody can ask it
// not to; that of an epoll descriptor it does not. Without one the stream is polled in vain.
func (e *socket) watchRoom() {
	x := e.extra()
	if x.room > 0 {
		return
	}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return
	}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, int(e.fd), &unix.EpollEvent{Events: unix.EPOLLOUT}); err != nil {
		unix.Close(fd)
		return
	}
	x.room = int32(fd) + 1
}

// forgetRoom closes the descriptor of watchRoom, if there is one.
func (e *socket) forgetRoom() {
	if e.rare != nil && e.rare.room > 0 {
		unix.Close(int(e.rare.room) - 1)
		e.rare.room = 0
	}
}

// attempt does an operation, or a part of it, and reports whether it has ended.
func (b *Backend) attempt(e *socket, op *ops.Operation) bool {
	switch op.Kind {
	case ops.KindSendFile:
		return b.sendFile(e, op)
	case ops.KindSplice:
		return b.splice(e, op)
	}
	x := e.extra()
	if x.batches == nil {
		x.batches = new([2]descriptor.Batch)
	}
	if op.Kind == ops.KindWriteBatch {
		return x.batches[backend.Writing].Send(e.fd, op, e.inet6)
	}
	ended := x.batches[backend.Reading].Receive(e.fd, op)
	e.drained = op.N < min(len(backend.Packets(op)), descriptor.MaxBatch) // then a try is in vain; a full batch says nothing
	return ended
}

// sendFile sends a part of a file.
func (b *Backend) sendFile(e *socket, op *ops.Operation) (ended bool) {
	if err := e.unblock(); err != nil {
		op.Err = os.NewSyscallError("fcntl", err)
		return true
	}
	ended, _ = descriptor.SendFile(e.fd, backend.SourceFile(op).Sys.(*socket).fd, op)
	return ended
}

// unblock makes a socket not block, for sendfile(2) and splice(2), which have no flag for that
// with a socket. To requests that makes no difference: the kernel waits for the socket in
// any case. So it stays so: to undo it could affect a duplicate that somebody has made meanwhile.
func (e *socket) unblock() error {
	if e.unblocked {
		return nil
	}
	was, err := unix.FcntlInt(uintptr(e.fd), unix.F_GETFL, 0)
	if err != nil || was&unix.O_NONBLOCK != 0 { // an adopted one, or one that was given away
		return err
	}
	if _, err = unix.FcntlInt(uintptr(e.fd), unix.F_SETFL, was|unix.O_NONBLOCK); err != nil {
		return err
	}
	e.unblocked = !e.shared
	return nil
}

// tryAgain tries an operation again that the kernel has been asked about. It returns it
// if it has ended. The caller holds the lock of the socket.
func (b *Backend) tryAgain(e *socket, op *ops.Operation, c *cqe) *ops.Operation {
	d := backend.SideOf(op.Kind)
	errno := syscall.Errno(-c.res)
	switch {
	case e.canceled[d] || e.fd < 0:
		op.Err = ops.ErrCanceled
	case c.res < 0 && !isInterrupted(errno):
		op.Err = os.NewSyscallError("poll", errno)
	case !b.attempt(e, op):
		if fillsStream(op.Kind) && c.res >= 0 && c.res&pollOut == 0 {
			e.watchRoom()
		}
		b.untilReady(e, op)
		return nil
	}
	if fillsStream(op.Kind) {
		e.forgetRoom()
	}
	e.reported[d] = true
	return op
}
