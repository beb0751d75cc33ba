package platform

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// This file gives programs access to the descriptor of a socket.

var (
	_ syscall.Conn = (*Conn)(nil)
	_ syscall.Conn = (*Listener)(nil)
	_ syscall.Conn = (*PacketConn)(nil)
)

// SyscallConn gives access to the connection's descriptor, for options that have no
// method here. Control calls its function at once, with a descriptor that is not closed
// meanwhile. The function must not use the Conn, and must not block. Read and Write
// return errors.ErrUnsupported; use [Conn.WaitReadable] to wait.
//
// The connection must not be read, written or closed through its descriptor, or switched
// between blocking and nonblocking.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return c.h.raw() }

// SyscallConn gives access to the listener's descriptor; see [Conn.SyscallConn].
func (l *Listener) SyscallConn() (syscall.RawConn, error) { return l.h.raw() }

// SyscallConn gives access to the socket's descriptor; see [Conn.SyscallConn].
func (c *PacketConn) SyscallConn() (syscall.RawConn, error) { return c.h.raw() }

// File returns a duplicate of the connection's descriptor, which the caller must close.
// The connection stays open here, and closing one does not affect the other. But both
// share the options, and each byte goes to the one that reads first. net.FileConn makes a
// net.Conn of the duplicate.
//
// On io_uring, the proactor may already have received data that the program has not asked
// for, and that the duplicate would never see. Then the error is syscall.EAGAIN: read the
// data with [Conn.TryRead], let the proactor run, and call File again.
func (c *Conn) File() (*os.File, error) { return c.h.file() }

// File returns a duplicate of the listener's descriptor, which the caller must close. It
// may be given to another process (see exec.Cmd.ExtraFiles), which makes a listener of it
// with net.FileListener and [Proactor.AdoptListener]. Connections that arrive meanwhile go
// to the one that accepts first, so none is refused. The path of a unix listener is still
// removed when l is closed: see [Listener.SetUnlinkOnClose].
func (l *Listener) File() (*os.File, error) { return l.h.file() }

// File returns a duplicate of the socket's descriptor, which the caller must close. Each
// packet goes to the one that reads first.
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
