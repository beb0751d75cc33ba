package platform

import (
	"errors"
	"fmt"
	"math"
	"net"
	"runtime"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// This file sets options of open sockets.

// SetNoDelay makes the system send small writes at once, which is the default, or lets
// it hold them back until the peer has acknowledged the write before (Nagle's
// algorithm).
func (c *Conn) SetNoDelay(noDelay bool) error {
	return c.h.setTCPOption("no-delay", func(fd uintptr) error { return descriptor.SetNoDelay(fd, noDelay) })
}

// SetKeepAlive says whether and when the system probes a silent peer, as
// net.TCPConn.SetKeepAliveConfig does: fields that are 0 mean 15 s, 15 s and 9
// probes, and negative ones leave the setting as it is.
func (c *Conn) SetKeepAlive(k net.KeepAliveConfig) error {
	return c.h.setTCPOption("keep-alive", func(fd uintptr) error { return descriptor.SetKeepAlive(fd, k) })
}

// SetLinger says what happens to data that the peer has not acknowledged when the
// connection is closed. With sec < 0, the default, it is sent in the background.
// With 0 it is discarded, and the peer sees a reset, as with [Conn.Abort].
//
// With sec > 0 the error is errors.ErrUnsupported. A close that waits for up to sec
// seconds, as that of a net.TCPConn does, would hold up the proactor.
func (c *Conn) SetLinger(sec int) error {
	if sec > 0 {
		return fmt.Errorf("platform: a close that waits for %d s: %w", sec, errors.ErrUnsupported)
	}
	return c.h.setTCPOption("linger", func(fd uintptr) error { return descriptor.SetLinger(fd, sec) })
}

// SetReadBuffer sets the size in bytes of the system's receive buffer; see
// [SocketOptions].
func (c *Conn) SetReadBuffer(bytes int) error {
	return c.h.setBuffer(bytes, descriptor.SetReadBuffer)
}

// SetWriteBuffer sets the size in bytes of the system's send buffer; see
// [SocketOptions].
func (c *Conn) SetWriteBuffer(bytes int) error {
	return c.h.setBuffer(bytes, descriptor.SetWriteBuffer)
}

// SetReadBuffer sets the size in bytes of the system's buffer for packets that have
// not been read yet. Packets that do not fit are lost.
func (c *PacketConn) SetReadBuffer(bytes int) error {
	return c.h.setBuffer(bytes, descriptor.SetReadBuffer)
}

// SetWriteBuffer sets the size in bytes of the system's buffer for packets to be sent.
func (c *PacketConn) SetWriteBuffer(bytes int) error {
	return c.h.setBuffer(bytes, descriptor.SetWriteBuffer)
}

// Abort closes the connection as [Conn.Close] does, but discards data that the peer has
// not acknowledged, and a TCP peer sees a reset (RST, ECONNRESET) instead of the end of
// the stream. The port is then not kept for late packets (TIME-WAIT), and a peer that
// does not read cannot tie up any resources here. A unix connection is just closed. If
// the system refuses the reset, Abort returns its error, and the connection is closed as
// by Close. On macOS there is no reset once both directions have ended, by [Conn.CloseWrite]
// and by the peer.
func (c *Conn) Abort() error {
	c.h.mustBeRunner()
	refused := c.h.abort()
	return errors.Join(refused, c.h.close())
}

// abort makes the close that follows reset the connection, if that is open and can be. The
// error says that the system has refused it.
func (h *handle) abort() error {
	err := h.control(func(_ *socket, fd uintptr) error { return descriptor.SetLinger(fd, 0) })
	switch {
	case errors.Is(err, net.ErrClosed): // not open yet, or not any more
		return nil
	case runtime.GOOS == "darwin" && errors.Is(err, syscall.EINVAL): // both directions have ended
		return nil
	case !errors.Is(err, errors.ErrUnsupported):
		return err
	}
	s, ok := h.lockedOpen()
	if !ok {
		return nil
	}
	defer s.unlock()
	if a, ok := s.proactorOf().lowest.(backend.Aborter); ok {
		a.Abort((*backend.Socket)(s))
	}
	return nil
}

func (h *handle) setBuffer(bytes int, set func(fd uintptr, bytes int) error) error {
	if bytes <= 0 || bytes > math.MaxInt32 {
		return fmt.Errorf("platform: a buffer of %d bytes: %w", bytes, syscall.EINVAL)
	}
	return h.setOption(func(fd uintptr) error { return set(fd, bytes) })
}

// setTCPOption sets an option that other sockets do not have.
func (h *handle) setTCPOption(name string, set func(fd uintptr) error) error {
	h.mustBeRunner()
	if at, ok := h.addr(false).(*net.UnixAddr); ok {
		return fmt.Errorf("platform: %s of a %s socket: %w", name, at.Net, errors.ErrUnsupported)
	}
	return h.setOption(set)
}

// setOption sets an option. For a backend without descriptors it does nothing, and
// succeeds.
func (h *handle) setOption(set func(fd uintptr) error) error {
	h.mustBeRunner()
	s, ok := h.lockedOpen()
	if !ok {
		return net.ErrClosed
	}
	defer s.unlock()
	if system, ok := s.proactorOf().lowest.(backend.Controller); ok {
		return control(system, s, set)
	}
	return nil
}

// control calls f with the descriptor of the socket, if it is open.
func (h *handle) control(f func(s *socket, fd uintptr) error) error {
	s, ok := h.lockedOpen()
	if !ok {
		return net.ErrClosed
	}
	defer s.unlock()
	p := s.proactorOf()
	system, ok := p.lowest.(backend.Controller)
	if !ok {
		return fmt.Errorf("platform: %s has no descriptors: %w", p.Backend(), errors.ErrUnsupported)
	}
	return control(system, s, func(fd uintptr) error { return f(s, fd) })
}

// control calls f with the descriptor of a socket. The caller holds its lock.
func control(system backend.Controller, s *socket, f func(fd uintptr) error) (err error) {
	if cerr := system.Control((*backend.Socket)(s), func(fd uintptr) { err = f(fd) }); cerr != nil {
		return cerr
	}
	return err
}
