// Package iocp is the backend for the completion ports of Windows.
//
// The rings of io_uring and the queues of kqueue have fakes, over which the rest of those
// backends runs on any Linux. There is none of a port: it is not the port that does the
// operations, but a call for each kind of them, of Winsock or the kernel, which writes its
// results to memory of the caller. To fake that would be to write Winsock once more. So
// everything here is tested under Wine, by the tests of package platform too.
//
// What a port leaves open is when a packet comes. The tests here choose that, because they
// can take packets out of a port and report them later, and send any by hand: a packet may
// come before its call has returned, after its socket was freed, or for a call of somebody
// else, and an operation may be cancelled, or its socket closed, at each moment until it is
// reported. The tests also check of the port itself what the backend relies on: no packet is
// lost if there are more than one call takes, a call that is pending sends one packet, even if
// it is cancelled or its handle is closed, and a call that succeeds at once sends none where
// the system was told so.
package iocp

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/clock"
	"github.com/heirloom-go/heirloom/platform/internal/winsock"
)

// Backend is a completion port. An operation is a call with an OVERLAPPED, of which each
// side of a socket has one: memory of the backend, which the kernel has until the packet
// of the call has come out of the port. A call on a stream that succeeds at once sends no
// packet, where the system can be told so.
//
// A packet names its socket by the number of that in the table, and the side by the
// address of the OVERLAPPED, which is only compared: so a packet that nobody expects is
// dropped. One may come before the call has returned that it is for. It waits then for
// the lock of the socket, in which the call is made.
//
// A goroutine cannot park on a port in Go's poller, so the leader waits in the port
// itself, with a thread of its own.
type Backend struct {
	host  backend.Host
	port  port
	skips bool // see winsock.SkipsPackets
	table backend.Table[socket]

	packets [batch]packet
	next, n int // those of packets that were not reported yet

	woken atomic.Bool // there was a Wake since the last Poll that would wait

	mu     sync.Mutex           // for what follows
	shut   bool                 // nobody wakes what is shut, or what has its handle by then
	former map[uintptr]*message // by the addresses of their OVERLAPPED; see replace
}

// batch is how many packets are taken at once.
const batch = 128

var (
	_ backend.FileBackend   = (*Backend)(nil)
	_ backend.SocketBackend = (*Backend)(nil)
)

// New returns a backend.
func New(host backend.Host) (*Backend, error) {
	p, err := openPort()
	if err != nil {
		return nil, err
	}
	b := &Backend{host: host, port: p, skips: winsock.SkipsPackets()}
	openPorts.Store(b, nil)
	return b, nil
}

// openPorts keeps backends, and so what their calls are for, reachable until they are
// shut down: the kernel goes on to write into the buffers of a proactor that its program
// has forgotten to close.
var openPorts sync.Map

// Name implements backend.Backend.
func (b *Backend) Name() string { return "iocp" }

// Now implements backend.Backend.
func (b *Backend) Now() int64 { return clock.Now() }

// Shutdown implements backend.Backend. Nothing is outstanding any more.
func (b *Backend) Shutdown() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut = true
	openPorts.Delete(b)
	b.port.close()
}

// Wake implements backend.Backend.
func (b *Backend) Wake() {
	if b.woken.Swap(true) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.shut {
		b.port.post(wakes, nil)
	}
}

// Poll implements backend.Backend. One goroutine at a time calls it.
func (b *Backend) Poll(wait time.Duration) {
	switch {
	case b.next < b.n: // what was left when something has panicked
	case wait == 0:
		b.collect(0)
	default:
		if b.woken.Load() {
			b.collect(0)
		} else {
			// The call does not tell the scheduler that it is going to wait, which
			// otherwise finds out only after a while.
			runtime.Gosched()
			b.collect(wait)
			b.host.Slept()
		}
		b.woken.Store(false)
		b.host.Awake() // nobody needs to wake it meanwhile
	}
	for b.next < b.n {
		p := &b.packets[b.next]
		b.next++
		if p.key != wakes {
			if op := b.report(b.table.At(uint32(p.key-firstKey)), p); op != nil {
				b.host.Completed(op)
			}
		}
	}
}

// collect takes what packets there are.
func (b *Backend) collect(wait time.Duration) { b.next, b.n = 0, b.port.get(b.packets[:], wait) }

// report tells a socket of a packet, and returns the operation that has ended, if one
// has.
func (b *Backend) report(x *socket, p *packet) *ops.Operation {
	x.Lock()
	defer x.Unlock()
	for d := range backend.Side(2) {
		r := x.request(d)
		if r == nil || !r.pending || p.overlapped != uintptr(unsafe.Pointer(&r.Overlapped)) {
			continue
		}
		r.pending = false
		op := x.Queues[d].First()
		if !b.conclude(x, op, int(p.n), x.failure(r)) {
			return nil
		}
		r.reported = true
		return op
	}
	b.unexpected(p)
	return nil
}

// TakeFile implements backend.FileBackend. The file is opened once more, as what was
// opened without FILE_FLAG_OVERLAPPED cannot be used with a port. The handle that there
// is stays open: for what has no overlapped call, and for the locks that it may hold.
func (b *Backend) TakeFile(s *backend.Socket, f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var cerr error
	if err := raw.Control(func(fd uintptr) { cerr = b.takeFile(s.Sys.(*socket), f, fd) }); err != nil {
		return err
	}
	return cerr
}
