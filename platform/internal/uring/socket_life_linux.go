package uring

import (
	"errors"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// How a socket gets its descriptor and loses it.

// NewSocket implements backend.Backend.
func (b *Backend) NewSocket() *backend.Socket {
	index, e := b.table.New()
	if e.Sys == nil {
		e.Index, e.fd, e.Sys = index, -1, e
	}
	return &e.Socket
}

// FreeSocket implements backend.Backend. The record stays in use until the kernel has
// let go of every request.
func (b *Backend) FreeSocket(s *backend.Socket) {
	e := s.Sys.(*socket)
	e.freed = true
	b.freeIfQuiet(e)
}

// freeIfQuiet takes a record out of use that nobody needs any more. The caller holds
// the lock of the socket.
func (b *Backend) freeIfQuiet(e *socket) {
	if e.freed && e.pending == 0 {
		e.life = life{fd: -1, current: e.current}
		b.table.Free(e.Index)
	}
}

// attach makes fd the descriptor of e. The caller holds the lock of the socket.
func (b *Backend) attach(e *socket, fd int, is descriptor.Traits) {
	e.fd, e.inet6, e.unlink, e.file, e.multipath = int32(fd), is.Inet6, is.Unlink, is.File, is.Multipath
}

// CloseSocket implements backend.Backend. The kernel keeps what a request is for open
// until it has let go of the request, so they are cancelled first.
func (b *Backend) CloseSocket(s *backend.Socket) error {
	e := s.Sys.(*socket)
	if e.fd < 0 {
		return nil // never got as far
	}
	b.lock()
	defer b.unlock()
	if e.armed {
		b.cancelRequest(e, multishot)
	}
	unread := e.readAhead != 0
	for e.readAhead != 0 {
		b.dropAhead(e)
	}
	if e.pending > 0 { // else no request names the descriptor
		b.submit() // before it can be another's
		b.ring.invalidate(e.fd)
		b.ring.enter(0, enterGetevents) // so that it lets go now
	}
	fd := e.fd
	// What was not read resets the connection, as it does when the kernel has it.
	resets := unread || e.pending > 0 && descriptor.Resets(fd)
	if e.shared {
		// Only the descriptor is closed.
	} else if reset := resets && disconnect(fd); !reset && e.pending > 0 {
		// A thread that has made a request may let go of the socket later, but for
		// others it ends now: the peer is told, and a listener's address is free.
		unix.Shutdown(int(fd), unix.SHUT_RDWR)
	}
	e.fd = -1
	return descriptor.Close(fd, descriptor.Traits{Unlink: e.unlink, File: e.file})
}

// disconnect resets a TCP connection and reports whether it was one. See connect(2)
// for AF_UNSPEC.
func disconnect(fd int32) bool {
	none := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&none)), unsafe.Sizeof(none))
	return errno == 0
}

// CloseWrite implements backend.Backend.
func (b *Backend) CloseWrite(s *backend.Socket) error {
	return descriptor.CloseWrite(s.Sys.(*socket).fd)
}

// Addr implements backend.Backend.
func (b *Backend) Addr(s *backend.Socket, peer bool) net.Addr {
	return descriptor.Addr(s.Sys.(*socket).fd, peer)
}

// Listen implements backend.Backend.
func (b *Backend) Listen(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	return b.listen(s, func() (int, descriptor.Traits, error) { return descriptor.OpenListener(network, address, o) })
}

// ListenPacket implements backend.Backend.
func (b *Backend) ListenPacket(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	return b.listen(s, func() (int, descriptor.Traits, error) { return descriptor.OpenPacket(network, address, o) })
}

// listen opens s by a function, and tries again for a while if the address is in use:
// a socket that was closed, or whose process has died, with a request outstanding is
// let go of late.
func (b *Backend) listen(s *backend.Socket, open func() (int, descriptor.Traits, error)) error {
	fd, is, err := open()
	for pause := time.Millisecond; errors.Is(err, unix.EADDRINUSE) && pause <= maxPause; pause *= 2 {
		b.ring.enter(0, enterGetevents)
		time.Sleep(pause)
		fd, is, err = open()
	}
	if err != nil {
		return err
	}
	return b.attachWaiting(s, fd, is)
}

// attachWaiting attaches a descriptor that does not block. The kernel is to wait, not
// to report that it would have to. If that fails, fd is closed.
func (b *Backend) attachWaiting(s *backend.Socket, fd int, is descriptor.Traits) error {
	if err := unix.SetNonblock(fd, false); err != nil {
		descriptor.Close(int32(fd), is)
		return os.NewSyscallError("fcntl", err)
	}
	b.attach(s.Sys.(*socket), fd, is)
	return nil
}
