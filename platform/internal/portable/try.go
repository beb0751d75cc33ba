package portable

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A trier waits until a connection of package net is readable, and reads from it and
// writes to it without waiting.
type trier struct {
	raw      syscall.RawConn
	readable func(fd uintptr) bool
	read     func(fd uintptr) // reads into buf and sets n and err
	write    func(fd uintptr) // writes some of buf and sets n and err
	buf      []byte
	n        int
	err      error
	failed   atomic.Pointer[error] // what ended the stream, if a wait has met it
}

// trier returns what the socket tries with. The caller holds the lock of the socket, or
// somebody has called it before.
func (sys *socket) trier() (*trier, error) {
	if sys.try != nil {
		return sys.try, nil
	}
	c, ok := sys.conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	t := &trier{raw: raw, readable: readable()}
	t.read = func(fd uintptr) { t.n, t.err = readNow(sys.conn, fd, t.buf) }
	t.write = func(fd uintptr) { t.n, t.err = writeNow(fd, t.buf) }
	sys.try = t
	return t, nil
}

// waitReadable waits until a read would not have to. On Windows package net waits
// with a read of no bytes, which fails if the stream does. Nothing promises that the
// next read gets the same error, so it is kept for TryRead.
func (sys *socket) waitReadable() error {
	t, err := sys.trier()
	if err != nil {
		return err
	}
	err = t.raw.Read(t.readable)
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = descriptor.Name(os.NewSyscallError("wsarecv", errno)) // as a read of package net has it
		t.failed.Store(&err)
		return nil
	}
	return err
}

// TryRead implements backend.Backend. The worker of the side may wait meanwhile.
func (b *Backend) TryRead(s *backend.Socket, buf []byte) (int, error) {
	t, err := s.Sys.(*socket).trier()
	if err != nil {
		return 0, err
	}
	if failed := t.failed.Load(); failed != nil {
		return 0, *failed
	}
	if n, err := t.do(t.read, buf); n > 0 || err != nil {
		return n, err
	}
	return 0, io.EOF
}

// TryWrite implements backend.Backend.
func (b *Backend) TryWrite(s *backend.Socket, buf []byte) (int, error) {
	t, err := s.Sys.(*socket).trier()
	if err != nil {
		return 0, err
	}
	return t.do(t.write, buf)
}

// do reads into buf, or writes some of it.
func (t *trier) do(f func(fd uintptr), buf []byte) (int, error) {
	t.buf = buf
	err := t.raw.Control(f)
	t.buf = nil
	if err != nil {
		return 0, reason(err)
	}
	return t.n, t.err
}
