package fakering

import (
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// A client uses a ring, the kernel's or a fake, as its manual has it.
type client struct {
	system uring.System
	fd     int

	features uint32
	maps     [][]byte

	sqTail, sqFlags *uint32
	sqArray         []uint32
	sqes            []sqe
	cqHead, cqTail  *uint32
	cqes            []cqe
	unsent          uint32

	entries []bufEntry
	data    []byte
	size    int
	tail    uint16
	used    []int // bytes of each that were filled
}

// newClient opens a ring with so many entries and buffers.
func newClient(t *testing.T, system uring.System, entries uint32, buffers, size int, packed bool) *client {
	t.Helper()
	p := params{flags: setupCQSize | setupClamp | setupSubmitAll | setupCoopTaskrun | setupTaskrunFlag, cqEntries: 2 * entries}
	fd, errno := system.Setup(entries, unsafe.Pointer(&p))
	if errno != 0 {
		needed(t, errno)
	}
	c := &client{features: p.features, system: system, fd: fd, size: size, used: make([]int, buffers)}
	rings := c.mapped(t, offSQRing, max(p.sq.array+4*p.sqEntries, p.cq.cqes+16*p.cqEntries))
	sqes := c.mapped(t, offSQEs, 64*p.sqEntries)
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&rings[offset])) }
	c.sqTail, c.sqFlags, c.cqHead, c.cqTail = at(p.sq.tail), at(p.sq.flags), at(p.cq.head), at(p.cq.tail)
	c.sqArray = unsafe.Slice(at(p.sq.array), p.sqEntries)
	c.sqes = unsafe.Slice((*sqe)(unsafe.Pointer(&sqes[0])), p.sqEntries)
	c.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(at(p.cq.cqes))), p.cqEntries)
	c.offerAll(t, buffers, packed)
	return c
}

func (c *client) mapped(t *testing.T, offset int64, size uint32) []byte {
	t.Helper()
	m, err := c.system.Map(c.fd, offset, int(size))
	if err != nil {
		t.Fatal(err)
	}
	c.maps = append(c.maps, m)
	return m
}

func (c *client) offerAll(t *testing.T, n int, packed bool) {
	t.Helper()
	memory, err := unix.Mmap(-1, 0, 16*n+n*c.size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(memory) })
	c.entries, c.data = unsafe.Slice((*bufEntry)(unsafe.Pointer(&memory[0])), n), memory[16*n:]
	reg := bufReg{addr: uint64(uintptr(unsafe.Pointer(&memory[0]))), entries: uint32(n), group: 1}
	if packed {
		reg.flags = bufRingInc
	}
	if errno := c.system.Register(c.fd, registerPbufRing, unsafe.Pointer(&reg), 1); errno != 0 {
		t.Fatalf("no buffers: %v", errno)
	}
	for i := range n {
		c.offer(uint16(i))
	}
}

func (c *client) offer(id uint16) {
	e := &c.entries[int(c.tail)&(len(c.entries)-1)]
	e.addr, e.len, e.bid = uint64(uintptr(unsafe.Pointer(&c.data[int(id)*c.size]))), uint32(c.size), id
	c.tail++
	word := [2]uint16{c.entries[0].bid, c.tail}
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&c.entries[0].bid)), *(*uint32)(unsafe.Pointer(&word)))
}

// releaseOf returns which Linux a kernel is, by what it can do.
func releaseOf(t *testing.T, system uring.System) release {
	t.Helper()
	c := newClient(t, system, 8, 8, 512, false)
	defer c.close()
	// A limit of what is received is refused, or the file that there is not.
	c.push(t, sqe{opcode: opRecv, fd: -1, flags: sqeBufferSelect, ioprio: recvMultishot, group: 1, optlen: 1})
	for c.unsent > 0 {
		c.enter(t)
	}
	if all := c.reap(); len(all) == 1 && all[0].res == -int32(unix.EBADF) {
		return linux6_17
	}
	memory, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(memory)
	reg := bufReg{addr: addressOf(memory), entries: 8, group: 2, flags: bufRingInc}
	switch {
	case c.system.Register(c.fd, registerPbufRing, unsafe.Pointer(&reg), 1) == 0:
		return linux6_12
	case c.features&featBundle != 0:
		return linux6_10
	}
	return linux6_0
}

func (c *client) close() {
	unix.Close(c.fd)
	for _, m := range c.maps {
		c.system.Unmap(m)
	}
}

// push adds a request, which enter hands over. There must be room.
func (c *client) push(t *testing.T, q sqe) {
	t.Helper()
	for try := 0; c.unsent == uint32(len(c.sqes)); try++ {
		if try == 1000 {
			t.Fatal("the ring takes no requests")
		}
		c.enter(t)
	}
	tail := *c.sqTail
	i := tail & uint32(len(c.sqes)-1)
	c.sqes[i] = q
	if c.sqArray != nil {
		c.sqArray[i] = i
	}
	atomic.StoreUint32(c.sqTail, tail+1)
	c.unsent++
}

// enter hands over what was pushed, as far as it is taken, and has the kernel finish what
// it can.
func (c *client) enter(t *testing.T) {
	t.Helper()
	n, errno := c.system.Enter(c.fd, c.unsent, enterGetevents)
	if errno != 0 && errno != unix.EINTR && errno != unix.EAGAIN && errno != unix.EBUSY {
		t.Fatalf("enter: %v", errno)
	}
	c.unsent -= n
}

// reap returns the completions that there are.
func (c *client) reap() (all []cqe) {
	head := *c.cqHead
	for ; head != atomic.LoadUint32(c.cqTail); head++ {
		all = append(all, c.cqes[head&uint32(len(c.cqes)-1)])
	}
	atomic.StoreUint32(c.cqHead, head)
	return all
}
