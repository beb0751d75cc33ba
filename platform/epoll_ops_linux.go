package platform

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// Start implements Backend. The attempt is made at once if it may succeed: a
// write nearly always does, a read only when an edge has said so, because a
// read that finds nothing costs as much as one that finds something.
func (b *epoll) Start(s *Socket, op *ops.Operation) bool {
	switch op.Kind {
	case ops.KindRead, ops.KindReadVectored:
		return s.sys.readable && b.recv(s, op)
	case ops.KindWaitReadable:
		return s.sys.readable && (s.sys.edge || b.peek(s))
	case ops.KindWrite, ops.KindWriteVectored:
		return s.sys.writable && b.send(s, op)
	case ops.KindAccept:
		return s.sys.readable && b.accept(s, op)
	case ops.KindConnect:
		return b.connect(s, op)
	case ops.KindReadFrom:
		return s.sys.readable && b.recvFrom(s, op)
	case ops.KindWriteTo:
		return s.sys.writable && b.sendTo(s, op)
	case ops.KindReadAt, ops.KindWriteAt, ops.KindSync:
		return b.files.Start(s, op)
	}
	op.Err = syscall.EOPNOTSUPP
	return true
}

// Cancel implements Backend. Nothing is in the kernel's hands between calls,
// except for files.
func (b *epoll) Cancel(s *Socket, op *ops.Operation) bool {
	return s.sys.gen != 0 || s.Sys == nil || b.files.Cancel(s, op)
}

func (b *epoll) recv(s *Socket, op *ops.Operation) bool {
	n, size, errno := s.receive(op)
	n, err := s.sys.took(n, size, errno)
	if err == ops.ErrWouldBlock {
		return false
	}
	op.N, op.Err = n, err
	return true
}

// TryRead implements Backend.
func (b *epoll) TryRead(s *Socket, buf []byte) (int, error) {
	buf = buf[:min(len(buf), maxTransfer)]
	n, errno := recv(s.sys.fd, buf)
	return s.sys.took(n, len(buf), errno)
}

// took returns the result of a read of up to size bytes.
func (sys *sysSocket) took(n, size int, errno syscall.Errno) (int, error) {
	n, err := readResult(n, errno)
	sys.edge = false // what it told of may have been taken
	switch err {
	case nil:
		sys.readable = n == size || sys.sticky
	case ops.ErrWouldBlock:
		sys.readable = false
	}
	return n, err
}

// peek reports whether a read would not have to wait. (To read with MSG_PEEK
// would take an error away from the read.)
func (b *epoll) peek(s *Socket) bool {
	s.sys.readable = readableNow(s.sys.fd)
	return s.sys.readable
}

func (b *epoll) send(s *Socket, op *ops.Operation) bool {
	n, errno := s.send(op)
	switch {
	case errno == unix.EAGAIN:
		s.sys.writable = false
		return false
	case errno != 0:
		op.Err = os.NewSyscallError("write", errno)
	default:
		op.N = n
	}
	return true
}

func (b *epoll) accept(s *Socket, op *ops.Operation) bool {
	fd, errno := accept(s.sys.fd)
	switch {
	case errno == unix.EAGAIN:
		s.sys.readable = false
		return false
	case errno != 0:
		// The connection stays in the listener's queue if the process has
		// no descriptor for it, and the next attempt finds it.
		op.Err = os.NewSyscallError("accept4", errno)
		return true
	}
	conn := Accepted(op)
	conn.lock()
	defer conn.unlock()
	if err := b.adopt(conn, fd, sysSocket{writable: true, sticky: s.sys.sticky}); err != nil {
		unix.Close(fd)
		op.Err = err
	}
	return true
}

// connect starts a connection, and finishes it at the first edge.
func (b *epoll) connect(s *Socket, op *ops.Operation) bool {
	if s.sys.connecting {
		if !s.sys.writable {
			return false
		}
		s.sys.connecting = false
		errno, err := unix.GetsockoptInt(int(s.sys.fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && errno != 0 {
			err = syscall.Errno(errno)
		}
		op.Err = os.NewSyscallError("connect", err)
		return true
	}

	family, to := sockaddr(op)
	fd, err := openStream(family, unix.SOCK_NONBLOCK)
	if err != nil {
		op.Err = err
		return true
	}
	err = unix.Connect(fd, to)
	connecting := err == unix.EINPROGRESS || err == unix.EINTR
	if err != nil && !connecting {
		unix.Close(fd)
		op.Err = os.NewSyscallError("connect", err)
		return true
	}
	// Registered after connect(2): before it, the socket reports a hang-up.
	err = b.adopt(s, fd, sysSocket{writable: !connecting, connecting: connecting, sticky: family == unix.AF_UNIX})
	if err != nil {
		unix.Close(fd)
		op.Err = err
		return true
	}
	return !connecting
}

// Listen implements Backend.
func (b *epoll) Listen(s *Socket, network, address string) error {
	return b.listen(s, openListener, network, address)
}

// ListenPacket implements Backend.
func (b *epoll) ListenPacket(s *Socket, network, address string) error {
	return b.listen(s, openPacket, network, address)
}

func (b *epoll) listen(s *Socket, open func(s *Socket, network, address string) (int, sysSocket, error), network, address string) error {
	fd, sys, err := open(s, network, address)
	if err != nil {
		return err
	}
	if err := b.adopt(s, fd, sys); err != nil {
		unix.Close(fd)
		return err
	}
	return nil
}

func (b *epoll) recvFrom(s *Socket, op *ops.Operation) bool {
	n, from, errno := recvFrom(s.sys.fd, op.Buf)
	switch {
	case errno == unix.EAGAIN:
		s.sys.readable = false
		return false
	case errno != 0:
		op.Err = os.NewSyscallError("recvfrom", errno)
	default:
		op.N = n
		SetSender(op, from)
		if n > len(op.Buf) {
			op.N, op.Err = len(op.Buf), io.ErrShortBuffer
		}
	}
	return true
}

func (b *epoll) sendTo(s *Socket, op *ops.Operation) bool {
	var sa unix.RawSockaddrInet6
	size, err := toSockaddr(&sa, Addr(op), s.sys.inet6)
	if err != nil {
		op.Err = err
		return true
	}
	n, errno := sendTo(s.sys.fd, op.Buf, &sa, size)
	switch {
	case errno == unix.EAGAIN:
		s.sys.writable = false
		return false
	case errno != 0:
		op.Err = os.NewSyscallError("sendto", errno)
	default:
		op.N = n
	}
	return true
}
