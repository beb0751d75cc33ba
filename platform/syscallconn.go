package platform

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// How a program gets at the descriptor of a socket is in this file.

var (
	_ syscall.Conn = (*Conn)(nil)
	_ syscall.Conn = (*Listener)(nil)
	_ syscall.Conn = (*PacketConn)(nil)
)

// SyscallConn returns access to the descriptor of the connection, for options that have
// no method here. Control calls its function before it returns, with a descriptor that is
// not closed meanwhile; the function must not use the Conn, nor block. Read and Write
// are errors.ErrUnsupported: [Conn.WaitReadable] waits.
//
// The connection must not be read, written or closed by its descriptor, and whether it
// blocks must stay as it is.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return c.h.raw() }

// SyscallConn returns access to the descriptor of the listener; see [Conn.SyscallConn].
func (l *Listener) SyscallConn() (syscall.RawConn, error) { return l.h.raw() }

// SyscallConn returns access to the descriptor of the socket; see [Conn.SyscallConn].
func (c *PacketConn) SyscallConn() (syscall.RawConn, error) { return c.h.raw() }

// File returns a duplicate of the descriptor of the connection: the caller's, to be
// closed by it. The connection stays open here; closing one does not affect the other,
// but options are those of both, and each byte goes to whoever reads first. With
// net.FileConn it becomes a net.Conn again.
//
// On io_uring something may have been received that nobody has asked for yet, which would
// be lost to the duplicate. Then there is an error that is syscall.EAGAIN: read what
// there is with [Conn.TryRead], let the proactor run, and ask again.
func (c *Conn) File() (*os.File, error) { return c.h.file() }

// File returns a duplicate of the descriptor of the listener: the caller's, to be closed by
// it, or to be given to another process (see exec.Cmd.ExtraFiles), which makes a listener
// of it by net.FileListener and [Proactor.AdoptListener]. Connections that come
// meanwhile wait for whoever accepts first, so none is refused. The path of a unix
// listener is still removed when this one is closed: see [Listener.SetUnlinkOnClose].
func (l *Listener) File() (*os.File, error) { return l.h.file() }

// File returns a duplicate of the descriptor of the socket: the caller's, to be closed by
// it. Each packet goes to whoever reads first.
func (c *PacketConn) File() (*os.File, error) { return c.h.file() }

func (h *handle) file() (*os.File, error) {
	h.mustBeRunner()
	s, ok := h.lockedOpen()
	if !ok {
		return nil, net.ErrClosed
	}
	defer s.unlock()
	system, err := s.proactorOf().socketBackend()
	if err != nil {
		return nil, err
	}
	return system.File((*backend.Socket)(s))
}

// raw returns access to the descriptor of a socket that is open.
func (h *handle) raw() (syscall.RawConn, error) {
	h.mustBeRunner()
	c := rawConn{h: h}
	err := h.control(func(s *socket, _ uintptr) error {
		c.number = s.Number.Load()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// A rawConn is a syscall.RawConn of the socket with a number.
type rawConn struct {
	h      *handle
	number uint64
}

// Control implements syscall.RawConn.
func (c rawConn) Control(f func(fd uintptr)) error {
	c.h.mustBeRunner()
	return c.h.control(func(s *socket, fd uintptr) error {
		if s.Number.Load() != c.number {
			return net.ErrClosed // and another is open in its place
		}
		if system, err := s.proactorOf().socketBackend(); err == nil {
			system.Share((*backend.Socket)(s)) // f may make another descriptor
		}
		f(fd)
		return nil
	})
}

// Read implements syscall.RawConn.
func (rawConn) Read(func(fd uintptr) bool) error { return errNoWaiting }

// Write implements syscall.RawConn.
func (rawConn) Write(func(fd uintptr) bool) error { return errNoWaiting }

var errNoWaiting = fmt.Errorf("platform: a RawConn does not wait: %w", errors.ErrUnsupported)
