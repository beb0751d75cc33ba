package sim

import (
	"io"
	"os"
	"syscall"
)

var errNoSource = os.NewSyscallError("sendfile", syscall.EBADF)

// sendFile writes a part of a file to a stream, as a write of it would.
func (b *kernel) sendFile(r *request) result {
	f := r.source
	f.touch(b.w)
	if !f.reads {
		return result{err: errNoSource}
	}
	var data []byte
	if at := r.offset + int64(r.sent); at < int64(len(f.data)) {
		data = f.data[at:]
	}
	if r.left >= 0 {
		data = data[:min(int64(len(data)), r.left-int64(r.sent))]
	}
	if len(data) == 0 { // the file has come to its end
		if r.left > 0 {
			return result{n: r.sent, err: io.ErrUnexpectedEOF}
		}
		return result{n: r.sent}
	}
	r.single[0] = data
	res := b.write(r)
	r.single[0] = nil // it is the file's
	if r.sent += res.n; res.err == nil {
		res.more = r.left < 0 || int64(r.sent) < r.left
	}
	res.n = r.sent
	return res
}
