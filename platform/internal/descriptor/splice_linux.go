//go:build !bsdcalls

package descriptor

import (
	"os"
	"sync"
	"sync/atomic"
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
	shutDown bool
}

// A pipe is empty, or lent to an operation.
type pipe struct {
	read, write int32
	next        *pipe // that is idle
}

const (
	// pipeSize is what a pipe holds, in bytes, and the most that one call moves: it copies
	// nothing, so it may move more than a read. A user may have 64 MiB in all
	// (fs.pipe-user-pages-soft). A pipe beyond that has two pages, and splicing through it
	// costs more than copying, so it is not used.
	pipeSize = 1 << 20

	// maxLent bounds the descriptors, and the memory of the kernel, that peers can hold by
	// reading slowly: 32 MiB. Further connections are copied. It is for the whole
	// process, as the limits of the system are.
	maxLent = 32

	// maxKept is how many pipes of the process wait to be used again: they count for the
	// user's limit as well. A new one takes 6 µs.
	maxKept = 8
)

// lent counts the pipes that operations of this process have, and kept those that are idle.
var lent, kept atomic.Int32

// Spliceable is whether splice(2) works with a socket: one of TCP, not of
// MPTCP. The zero value is for a new socket.
type Spliceable uint8

const (
	spliceable Spliceable = 1 + iota
	notSpliceable
)

// Of asks the system about the socket, the first time.
func (x *Spliceable) Of(fd int32) bool {
	if *x == 0 {
		*x = notSpliceable
		protocol, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PROTOCOL)
		if err == nil && protocol == unix.IPPROTO_TCP && callable() {
			*x = spliceable
		}
	}
	return *x == spliceable
}

// callable reports whether the system has the call, and no filter refuses it.
var callable = sync.OnceValue(func() bool {
	_, errno := splice(-1, -1, 1)
	return errno == unix.EBADF
})

// Take moves what a socket that does not block has received to a pipe, which op has then.
// It reports whether it has. The error is one of the socket, which the call has consumed.
func (p *Pipes) Take(fd int32, op *ops.Operation) (taken bool, err error) {
	x := p.borrow()
	if x == nil {
		return false, nil
	}
	n, errno := splice(fd, x.write, pipeSize)
	if n > 0 {
		backend.SetSpliced(op, unsafe.Pointer(x), n)
		return true, nil
	}
	p.giveBack(x)
	return false, streamError(errno)
}

// streamError returns the error of a stream that a splice from it has met, as a read returns
// it, or nil if a read is to say what there is: at the end of the stream, if there is nothing,
// and if the call itself has failed. Any other error is the last that is heard of it, because
// the call clears it: a read after that would find the end of the stream.
func streamError(errno syscall.Errno) error {
	switch errno {
	case 0, unix.EAGAIN, unix.EBADF, unix.EINVAL, unix.ENOMEM, unix.ENOSYS, unix.EPERM:
		return nil
	}
	return os.NewSyscallError("read", errno)
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

// splice is raw, as the calls in calls_linux.go are: it moves at most pipeSize bytes and does
// not copy them.
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
	lent.Add(-1)
}

// borrow returns an empty pipe, or nil if there is none.
func (p *Pipes) borrow() *pipe {
	if lent.Add(1) <= maxLent {
		if x := p.takeIdle(); x != nil {
			return x
		}
		if x := newPipe(pipeSize); x != nil {
			return x
		}
	}
	lent.Add(-1)
	return nil
}

func (p *Pipes) takeIdle() *pipe {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.idle
	if x != nil {
		p.idle, x.next = x.next, nil
		kept.Add(-1)
	}
	return x
}

// newPipe returns a pipe that holds size bytes, or nil if the system allows none.
func newPipe(size int) *pipe {
	var fds [2]int
	if unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
		return nil
	}
	x := &pipe{read: int32(fds[0]), write: int32(fds[1])}
	if _, err := unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, size); err != nil {
		x.close()
		return nil
	}
	return x
}

// giveBack takes back a pipe that is empty.
func (p *Pipes) giveBack(x *pipe) {
	lent.Add(-1)
	if !p.keep(x) {
		x.close()
	}
}

// keep keeps a pipe to be used again, unless there are enough.
func (p *Pipes) keep(x *pipe) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutDown {
		return false
	}
	if kept.Add(1) > maxKept {
		kept.Add(-1)
		return false
	}
	x.next, p.idle = p.idle, x
	return true
}

// Shutdown closes the pipes that are idle, and later those that are given back.
func (p *Pipes) Shutdown() {
	p.mu.Lock()
	p.shutDown = true
	p.mu.Unlock()
	for x := p.takeIdle(); x != nil; x = p.takeIdle() {
		x.close()
	}
}

func (x *pipe) close() {
	closeSocket(x.read)
	closeSocket(x.write)
}
