package uring

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring is a pair of queues shared with the kernel: requests go into one, and
// the kernel puts what came of them into the other. See io_uring(7); the names
// and numbers are those of linux/io_uring.h. One goroutine at a time uses it.
type ring struct {
	system  System
	fd      int
	memory  [][]byte // what to unmap
	sqFlags *uint32
	sqTail  *uint32
	sqes    []sqe
	cqHead  *uint32
	cqTail  *uint32
	cqes    []cqe

	tail    uint32    // of the requests, ahead of *sqTail by those that are not published
	unsent  uint32    // requests that the kernel has not taken
	head    uint32    // of the completions
	waiting []request // requests for which there is no room
	copied  []uint32  // how many bytes each of sqes may copy

	features uint32 // what the kernel says that it can do
	limits   bool   // the kernel heeds sqe.most
}

// A request is one with the number of bytes that it may copy.
type request struct {
	sqe
	copied uint32
}

// sqe is a request.
type sqe struct {
	opcode   uint8
	flags    uint8
	ioprio   uint16
	fd       int32
	off      uint64
	addr     uint64
	len      uint32
	opFlags  uint32
	userData uint64
	group    uint16
	_        uint16
	most     uint32 // optlen: bytes that it receives in all, if it receives again and again
	_        [2]uint64
}

// cqe is what came of one.
type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

const (
	setupCQSize      = 1 << 3
	setupClamp       = 1 << 4
	setupSubmitAll   = 1 << 7
	setupCoopTaskrun = 1 << 8
	setupTaskrunFlag = 1 << 9
	setupNoSQArray   = 1 << 16
	featSingleMmap   = 1 << 0
	featNoDrop       = 1 << 1
	featBundle       = 1 << 14 // came with Linux 6.10, as did acceptPollFirst
	sqCQOverflow     = 1 << 1
	sqTaskrun        = 1 << 2
	enterGetevents   = 1 << 0
	offSQRing        = 0
	offSQEs          = 0x10000000
	registerProbe    = 8
	registerPbufRing = 22
	pbufRingInc      = 2
	sqeAsync         = 1 << 4
	sqeBufferSelect  = 1 << 5
	sqeSkipSuccess   = 1 << 6
	cqeBuffer        = 1 << 0
	cqeMore          = 1 << 1
	cqeNonempty      = 1 << 2 // there is more to receive or, from Linux 6.10, to accept
	cqeBufMore       = 1 << 4
	cqeBufferShift   = 16
	recvPollFirst    = 1 << 0
	recvMultishot    = 1 << 1
	acceptPollFirst  = 1 << 2
	pollIn           = 1
	pollOut          = 4
	cancelAny        = 1<<0 | 1<<2
	opFsync          = 3
	opPollAdd        = 6
	opSendmsg        = 9
	opRecvmsg        = 10
	opAccept         = 13
	opAsyncCancel    = 14
	opConnect        = 16
	opRead           = 22
	opWrite          = 23
	opSend           = 26
	opRecv           = 27
	opSendZC         = 47 // came with Linux 6.0, as did receiving more than once
	probeSupported   = 1 << 0
)

// RingSizes are the sizes of a ring's queues and of its buffers.
type RingSizes struct {
	Requests    uint32
	Completions uint32
	Packed      BufferSizes // for a kernel that packs messages
	Single      BufferSizes
}

// BufferSizes are how many buffers there are, and how many bytes each has.
type BufferSizes struct{ Count, Size int }

// Sizes are those of the rings that are opened from now on. Tests make them smaller.
var Sizes = RingSizes{
	Requests:    256,
	Completions: 4096,
	Packed:      BufferSizes{64, 32 << 10},
	Single:      BufferSizes{1024, 2 << 10},
}

// ringParams is what io_uring_setup takes and fills.
type ringParams struct {
	sqEntries, cqEntries, flags        uint32
	threadCPU, threadIdle              uint32
	features                           uint32
	wqFD                               uint32
	_                                  [3]uint32
	sqHead, sqTail, sqMask, sqRingSize uint32
	sqFlags, sqDropped, sqArray, _     uint32
	_                                  uint64
	cqHead, cqTail, cqMask, cqRingSize uint32
	cqOverflow, cqCQEs, cqFlags, _     uint32
	_                                  uint64
}

// openRing opens a ring, or says what the kernel lacks.
//
// What a thread has asked for, the kernel finishes on that thread. With a single
// runner it may wait until the thread enters the kernel by itself; where there are
// several, one that is computing would keep the others waiting, and is interrupted.
//
// (To have it wait until the thread asks for it, IORING_SETUP_DEFER_TASKRUN, needs a
// goroutine that is locked to its thread. That took a tenth more processor time for
// an echo with 64 connections, and up to as much less with 512.)
func openRing(system System, single bool) (*ring, error) {
	p := ringParams{flags: setupCQSize | setupClamp | setupSubmitAll | setupNoSQArray, cqEntries: Sizes.Completions}
	if single {
		p.flags |= setupCoopTaskrun | setupTaskrunFlag
	}
	fd, errno := system.Setup(Sizes.Requests, unsafe.Pointer(&p))
	if errno == unix.EINVAL { // before Linux 6.6
		p = ringParams{flags: p.flags &^ setupNoSQArray, cqEntries: Sizes.Completions}
		fd, errno = system.Setup(Sizes.Requests, unsafe.Pointer(&p))
	}
	switch {
	case errno == unix.EPERM:
		return nil, fmt.Errorf("%w: refused by the system's settings (kernel.io_uring_disabled) or by a filter of system calls, as containers have", os.NewSyscallError("io_uring_setup", errno))
	case errno == unix.ENOSYS:
		return nil, fmt.Errorf("%w: the kernel was built without it, or a filter of system calls hides it, as containers do", os.NewSyscallError("io_uring_setup", errno))
	case errno == unix.EINVAL: // it does not know the flags
		return nil, fmt.Errorf("%w: %w", os.NewSyscallError("io_uring_setup", errno), errOldKernel)
	case errno != 0:
		return nil, os.NewSyscallError("io_uring_setup", errno)
	}
	r := &ring{system: system, fd: fd, features: p.features}
	if err := r.check(&p); err != nil {
		unix.Close(fd)
		return nil, err
	}
	err := r.mmap(&p)
	if err == nil {
		err = r.tryOut()
	}
	if err != nil {
		unix.Close(fd)
		r.unmap()
		return nil, err
	}
	return r, nil
}

// tryOut does nothing by a request. A filter of system calls may let a process set up
// a ring and not use it.
//
// What the request asks for is to receive a limited number of bytes from no file. A
// kernel before Linux 6.17 says that it does not know such a limit.
func (r *ring) tryOut() error {
	q := r.next()
	q.opcode, q.flags, q.ioprio, q.group = opRecv, sqeBufferSelect, recvMultishot, bufferGroup
	q.fd, q.most, q.userData = -1, 1, uint64(ignored)<<32
	atomic.StoreUint32(r.sqTail, r.tail)
	errno := syscall.Errno(unix.EAGAIN)
	for try := 0; try < 10 && (errno == unix.EINTR || errno == unix.EAGAIN || errno == unix.EBUSY); try++ {
		var n uint32
		if n, errno = r.enter(r.unsent, enterGetevents); n == 1 {
			r.unsent = 0
			said := make([]cqe, 1)
			r.limits = r.reap(said) == 1 && said[0].res == -int32(unix.EBADF)
			return nil
		}
	}
	err := fmt.Errorf("%w, for a request that does nothing", os.NewSyscallError("io_uring_enter", errno))
	switch errno {
	case unix.EPERM, unix.EACCES, unix.ENOSYS:
		err = fmt.Errorf("%w: refused by a filter of system calls", err)
	}
	return err
}

var errOldKernel = errors.New("the kernel is older than Linux 6.0")

// check returns what is missing.
func (r *ring) check(p *ringParams) error {
	if p.features&featSingleMmap == 0 || p.features&featNoDrop == 0 {
		return errOldKernel
	}
	var probe struct {
		lastOp, opsLen uint8
		_              uint16
		_              [3]uint32
		ops            [opSendZC + 1]struct {
			op, _ uint8
			flags uint16
			_     uint32
		}
	}
	if errno := r.system.Register(r.fd, registerProbe, unsafe.Pointer(&probe), len(probe.ops)); errno != 0 {
		return os.NewSyscallError("io_uring_register", errno)
	}
	if probe.ops[opSendZC].flags&probeSupported == 0 {
		return errOldKernel
	}
	return nil
}

func (r *ring) mmap(p *ringParams) error {
	size := max(p.sqArray+p.sqEntries*4, p.cqCQEs+p.cqEntries*uint32(unsafe.Sizeof(cqe{})))
	rings, err := r.mapAt(offSQRing, int(size))
	if err != nil {
		return err
	}
	sqes, err := r.mapAt(offSQEs, int(p.sqEntries)*int(unsafe.Sizeof(sqe{})))
	if err != nil {
		return err
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&rings[offset])) }
	r.sqFlags, r.sqTail = at(p.sqFlags), at(p.sqTail)
	r.cqHead, r.cqTail = at(p.cqHead), at(p.cqTail)
	r.sqes = unsafe.Slice((*sqe)(unsafe.Pointer(&sqes[0])), p.sqEntries)
	r.copied = make([]uint32, p.sqEntries)
	r.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(&rings[p.cqCQEs])), p.cqEntries)
	if p.flags&setupNoSQArray == 0 {
		array := unsafe.Slice(at(p.sqArray), p.sqEntries)
		for i := range array {
			array[i] = uint32(i)
		}
	}
	return nil
}

func (r *ring) mapAt(offset int64, size int) ([]byte, error) {
	m, err := r.system.Map(r.fd, offset, size)
	if err != nil {
		return nil, err
	}
	r.memory = append(r.memory, m)
	return m, nil
}

func (r *ring) unmap() {
	for _, m := range r.memory {
		r.system.Unmap(m)
	}
	r.memory = nil
}

// enter has the kernel take some requests and, with enterGetevents, finish what it has put off.
func (r *ring) enter(submit uint32, flags uintptr) (uint32, syscall.Errno) {
	return r.system.Enter(r.fd, submit, flags)
}

// look reports whether there are completions. It gives the kernel the time to
// finish what it has put off.
func (r *ring) look() bool {
	if r.head != atomic.LoadUint32(r.cqTail) {
		return true
	}
	if atomic.LoadUint32(r.sqFlags)&(sqTaskrun|sqCQOverflow) == 0 {
		return false
	}
	r.enter(0, enterGetevents)
	return r.head != atomic.LoadUint32(r.cqTail)
}

// reap moves completions to out and returns how many.
func (r *ring) reap(out []cqe) int {
	n := min(int(atomic.LoadUint32(r.cqTail)-r.head), len(out))
	for i := range out[:n] {
		out[i] = r.cqes[(r.head+uint32(i))&uint32(len(r.cqes)-1)]
	}
	r.head += uint32(n)
	atomic.StoreUint32(r.cqHead, r.head)
	return n
}
