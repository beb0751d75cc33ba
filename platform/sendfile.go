package platform

import (
	"fmt"
	"math"
	"net"
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// SendFile writes count bytes of a file to the stream, from offset on, or, if count is
// negative, everything until the end of the file. On Linux, with epoll or io_uring, it
// needs no buffer, because the kernel moves the bytes itself (sendfile(2)). If the peer has
// closed its end, the kernel may send the program SIGPIPE, which Go ignores unless the
// program asks for it (see package os/signal). On Windows the bytes pass through a buffer
// of 64 KiB, which a connection has while it sends.
//
// The handler is called once, with the number of bytes sent. That is less than count only
// with an error: io.ErrUnexpectedEOF if the file is shorter, the error of the write, or
// [ops.ErrCanceled]. If count is 0, it completes with 0. It uses one block of memory, however
// many parts it takes. Other operations get their turn between parts.
//
// If the file is overwritten before the peer has read it, even after the handler was
// called, the peer may read the new bytes: the kernel sends the pages of the file, not a
// copy of them.
//
// Any number of connections may send the same file at once. It must belong to the same
// proactor, or SendFile panics. A file that is closed meanwhile is still sent to its end,
// and its descriptor is closed then. Parts of the file that are not in memory are read
// while the goroutine that runs the proactor waits for the device, except on the portable
// backend.
func (c *Conn) SendFile(f *File, offset, count int64, h ops.Handler) {
	if f == nil {
		panic("platform: SendFile: nil File")
	}
	if f.h.opened().proactorOf() != c.h.opened().proactorOf() {
		panic("platform: SendFile: the File belongs to another proactor than the Conn")
	}
	op := c.h.begin(ops.KindSendFile, h)
	if op.Err == nil {
		op.Err = f.lend(op, offset, count)
	}
	c.h.start(op)
}

// lend keeps the file open for op, which sends it, until letGo is called.
func (f *File) lend(op *ops.Operation, offset, count int64) error {
	switch {
	case offset < 0:
		return errNegative
	case count > math.MaxInt:
		return fmt.Errorf("platform: SendFile of %d bytes, which do not fit into an int: %w", count, syscall.EINVAL)
	}
	s, ok := f.h.lockedOpen()
	if !ok {
		return net.ErrClosed
	}
	defer s.unlock()
	s.Set(record.Lent, true)
	s.proactorOf().lend(s)
	backend.SetSourceFile(op, (*backend.Socket)(s), offset, count)
	return nil
}

// letGo says that an operation which sends the file has ended. The caller holds the
// lock of the connection, which comes before that of a file.
func (s *socket) letGo() {
	s.lock()
	defer s.unlock()
	s.Set(record.Lent, s.proactorOf().letGo(s))
	if s.Is(record.Lent) || s.State != record.Closed {
		return
	}
	s.proactorOf().backend.CloseSocket((*backend.Socket)(s)) // nobody is left who could get an error
	s.freeIfQuiet()
}

// lend counts an operation that sends a file. Few sockets are files that are being sent,
// so their records have no count.
func (p *Proactor) lend(file *socket) {
	p.lock()
	defer p.unlock()
	if p.lent == nil {
		p.lent = make(map[*socket]int)
	}
	p.lent[file]++
}

// letGo undoes lend, and reports whether the file is still being sent.
func (p *Proactor) letGo(file *socket) bool {
	p.lock()
	defer p.unlock()
	if p.lent[file]--; p.lent[file] > 0 {
		return true
	}
	delete(p.lent, file)
	return false
}
