// Package fakering has the rules of an io_uring, without the kernel's, for tests of the
// backend that uses one. It does what it is asked to on real descriptors, by calls that do
// not wait, and where an io_uring leaves something open, it draws.
//
// The rules are these.
//
//   - A request is taken by the call that hands it over, with what it points to except its
//     buffers. It keeps its file until it has ended, even if the descriptor is closed. It has
//     one last completion; only one that receives again and again has others before it.
//   - Completions come when the ring is entered: by the call that has made the request, or by a
//     later one. Those of one request keep their order, and so do those that name buffers which
//     are filled one message behind the other. Apart from that, any may come first.
//   - A cancel that comes too late does not find the request (ENOENT), though its completion
//     may still be to come; or the cancel cannot tell what becomes of it (EALREADY). A request
//     that was cancelled ends with ECANCELED, EINTR or EAGAIN, or with what it has done after all,
//     before or after the cancel itself. It may end so without a cancel, too, as
//     it does when its thread dies.
//   - A stream may take or give less than it could, unless that is only a few bytes.
//   - A request that receives again and again ends with its first error, at the end of the
//     stream, when it has had as many bytes as it may, and when it finds no buffer or no room for
//     a completion. It may also end with any other completion.
//   - A call may take fewer requests than it is given, or none (EAGAIN, EBUSY, EINTR).
//     Completions for which there is no room come when a call asks for them.
//   - The kernel may be any from Linux 6.0 on, and may clamp the queues to a few entries.
//
// It differs from the kernel in two ways. It does nothing by itself, so IORING_SQ_TASKRUN is set
// as long as a request is outstanding, also on a ring that has not asked for that. And it
// has a descriptor for each request that is outstanding.
//
// It panics when it is asked for anything that the backend does not use. TestAsTheKernel
// compares it with the kernel.
package fakering

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"

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
