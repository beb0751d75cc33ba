package platform

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// A File is an open file that is read and written at offsets: a regular file, a block
// device, or whatever else has offsets.
//
// One ReadAt, and one WriteAt or Sync, can be in progress at the same time. Further ones wait,
// and are served in the order in which they were started. To have more in progress, open
// the file several times. Unless the proactor has a single runner, any goroutine may call
// the methods.
//
// On io_uring and on completion ports the kernel does the operations, except for Sync on
// completion ports, which uses a goroutine. The other interfaces cannot wait for a file, so
// there a goroutine for each of the two directions makes blocking calls. A cancel does not
// interrupt an operation that such a call, or the kernel, has begun; its handler is called
// with the result.
type File struct{ h handle }

// OpenFile opens a file as os.OpenFile does, and like that it may block while
// the file system opens it. Opening for appending (os.O_APPEND) is refused,
// because such a file is not written at offsets.
func (p *Proactor) OpenFile(name string, flag int, perm os.FileMode) (*File, error) {
	if flag&os.O_APPEND != 0 {
		return nil, &os.PathError{Op: "open", Path: name, Err: errAppends}
	}
	if system, ok := p.lowest.(backend.FileSystem); ok {
		return p.openFile(func(s *backend.Socket) error { return system.OpenFile(s, name, flag, perm) })
	}
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	file, err := p.NewFile(f)
	if err != nil {
		f.Close()
	}
	return file, err
}

// NewFile makes a File of an open file, and takes it over: unless NewFile returns an
// error, the program must not use or close f any more. A file without offsets (a pipe,
// terminal, socket, eventfd, timerfd or inotify descriptor) is refused with ESPIPE. So is,
// on Linux, a device that makes its readers wait, such as an input device, because such
// a read could not be cancelled. A file opened for appending is refused too.
func (p *Proactor) NewFile(f *os.File) (*File, error) {
	files, ok := p.lowest.(backend.FileBackend)
	if !ok {
		return nil, fmt.Errorf("platform: %s has no files of the system: %w", p.Backend(), errors.ErrUnsupported)
	}
	if _, err := f.Seek(0, io.SeekCurrent); err != nil {
		return nil, err
	}
	if err := checkOffsets(f); err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(nil, 0); err != nil { // it fails if the file appends
		return nil, &os.PathError{Op: "open", Path: f.Name(), Err: errAppends}
	}
	return p.openFile(func(s *backend.Socket) error { return files.TakeFile(s, f) })
}

var (
	errAppends  = errors.New("platform: a File cannot append")
	errNegative = fmt.Errorf("platform: negative offset: %w", syscall.EINVAL)
)

func (p *Proactor) openFile(open func(*backend.Socket) error) (*File, error) {
	f := new(File)
	err := p.openSocket(&f.h, "open", func(s *backend.Socket) error {
		s.Class = record.File
		return open(s)
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// ReadAt reads up to len(b) bytes from offset on, at least one. It may read fewer than
// there are. Unlike with os.File.ReadAt, that is not an error; neither is reading up to the
// last byte, or up to one that cannot be read. At the end of the file, and beyond it, the
// handler is called with 0 and io.EOF. If b is empty, the read completes with 0. The buffer
// belongs to the operation until its handler is called.
func (f *File) ReadAt(b []byte, offset int64, h ops.Handler) {
	f.start(ops.KindReadAt, b, offset, h)
}

// WriteAt writes b from offset on. The handler is called with the number of bytes written.
// As for an [io.WriterAt], that is less than len(b) only with an error: the file system is
// full, the file may not grow any more, or the write was cancelled in the middle. (On
// Windows a call that fails does not say how much it has written, and counts as 0 bytes. One
// call writes up to 1 GiB.) If b is empty, the write completes with 0. The buffer belongs to
// the operation until its handler is called.
func (f *File) WriteAt(b []byte, offset int64, h ops.Handler) {
	f.start(ops.KindWriteAt, b, offset, h)
}

// Sync makes the system put written data on the device (fsync). It is done after
// the writes that were started before it. The handler is called with 0 and nil or
// an error.
func (f *File) Sync(h ops.Handler) { f.start(ops.KindSync, nil, 0, h) }

func (f *File) start(k ops.Kind, b []byte, offset int64, h ops.Handler) {
	op := f.h.begin(k, h)
	op.Buf = b
	backend.SetOffset(op, offset)
	if offset < 0 && op.Err == nil {
		op.Err = errNegative
	}
	f.h.start(op)
}

// Allocator returns the default allocator of the proactor.
func (f *File) Allocator() allocator.Allocator[ops.Operation] { return f.h.allocator() }

// Proactor returns the proactor that the file belongs to.
func (f *File) Proactor() *Proactor { return f.h.proactor() }

// Cancel cancels all outstanding operations. Their handlers are called with
// [ops.ErrCanceled], or with the result that the operation already had or still
// gets.
func (f *File) Cancel() { f.h.cancel() }

// Close closes the file. Handlers of outstanding operations are called later,
// with net.ErrClosed or with the result that the operation still gets. Closing
// a closed file returns net.ErrClosed.
func (f *File) Close() error { return f.h.close() }
