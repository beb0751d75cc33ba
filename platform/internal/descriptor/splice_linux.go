//go:build !bsdcalls

package descriptor

import (
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// Pipes are what bytes go through from one socket to another, by splice(2). An operation
// has a pipe only while it writes, and hardly any has to wait for that, so few pipes serve
// any number of connections. Any goroutine may use them. The zero value is ready.
type Pipes struct {
	mu       sync.Mutex
	idle     *pipe
	kept     int // idle ones
	lent     int
	shutDown bool
}

// A pipe is empty, or lent to an operation.
type pipe struct {
	read, write int32
	next        *pipe // that is idle
}

const (
	// pipeSize is what a pipe should hold, in bytes. One that the system has made smaller
	// does as well: a user may have 64 MiB in all (fs.pipe-user-pages-soft).
	pipeSize = MaxTransfer

	// maxLent bounds the descriptors, and the memory of the kernel, that peers can hold by
	// reading slowly. Further connections are copied.
	maxLent = 32

	// maxKept is how many pipes wait to be used again. A new one takes 6 µs.
	maxKept = 4
)

// Splices reports whether a socket is one that this works with: TCP, and not its
// multipath sister.
func Splices(fd int32) bool {
	protocol, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PROTOCOL)
	return err == nil && protocol == unix.IPPROTO_TCP
}

// Take moves what a socket that does not block has received to a pipe, which op has then.
// It reports whether it has. The error is one that the socket has told.
func (p *Pipes) Take(fd int32, op *ops.Operation) (taken bool, err error) {
	x := p.borrow()
	if x == nil {
		return false, nil
	}
	n, errno := splice(fd, x.write, MaxTransfer)
	if n > 0 {
		backend.SetSpliced(op, unsafe.Pointer(x), n)
		return true, nil
	}
	p.giveBack(x)
	switch errno {
	case unix.ECONNRESET, unix.EPIPE, unix.ETIMEDOUT, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ECONNREFUSED, unix.EPROTO:
		return false, os.NewSyscallError("splice", errno)
	}
	return false, nil // the end of the stream, nothing, or no such call here: a read says which
}

// Put writes what Take has taken to a socket that does not block. It reports whether the
// operation has ended; otherwise the socket is full.
func Put(fd int32, op *ops.Operation) (ended bool) {
	for {
		at, left := backend.Spliced(op)
		if left == 0 {
			return true
		}
		n, errno := splice((*pipe)(at).read, fd, left)
		switch {
		case errno == unix.EAGAIN:
			return false
		case errno == 0 && n == 0:
			errno = unix.EIO // it cannot be: the pipe has bytes, and nobody else has the pipe
		}
		if errno != 0 {
			op.Err = os.NewSyscallError("splice", errno)
			return true
		}
		op.N += n
	}
}

// splice is raw, as the calls in calls_linux.go are: it moves at most MaxTransfer bytes and
// does not copy them.
func splice(from, to int32, size int) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_SPLICE, uintptr(from), 0, uintptr(to), 0, uintptr(size),
			unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// End takes back the pipe of an operation that has ended.
func (p *Pipes) End(op *ops.Operation) {
	at, left := backend.Spliced(op)
	backend.SetSpliced(op, nil, op.N)
	x := (*pipe)(at)
	if left == 0 {
		p.giveBack(x)
		return
	}
	x.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lent--
}

// borrow returns an empty pipe, or nil if there is none.
func (p *Pipes) borrow() *pipe {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.idle
	switch {
	case p.lent == maxLent:
		return nil
	case x != nil:
		p.idle, x.next = x.next, nil
		p.kept--
	default:
		var fds [2]int
		if unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
			return nil
		}
		unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, pipeSize)
		x = &pipe{read: int32(fds[0]), write: int32(fds[1])}
	}
	p.lent++
	return x
}

// giveBack takes back a pipe that is empty.
func (p *Pipes) giveBack(x *pipe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lent--
	if p.kept == maxKept || p.shutDown {
		x.close()
		return
	}
	x.next, p.idle = p.idle, x
	p.kept++
}

// Shutdown closes the pipes that are idle, and later those that are given back.
func (p *Pipes) Shutdown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shutDown = true
	for x := p.idle; x != nil; x = x.next {
		x.close()
	}
	p.idle, p.kept = nil, 0
}

func (x *pipe) close() {
	closeSocket(x.read)
	closeSocket(x.write)
}
