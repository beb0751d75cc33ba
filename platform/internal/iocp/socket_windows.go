package iocp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
	"github.com/heirloom-go/heirloom/platform/internal/winsock"
)

// A socket is what the backend knows of a socket, open or closed.
type socket struct {
	backend.Socket
	life
}

// A life is what of a socket ends with it, once nothing is outstanding on it.
type life struct {
	handle   windows.Handle // or windows.InvalidHandle
	requests [2]request     // of the sides of a stream, a listener and a file
	rare     *extra         // see socket.extra

	peer   windows.RawSockaddrInet6 // of a TCP connection, also when that has ended
	failed syscall.Errno            // for the next read: what a wait for a stream to be readable has met, or a read of further packets
	family uint16                   // of a listener
	inet6  bool                     // a packet socket of the IPv6 family
	skips  bool                     // calls that succeed at once send no packet
}

// A request is a call of a side of a socket. The kernel writes to its first three fields, at
// any time until its packet has come.
type request struct {
	windows.Overlapped
	n, flags uint32

	pending  bool // its packet is to come
	canceled bool // it is to end early
	reported bool // the last operation that was started on the side is not waited for any more
	turn     bool // its packet is one that the backend has sent itself
}

// An extra is what few sockets need.
type extra struct {
	buffers  [2][]windows.WSABuf // for several buffers, by side
	messages [2]*message         // for packets, by side
	accept   *accepting
	options  backend.SocketOptions // of the connections that a listener accepts
	path     string                // of a unix listener, to be removed when it is closed
	file     *os.File
	flush    *flush          // of a file, once it was asked for
	part     *[partSize]byte // of a file that is sent
}

// extra returns the extra of the socket, which is made when first needed.
func (x *socket) extra() *extra {
	if x.rare == nil {
		x.rare = new(extra)
	}
	return x.rare
}

// request returns the request of a side, or nil if there was none yet.
func (x *socket) request(d backend.Side) *request {
	if x.Class != record.Packets {
		return &x.requests[d]
	}
	if x.rare == nil || x.rare.messages[d] == nil {
		return nil
	}
	return &x.rare.messages[d].request
}

// failure returns why the call of a request has failed whose packet has come, or 0.
func (x *socket) failure(r *request) syscall.Errno {
	switch {
	case r.Internal == 0:
		return 0
	case x.Class == record.File:
		return windows.NTStatus(r.Internal).Errno()
	case x.handle == windows.InvalidHandle:
		return windows.ERROR_OPERATION_ABORTED // closed, which is all that matters
	}
	return winsock.Error(x.handle, &r.Overlapped)
}

// NewSocket implements backend.Backend.
func (b *Backend) NewSocket() *backend.Socket {
	index, x := b.table.New()
	if x.Sys == nil {
		x.Index, x.handle, x.Sys = index, windows.InvalidHandle, x
	}
	return &x.Socket
}

// FreeSocket implements backend.Backend.
func (b *Backend) FreeSocket(s *backend.Socket) {
	x := s.Sys.(*socket)
	x.life = life{handle: windows.InvalidHandle}
	b.table.Free(s.Index)
}

// attach makes h the handle of a socket that has none. The caller holds its lock. If that
// fails, h is closed. What is TCP may skip packets: of that the system was asked.
func (b *Backend) attach(x *socket, h windows.Handle, tcp bool) error {
	skips := tcp && b.skips
	if err := b.port.add(h, x.Index, skips); err != nil {
		windows.Closesocket(h)
		return err
	}
	x.handle, x.skips = h, skips
	return nil
}

// Listen implements backend.Backend.
func (b *Backend) Listen(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	opened, err := winsock.Listen(network, address, &o)
	if err != nil {
		return err
	}
	x := s.Sys.(*socket)
	if err := b.attach(x, opened.Handle, opened.Family != windows.AF_UNIX); err != nil {
		return err
	}
	x.family = uint16(opened.Family)
	e := x.extra()
	e.accept, e.options, e.path = new(accepting), o.SocketOptions, opened.Path
	return nil
}

// ListenPacket implements backend.Backend.
func (b *Backend) ListenPacket(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	opened, err := winsock.ListenPacket(network, address, &o)
	if err != nil {
		return err
	}
	x := s.Sys.(*socket)
	x.inet6 = opened.Inet6
	return b.attach(x, opened.Handle, false) // see Backend.replace for what it would do to skip
}

// CloseSocket implements backend.Backend. What is outstanding was cancelled, and its packets
// are to come.
func (b *Backend) CloseSocket(s *backend.Socket) error {
	x := s.Sys.(*socket)
	h := x.handle
	if h == windows.InvalidHandle {
		return nil // never got as far
	}
	x.handle = windows.InvalidHandle
	if s.Class == record.File {
		return errors.Join(os.NewSyscallError("closehandle", windows.CloseHandle(h)), x.rare.file.Close())
	}
	var err error
	if x.rare != nil && x.rare.path != "" {
		if err = os.Remove(x.rare.path); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	return errors.Join(os.NewSyscallError("closesocket", windows.Closesocket(h)), err)
}

// CloseWrite implements backend.Backend.
func (b *Backend) CloseWrite(s *backend.Socket) error {
	return os.NewSyscallError("shutdown", windows.Shutdown(s.Sys.(*socket).handle, windows.SHUT_WR))
}

// Addr implements backend.Backend.
func (b *Backend) Addr(s *backend.Socket, peer bool) net.Addr {
	x := s.Sys.(*socket)
	if peer && x.peer.Family != 0 {
		return net.TCPAddrFromAddrPort(winsock.FromSockaddr(&x.peer))
	}
	return winsock.Addr(x.handle, s.Class == record.Packets, peer)
}

// Control implements backend.Controller.
func (b *Backend) Control(s *backend.Socket, f func(fd uintptr)) error {
	x := s.Sys.(*socket)
	if x.handle == windows.InvalidHandle {
		return net.ErrClosed
	}
	f(uintptr(x.handle))
	return nil
}

var errOtherPort = fmt.Errorf("platform: iocp: a socket has one completion port for its life, and one of package net has that of Go's runtime: %w", errors.ErrUnsupported)

// Adopt implements backend.SocketBackend: it refuses.
func (b *Backend) Adopt(*backend.Socket, syscall.Conn, backend.Role) error { return errOtherPort }

// File implements backend.SocketBackend: it refuses, as a duplicate has the port of the original.
func (b *Backend) File(*backend.Socket) (*os.File, error) { return nil, errOtherPort }

// Share implements backend.SocketBackend. To close a handle does nothing to others.
func (b *Backend) Share(*backend.Socket) {}

// SetUnlink implements backend.SocketBackend.
func (b *Backend) SetUnlink(s *backend.Socket, unlink bool) {
	x := s.Sys.(*socket)
	x.extra().path = ""
	if at, ok := b.Addr(s, false).(*net.UnixAddr); ok && unlink {
		x.rare.path = at.Name
	}
}

// dataOf returns where the bytes of b begin.
func dataOf(b []byte) *byte { return unsafe.SliceData(b) }
