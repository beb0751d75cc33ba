package portable

import (
	"os"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// The calls for files block, so workers make them, also for a backend of a
// readiness interface, to which a file is always ready. Such a backend has a
// portable one of its own for its files, and passes on what comes from that.

// TakeFile implements backend.FileBackend.
func (b *Backend) TakeFile(s *backend.Socket, f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	sys := &socket{before: s.Sys, file: f}
	if err := raw.Control(func(fd uintptr) { sys.descriptor = fd }); err != nil {
		return err
	}
	s.Sys = sys
	return nil
}

// FileDescriptor returns the descriptor of a file that is open.
func (b *Backend) FileDescriptor(s *backend.Socket) uintptr { return s.Sys.(*socket).descriptor }

// serve does an operation on a file.
func (w *worker) serve(op *ops.Operation) (n int, err error) {
	f := w.s.file
	w.s.guard.enter()
	defer w.s.guard.leave()
	switch op.Kind {
	case ops.KindReadAt:
		if n, err = f.ReadAt(op.Buf, backend.Offset(op)); n > 0 {
			err = nil // the next read has it
		}
	case ops.KindWriteAt:
		n, err = w.writer.writeAt(f, op.Buf, backend.Offset(op))
	case ops.KindSync:
		err = f.Sync()
	}
	if e, ok := err.(*os.PathError); ok {
		err = os.NewSyscallError(e.Op, e.Err)
	}
	return n, err
}

// takeBack takes back what the worker was given, if it has not begun.
func (w *worker) takeBack() bool {
	select {
	case <-w.queue:
		return true
	default:
		return false
	}
}
