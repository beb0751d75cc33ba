// Package fakering has the rules of an io_uring, without the kernel's, for tests of the
// backend that is made for one. It does what it is asked to by calls that do not wait, on
// the descriptors there are, and at the places where an io_uring leaves something open, it
// draws.
//
// The rules are: a request is taken when a call hands it over, with what it points to but its
// buffers, and keeps its file until it has ended, whatever becomes of the descriptor;
// it ends once, with a completion that says nothing of more, and has several before that only
// if it receives again and again. Completions come when the ring is entered, those of one request in
// their order, and others in any. A request ends at the call that has made it or later;
// then its result may be there already, so that a cancel does not find it, or be about to
// be, so that the cancel cannot say. One that is cancelled ends with ECANCELED, with EINTR, or
// with what it has done after all, before or after the cancel does. It may end so also
// when nobody has asked for it, as it does when its thread has died. A stream may
// take or give less than it could. What receives again and again ends with its first
// error, with the end of the stream, when it has had as many bytes as it may, when no buffer is
// left, or because a completion had no room; and may end with any of its completions.
// A call may take fewer requests than it was given, or none for want of memory or room.
// What does not fit the queue of completions waits for the next call that asks for
// them. A kernel may be any from Linux 6.0 on, and may clamp the queues to a few entries.
//
// Where buffers are filled one message behind the other, the completions that name them come
// in the order in which they were filled.
//
// Two rules are not kept. IORING_SQ_TASKRUN is set while requests are outstanding,
// also if nothing has happened yet, and also on a ring that has not asked for it: nothing
// here runs by itself. And each request that waits keeps a descriptor.
//
// Whatever the backend does not use is a panic.
package fakering

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// Name is the name of a backend over a fake.
const Name = "fake-io_uring"

type named struct{ *uring.Backend }

func (named) Name() string { return Name }

// Open returns a backend over a fake that draws by a seed.
func Open(seed uint64, host backend.Host) (backend.Backend, error) {

	b, err := uring.Over(New(seed), host)
	if err != nil {
		return nil, err
	}
	return named{b}, nil
}

// A Ring is a uring.System that opens one ring.
type Ring struct {
	mu     sync.Mutex
	random *rand.Rand
	linux  release
	fd     int // the ring's, an epoll descriptor, which whoever opens the ring closes
	top    int // the same, which is closed with the memory
	bell   int // an eventfd that top watches
	open   bool

	sqMemory, sqeMemory []byte

	sqHead, sqTail, sqFlags *uint32
	sqArray                 []uint32 // nil if there is none
	sqes                    []sqe
	cqHead, cqTail          *uint32
	cqes                    []cqe

	backlog []cqe        // completions for which there is no room
	held    []completion // completions that come later

	requests []*request // that have not ended
	runnable []*request // those of them that are to be tried
	serial   int32
	spare    *request // requests to be used again: what tests measure is not to allocate
	room     [256]unix.EpollEvent
	rings    [8]byte

	buffers buffers

	planted *fault // or nil
}

// A fault makes a sound backend behave on this ring as one with a deliberate fault does on a
// sound ring. Tests plant them. Each part may be nil.
type fault struct {
	takes   func(q *sqe)                          // what the ring is asked for
	leaves  func(n, of uint32) uint32             // how many requests it says to have taken
	says    func(x *request, c *cqe) (keeps bool) // what it says, or does not
	cancels func(r *Ring, x *request)             // what it does with a request that is cancelled
}

// A release is a version of Linux: the y of 6.y.
type release int

// The releases that have brought something that the backend uses.
const (
	linux6_0  release = 0
	linux6_6  release = 6  // a ring without an array of its requests
	linux6_10 release = 10 // an accept that waits first
	linux6_12 release = 12 // buffers that are filled one message behind the other
	linux6_17 release = 17 // a limit of what is received again and again
)

// New returns a ring that draws by a seed.
func New(seed uint64) *Ring {
	r := &Ring{random: rand.New(rand.NewPCG(seed, 0)), fd: -1}
	r.linux = linux6_17
	if r.oneIn(2) {
		r.linux = []release{linux6_0, linux6_6, linux6_10, linux6_12}[r.random.IntN(4)]
	}
	return r
}

// oneIn draws what happens once in n times.
func (r *Ring) oneIn(n int) bool { return r.random.IntN(n) == 0 }

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

// Enter implements uring.System.
func (r *Ring) Enter(fd int, submit uint32, flags uintptr) (n uint32, errno syscall.Errno) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case fd != r.fd || !r.open:
		return 0, unix.EBADF
	case flags&^enterGetevents != 0:
		panic(fmt.Sprintf("fakering: io_uring_enter with flags %#x", flags))
	}
	if flags&enterGetevents != 0 {
		r.flush()
	}
	if r.oneIn(2) { // what has happened meanwhile comes first
		r.progress()
	}
	n, errno = r.submit(submit)
	r.progress()
	r.tell()
	return n, errno
}

// tell wakes whoever waits for the ring, if there is a reason to enter it.
func (r *Ring) tell() {
	var flags uint32
	if len(r.requests) > 0 || len(r.held) > 0 {
		flags |= sqTaskrun
	}
	if len(r.backlog) > 0 {
		flags |= sqCQOverflow
	}
	atomic.StoreUint32(r.sqFlags, flags)
	there := atomic.LoadUint32(r.cqTail) != atomic.LoadUint32(r.cqHead)
	if there || len(r.held) > 0 || len(r.backlog) > 0 || len(r.runnable) > 0 {
		r.rings = [8]byte{1}
		unix.Write(r.bell, r.rings[:])
	}
}
