package sim

import (
	"io"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A file is one of the world's.
type file struct {
	id   int
	data []byte
}

func (f *file) touch(w *World) { w.touch("file", f.id) }

// An openFile is a file as somebody has opened it.
type openFile struct {
	*file
	name          string
	reads, writes bool
}

// maxFile bounds the size of a file, which lies in memory.
const maxFile = 64 << 20

var (
	errNoReading = os.NewSyscallError("read", syscall.EBADF)
	errNoWriting = os.NewSyscallError("write", syscall.EBADF)
	errNoSpace   = os.NewSyscallError("write", syscall.ENOSPC)
	errTooLarge  = os.NewSyscallError("write", syscall.EFBIG)
)

var (
	_ backend.FileSystem    = (*kernel)(nil)
	_ backend.PacketNetwork = (*kernel)(nil)
)

// OpenFile implements backend.FileSystem. There are no directories and no
// permissions, so any name is one of a file.
func (b *kernel) OpenFile(s *backend.Socket, name string, flag int, _ os.FileMode) error {
	w := b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.files[name]
	switch {
	case f == nil && flag&os.O_CREATE == 0:
		return &os.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	case f != nil && flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		return &os.PathError{Op: "open", Path: name, Err: syscall.EEXIST}
	case f == nil:
		if w.files == nil {
			w.files = make(map[string]*file)
		}
		f = &file{id: len(w.files)}
		w.files[name] = f
	}
	if f.touch(w); flag&os.O_TRUNC != 0 {
		f.data = nil
	}
	access := flag & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
	e := w.newEndpoint(b)
	e.file = &openFile{f, name, access != os.O_WRONLY, access != os.O_RDONLY}
	s.Sys = e
	return nil
}

// room returns how much of n bytes there is room for, where there is too little: nothing,
// half of them or all but one.
func (w *World) room(n int) int {
	return []int{0, n / 2, n - 1}[w.choose(min(n, 3), "how much there is room for")]
}

// onFile does an operation on a file, which is possible at any time.
func (b *kernel) onFile(r *request) result {
	f, buf := r.e.file, r.single[0]
	f.touch(b.w)
	switch r.kind {
	case ops.KindReadAt:
		switch {
		case !f.reads:
			return result{err: errNoReading}
		case r.offset >= int64(len(f.data)):
			return result{err: io.EOF}
		}
		from := f.data[r.offset:]
		return result{n: b.fill(buf[:b.w.part(min(len(buf), len(from)))], from)}
	case ops.KindWriteAt:
		switch {
		case !f.writes:
			return result{err: errNoWriting}
		case r.offset > maxFile-int64(len(buf)):
			return result{err: errTooLarge}
		}
		var err error
		if len(buf) > 0 && b.w.happens(b.w.weather.NoSpace, "no space") {
			buf, err = buf[:b.w.room(len(buf))], errNoSpace
		}
		if len(buf) == 0 { // which makes no file longer
			return result{err: err}
		}
		if end := int(r.offset) + len(buf); end > len(f.data) {
			f.data = append(f.data, make([]byte, end-len(f.data))...)
		}
		return result{n: copy(f.data[r.offset:], buf), err: err}
	}
	return result{}
}
