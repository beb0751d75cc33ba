package fakering

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Setup implements uring.System.
func (r *Ring) Setup(entries uint32, filled unsafe.Pointer) (int, syscall.Errno) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := (*params)(filled)
	const known = setupCQSize | setupClamp | setupSubmitAll | setupCoopTaskrun | setupTaskrunFlag | setupNoSQArray
	switch {
	case r.open:
		panic("fakering: a second ring")
	case p.flags&^known != 0 || p.flags&setupCQSize == 0:
		panic(fmt.Sprintf("fakering: a ring with flags %#x", p.flags))
	case p.flags&setupNoSQArray != 0 && r.linux < linux6_6:
		return -1, unix.EINVAL
	}
	most := uint32(32768)
	if p.flags&setupClamp != 0 && r.oneIn(4) {
		most = 2 << r.random.IntN(4)
	}
	p.sqEntries = powerOfTwo(min(entries, most))
	p.cqEntries = powerOfTwo(min(p.cqEntries, 2*most))
	if p.cqEntries < p.sqEntries {
		return -1, unix.EINVAL
	}
	if errno := r.descriptors(); errno != 0 {
		return -1, errno
	}
	p.features = featSingleMmap | featNoDrop
	if r.linux >= linux6_10 {
		p.features |= featBundle
	}
	r.layOut(p)
	r.open = true
	return r.fd, 0
}

// descriptors opens those of the ring.
func (r *Ring) descriptors() syscall.Errno {
	var err error
	if r.top, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err.(syscall.Errno)
	}
	if r.bell, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(r.top)
		return err.(syscall.Errno)
	}
	if err = unix.EpollCtl(r.top, unix.EPOLL_CTL_ADD, r.bell, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: -1}); err == nil {
		r.fd, err = unix.FcntlInt(uintptr(r.top), unix.F_DUPFD_CLOEXEC, 0)
	}
	if err != nil {
		unix.Close(r.bell)
		unix.Close(r.top)
		return err.(syscall.Errno)
	}
	return 0
}

func powerOfTwo(n uint32) uint32 {
	p := uint32(1)
	for p < n {
		p *= 2
	}
	return p
}

// layOut makes the memory of the ring, with its parts where they are not with the kernel.
func (r *Ring) layOut(p *params) {
	size := uint32(0)
	place := func(n uint32) uint32 {
		size += 64 // what lies in between is nobody's
		offset := size
		size += n
		return offset
	}
	p.cq.tail, p.sq.flags, p.sq.tail = place(4), place(4), place(4)
	p.cq.head, p.sq.head = place(4), place(4)
	p.sq.mask, p.sq.entries, p.sq.dropped = place(4), place(4), place(4)
	p.cq.mask, p.cq.entries, p.cq.overflow, p.cq.flags = place(4), place(4), place(4), place(4)
	size = (size + 63) &^ 63
	p.cq.cqes = place(p.cqEntries * uint32(unsafe.Sizeof(cqe{})))
	if p.flags&setupNoSQArray == 0 {
		p.sq.array = place(p.sqEntries * 4)
	}
	// It is Go's, so that the race detector sees who writes what when.
	r.sqMemory = bytesOf(make([]uint64, size/8+1))
	r.sqes = make([]sqe, p.sqEntries)
	r.sqeMemory = bytesOf(r.sqes)
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.sqMemory[offset])) }
	r.sqHead, r.sqTail, r.sqFlags = at(p.sq.head), at(p.sq.tail), at(p.sq.flags)
	r.cqHead, r.cqTail = at(p.cq.head), at(p.cq.tail)
	*at(p.sq.mask), *at(p.sq.entries) = p.sqEntries-1, p.sqEntries
	*at(p.cq.mask), *at(p.cq.entries) = p.cqEntries-1, p.cqEntries
	r.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(at(p.cq.cqes))), p.cqEntries)
	if p.flags&setupNoSQArray == 0 {
		r.sqArray = unsafe.Slice(at(p.sq.array), p.sqEntries)
	}
}

func bytesOf[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// Map implements uring.System.
func (r *Ring) Map(fd int, offset int64, size int) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	memory := r.sqMemory
	if offset == offSQEs {
		memory = r.sqeMemory
	}
	if fd != r.fd || offset != offSQRing && offset != offSQEs || size > len(memory) {
		return nil, unix.EINVAL
	}
	return memory[:size:size], nil
}

// Unmap implements uring.System. The ring ends with the first of what was mapped.
func (r *Ring) Unmap([]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.open {
		return
	}
	r.open = false
	for len(r.requests) > 0 {
		r.release(r.requests[0])
	}
	unix.Close(r.bell)
	unix.Close(r.top)
}

// Register implements uring.System.
func (r *Ring) Register(fd int, opcode uintptr, arg unsafe.Pointer, n int) syscall.Errno {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case fd != r.fd:
		return unix.EBADF
	case opcode == registerProbe:
		r.answerProbe(arg, n)
		return 0
	case opcode == registerPbufRing && n == 1:
		return r.buffers.register((*bufReg)(arg), r.linux)
	}
	panic(fmt.Sprintf("fakering: io_uring_register %d of %d", opcode, n))
}

// answerProbe says that there are the operations that there were in Linux 6.0.
func (r *Ring) answerProbe(arg unsafe.Pointer, n int) {
	p := (*probe)(arg)
	p.lastOp, p.opsLen = opSendZC, uint8(min(n, opSendZC+1))
	ops := unsafe.Slice((*probeOp)(unsafe.Add(arg, unsafe.Sizeof(*p))), n)
	for i := range ops[:p.opsLen] {
		ops[i] = probeOp{op: uint8(i), flags: probeSupported}
	}
}
