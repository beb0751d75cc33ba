package iocp

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
	"github.com/heirloom-go/heirloom/platform/internal/winsock"
)

// takeFile makes f, whose handle is old, the file of a socket.
func (b *Backend) takeFile(x *socket, f *os.File, old uintptr) error {
	const shared = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	access, err := query(windows.Handle(old), accessInformation)
	if err != nil {
		return err
	}
	mode, err := query(windows.Handle(old), modeInformation)
	if err != nil {
		return err
	}
	h, _, errno := syscall.SyscallN(reopen.Addr(), old, uintptr(access), shared, uintptr(flagsOf(mode)))
	if windows.Handle(h) == windows.InvalidHandle {
		return winsock.Failure("reopenfile", errno)
	}
	if err := b.port.add(windows.Handle(h), x.Index, true); err != nil {
		windows.CloseHandle(windows.Handle(h))
		return err
	}
	x.handle, x.skips = windows.Handle(h), true
	x.extra().file = f
	return nil
}

// What the system says of a handle of a file (see NtQueryInformationFile): what it may be
// used for, and how.
const (
	accessInformation = 8  // FileAccessInformation
	modeInformation   = 16 // FileModeInformation, of which these are bits

	writeThrough = 0x2 // FILE_WRITE_THROUGH
	sequential   = 0x4 // FILE_SEQUENTIAL_ONLY
	unbuffered   = 0x8 // FILE_NO_INTERMEDIATE_BUFFERING
)

func query(h windows.Handle, class uint32) (value uint32, err error) {
	var status windows.IO_STATUS_BLOCK
	err = windows.NtQueryInformationFile(h, &status, (*byte)(unsafe.Pointer(&value)), uint32(unsafe.Sizeof(value)), class)
	if status, ok := err.(windows.NTStatus); ok {
		err = status.Errno()
	}
	return value, os.NewSyscallError("ntqueryinformationfile", err)
}

// flagsOf returns the flags that open a file again in a mode, for overlapped calls.
func flagsOf(mode uint32) uint32 {
	flags := uint32(windows.FILE_FLAG_OVERLAPPED)
	if mode&writeThrough != 0 {
		flags |= windows.FILE_FLAG_WRITE_THROUGH
	}
	if mode&sequential != 0 {
		flags |= windows.FILE_FLAG_SEQUENTIAL_SCAN
	}
	if mode&unbuffered != 0 {
		flags |= windows.FILE_FLAG_NO_BUFFERING
	}
	return flags
}

// transfer reads from a file, or writes what is left of an operation to one.
func (b *Backend) transfer(x *socket, op *ops.Operation, r *request) bool {
	call := readFile
	if op.Kind == ops.KindWriteAt {
		call = writeFile
	}
	buf := op.Buf[op.N:]
	buf = buf[:min(len(buf), descriptor.MaxWrite)]
	at := backend.Offset(op) + int64(op.N)
	r.Offset, r.OffsetHigh = uint32(at), uint32(at>>32)
	ok, _, errno := syscall.SyscallN(call.Addr(), uintptr(x.handle), uintptr(unsafe.Pointer(dataOf(buf))), uintptr(len(buf)),
		uintptr(unsafe.Pointer(&r.n)), uintptr(unsafe.Pointer(&r.Overlapped)))
	if ok != 0 {
		errno = 0
	} else if errno == 0 {
		errno = syscall.EINVAL
	}
	return b.issued(x, op, r, errno)
}

// transferred takes the result of a part. What was written before one that has failed
// counts.
func (b *Backend) transferred(x *socket, op *ops.Operation, r *request, n int, errno syscall.Errno) (ended bool) {
	op.N += n
	switch {
	case op.Kind == ops.KindReadAt && (errno == windows.ERROR_HANDLE_EOF || errno == 0 && n == 0):
		op.Err = io.EOF
	case op.Kind == ops.KindReadAt:
		op.Err = winsock.Failure("read", errno)
	case errno != 0:
		op.Err = winsock.Failure("write", errno)
	case op.N == len(op.Buf):
	case n == 0:
		op.Err = io.ErrShortWrite
	case r.canceled || x.handle == windows.InvalidHandle:
		op.Err = ops.ErrCanceled
	default:
		*r = request{}
		return b.transfer(x, op, r)
	}
	return true
}

// A flush has what was written to a file put on the device, for which there is no
// overlapped call.
type flush struct {
	do  func() // runs on a goroutine of its own
	err atomic.Pointer[error]
}

func (f *flush) result() error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (b *Backend) sync(x *socket, r *request) bool {
	r.pending = true
	if x.rare.flush == nil {
		file, done := x.rare.file, new(flush)
		done.do = func() {
			done.err.Store(nil)
			if err := file.Sync(); err != nil {
				failed := reason(err)
				done.err.Store(&failed)
			}
			b.port.post(uintptr(x.Index)+firstKey, &r.Overlapped)
		}
		x.rare.flush = done
	}
	do := x.rare.flush.do
	go do()
	return false
}

// reason returns an error of package os without the name of the file.
func reason(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		err = os.NewSyscallError(e.Op, e.Err)
	}
	return descriptor.Name(err)
}

// A file is sent in parts, each of which is read into memory first. (TransmitFile, which
// needs none, does two at a time on the clients' editions of Windows: two peers that do
// not read would hold up all others.)
const partSize = 64 << 10

// parts are buffers for the parts of files, for as long as one takes.
var parts = sync.Pool{New: func() any { return new([partSize]byte) }}

// putPart gives back the buffer of the part that was sent.
func (x *socket) putPart() {
	if x.rare.part != nil {
		parts.Put(x.rare.part)
		x.rare.part = nil
	}
}

// sendPart sends the next part of a file.
func (b *Backend) sendPart(x *socket, op *ops.Operation, r *request) bool {
	e := x.extra()
	if e.part == nil {
		e.part = parts.Get().(*[partSize]byte)
	}
	offset, size := backend.NextPart(op, partSize)
	n, err := backend.SourceFile(op).Sys.(*socket).rare.file.ReadAt(e.part[:size], offset)
	if n == 0 {
		x.putPart()
		if err == io.EOF {
			return backend.Sent(op, 0)
		}
		op.Err = reason(err)
		return true
	}
	list := bufferOf(e.part[:n], partSize)
	return b.issued(x, op, r, winsock.Send(x.handle, &list, 1, &r.n, &r.Overlapped))
}

// partSent takes the result of a part, or sends the next one when it has its turn: what was
// sent at once waits for a packet of the backend's own first, so that others have theirs.
func (b *Backend) partSent(x *socket, op *ops.Operation, r *request, n int, errno syscall.Errno) (ended bool) {
	turn := r.turn
	switch {
	case !turn && errno == 0 && backend.Sent(op, n): // which counts it in any case
	case r.canceled && (turn || errno != 0), x.handle == windows.InvalidHandle:
		op.Err = ops.ErrCanceled
	case errno != 0:
		op.Err = winsock.Failure("wsasend", errno)
	case turn:
		*r = request{}
		return b.sendPart(x, op, r)
	default:
		*r = request{pending: true, turn: true, canceled: r.canceled}
		b.port.post(uintptr(x.Index)+firstKey, &r.Overlapped)
		return false
	}
	x.putPart()
	return true
}
