package platform

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// ErrInUse is what the handler of Accept or Connect is told when the Conn to
// be opened is open, or about to be.
var ErrInUse = errors.New("platform: the Conn is in use")

// Socket is what every kind of endpoint has: two queues of operations, of
// which a backend only ever sees the first of each, and the backend's own
// state. It is part of a Conn or Listener; programs do not meet it, those who
// write a backend do.
type Socket struct {
	// Sys is the backend's state. It is guarded by the socket's lock, so a
	// backend of another package uses it only in what is called with the socket
	// locked, and in Listen and ListenPacket. That of a socket which an accept
	// opens it sets before it reports the result; until then nobody else looks
	// at it.
	Sys any

	p          *Proactor
	prev, next *Socket // in p.sockets

	mu       sync.Mutex // see lock
	queues   [2]queue
	seq      uint64 // the ID of the last operation
	canceled uint64 // the last operation when everything was cancelled

	// What idle connections cost is mostly this struct, so what is small lies
	// together.
	sys    sysSocket // what the backends for the system need at hand
	state  state
	shared bool // others listen on the same port
}

type state uint8

const (
	idle    state = iota // never opened, or closed
	opening              // to be opened by an operation that is outstanding
	open
)

// A side is a direction of a socket. Operations on one side are served in
// order; the sides do not know of each other.
type side uint8

const (
	reading side = iota // read, accept
	writing             // write, connect
)

// writes has a bit for each kind of the writing side.
const writes uint32 = 1<<ops.KindWrite | 1<<ops.KindWriteVectored | 1<<ops.KindWriteTo | 1<<ops.KindConnect |
	1<<ops.KindWriteAt | 1<<ops.KindSync

func sideOf(k ops.Kind) side { return side(writes >> k & 1) }

func (s *Socket) lock() {
	if !s.p.single {
		s.mu.Lock()
	}
}

func (s *Socket) unlock() {
	if !s.p.single {
		s.unlockShared()
	}
}

// unlockShared is a call of its own so that unlock is inlined.
//
//go:noinline
func (s *Socket) unlockShared() { s.mu.Unlock() }

// proactor panics if the socket was never opened, because then there is nobody
// who could call a handler.
func (s *Socket) proactor() *Proactor {
	if s.p == nil {
		panic("platform: operation on a socket that was never opened: see Connect, Accept, Listen and OpenFile")
	}
	return s.p
}

// begin allocates an operation on the socket.
func (s *Socket) begin(k ops.Kind, h ops.Handler) *ops.Operation {
	op := ops.Begin(h, s.proactor().alloc)
	op.Kind = k
	return op
}

func (s *Socket) allocator() allocator.Allocator[ops.Operation] { return s.proactor().alloc }

// start starts an operation on an open socket.
func (s *Socket) start(op *ops.Operation) {
	p := s.proactor()
	if op.Err != nil {
		p.Execute(op)
		return
	}
	p.begun()
	var out queue
	s.lock()
	switch s.state {
	case open:
		s.enqueue(op, &out)
	case opening:
		op.Err = syscall.ENOTCONN
		s.take(op, &out)
	default:
		op.Err = net.ErrClosed
		s.take(op, &out)
	}
	s.unlock()
	p.finish(&out)
}

// enqueue adds op to its side and gives it to the backend if it is the first.
// The caller holds the lock.
func (s *Socket) enqueue(op *ops.Operation, out *queue) {
	if op.Target != unsafe.Pointer(s) {
		s.seq++
		op.Target, op.ID = unsafe.Pointer(s), s.seq
	} else if op.ID <= s.canceled {
		// The next part of a composed operation, cancelled since the last.
		op.Err = ops.ErrCanceled
	}
	if op.Limited() && op.Err == nil {
		// The parts of a composed operation have the time that the first
		// was given.
		if d, ok := op.Timeout(); ok {
			op.SetWhen(s.p.after(d))
		} else if op.When <= s.p.backend.Now() {
			op.Err = os.ErrDeadlineExceeded
		}
	}
	if op.Err == nil && !op.Arm(s) {
		op.Err = ops.ErrCanceled
	}
	if op.Err != nil {
		s.take(op, out)
		return
	}
	d := sideOf(op.Kind)
	q := &s.queues[d]
	q.push(op)
	if q.first() == op {
		s.advance(d, out)
	}
	if op.Limited() && q.find(op.ID) != nil {
		s.limit(op)
	}
}

// limit makes op end when its time is over. The caller holds the lock.
func (s *Socket) limit(op *ops.Operation) {
	p := s.p
	p.lock()
	p.timers.push(op)
	earliest := p.timers[0].op == op
	p.unlock()
	if earliest {
		p.wakePoller() // it waits for too long
	}
}

// advance gives the first operation of a side to the backend, and the next as
// long as they end at once. The caller holds the lock.
func (s *Socket) advance(d side, out *queue) {
	q := &s.queues[d]
	for op := q.first(); op != nil; op = q.first() {
		if !s.vacuous(op) && !s.p.backend.Start(s, op) {
			return
		}
		q.pop()
		s.take(op, out)
	}
}

// vacuous reports whether op transfers nothing. An empty packet is something.
func (s *Socket) vacuous(op *ops.Operation) bool {
	switch op.Kind {
	case ops.KindRead, ops.KindWrite, ops.KindReadAt, ops.KindWriteAt:
		return len(op.Buf) == 0
	case ops.KindReadVectored, ops.KindWriteVectored:
		return len(Buffers(op)) == 0
	}
	return false
}

// take moves an operation that has ended, and is in no queue, to out. The
// caller holds the lock.
func (s *Socket) take(op *ops.Operation, out *queue) {
	if op.Limited() {
		s.p.lock()
		if op.Index != 0 {
			s.p.timers.remove(op)
		}
		s.p.unlock()
	}
	switch op.Kind {
	case ops.KindAccept:
		op.Err = Accepted(op).settle(op.Err)
	case ops.KindConnect:
		switch {
		case s.state != opening: // closed meanwhile
			op.Err = net.ErrClosed
		case op.Err == nil:
			s.state = open
		default:
			s.shut(out)
		}
	}
	s.leave()
	out.push(op)
}
