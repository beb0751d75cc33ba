package sim

import (
	"net"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A kernel is the backend of a proactor: what the proactor sees of a world. It is built
// like one for a real kernel with a completion queue. Outstanding operations are in a
// table; the kernel gets the slot and its generation, and gives them back with the result.
type kernel struct {
	w    *World
	host backend.Host

	// Everything is guarded by the world's lock.
	records []*backend.Socket // not in use
	table   []slot
	free    []uint32 // last in, first out, so that a place is used again soon

	// What the kernel has to do, and what it has done.
	ready       line
	delayed     schedule
	seq         uint64
	spare       []*request
	completions []completion
	again       []completion // to be posted a second time

	// What the poll that runs has completed. The goroutine that polls hands
	// it to the proactor without the lock.
	batch    []*ops.Operation
	events   []uint64 // see interleave
	spurious int      // polls in a row that returned with nothing

	woken   bool
	waiting bool          // the poll is about to receive from alarm
	until   int64         // the time until which a poll waits
	alarm   chan struct{} // of capacity 1
	timer   *time.Timer   // of the poll that waits, or nil at first

	late  []lateWrite      // see Faults
	ended []*ops.Operation // see Faults
}

// A slot of the table keeps an operation, and thereby its memory, while the
// kernel has it.
type slot struct {
	op       *ops.Operation
	gen      uint32
	id       uint64
	e        *endpoint
	kind     ops.Kind
	since    int64
	canceled bool
}

// A completion is what the kernel reports.
type completion struct {
	name
	result
	lag int // polls that pass it by
}

var _ backend.Aborter = (*kernel)(nil)

func (b *kernel) Name() string { return "sim" }

// Isolated implements backend.Isolated.
func (b *kernel) Isolated() {}

func (b *kernel) Now() int64 { return b.w.clock() }

// Epoch implements backend.Clock.
func (b *kernel) Epoch() time.Time { return epoch }

// endpointOf returns the backend's state of a socket, or nil if there is none.
func endpointOf(s *backend.Socket) *endpoint {
	e, _ := s.Sys.(*endpoint)
	return e
}

// NewSocket implements backend.Backend. What was freed last is used first.
func (b *kernel) NewSocket() *backend.Socket {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	if n := len(b.records); n > 0 {
		s := b.records[n-1]
		b.records = b.records[:n-1]
		return s
	}
	return new(backend.Socket)
}

// FreeSocket implements backend.Backend.
func (b *kernel) FreeSocket(s *backend.Socket) {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	b.records = append(b.records, s)
}

// Listen implements backend.Backend.
func (b *kernel) Listen(s *backend.Socket, network, address string, _ backend.ListenOptions) error {
	return b.open(s, network, address, nil)
}

// ListenPacket implements backend.Backend.
func (b *kernel) ListenPacket(s *backend.Socket, network, address string, _ backend.ListenOptions) error {
	return b.open(s, network, address, new(packetQueue))
}

func (b *kernel) open(s *backend.Socket, network, address string, packets *packetQueue) error {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	b.w.touchAddresses()
	e := &endpoint{b: b, packets: packets}
	if err := b.w.bind(e, network, address); err != nil {
		b.w.touch(Everything, 0) // whoever has the address may leave it
		return err
	}
	b.w.sockets++
	e.id = b.w.sockets
	b.w.saw(Opened, e, 0)
	s.Sys = e
	return nil
}

// Start implements backend.Backend.
func (b *kernel) Start(s *backend.Socket, op *ops.Operation) bool {
	w := b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if op.Kind == ops.KindConnect {
		s.Sys = w.newEndpoint(b)
	}
	e := endpointOf(s)
	if e == nil || op.Kind < ops.KindAccept || op.Kind > ops.KindSendFile {
		op.Err = syscall.EOPNOTSUPP
		return true
	}
	e.touch(w)
	r := b.ask(e, op)
	switch op.Kind {
	case ops.KindConnect:
		if network, address := backend.Peer(op); network == "unix" {
			r.path = address
		} else {
			r.to = backend.Addr(op)
			r.from, _ = backend.Source(op)
		}
	case ops.KindWriteTo:
		r.to = backend.Addr(op)
	}
	b.enter(r, op)
	possible := r.possible()
	if possible && op.Kind != ops.KindSendFile && w.happens(w.weather.AtOnce, "at once") {
		b.endAtOnce(r, op)
		return true
	}
	b.saw(Started, r, op, result{})
	if fills(r.kind) && w.happens(w.weather.Scribble, "scribble") {
		r.parts(r.size(), scribble)
	}
	if possible {
		b.arouse(r)
	}
	return false
}

// endAtOnce does an operation inside Start.
func (b *kernel) endAtOnce(r *request, op *ops.Operation) {
	r.place = held
	res := b.perform(r)
	give(op, res)
	b.saw(Ended, r, op, res)
	b.leave(r.slot)
	b.detach(r)
	if b.w.faults.CompleteEnded {
		b.ended = append(b.ended, op)
	}
}

// give gives an operation its results.
func give(op *ops.Operation, res result) {
	op.N, op.Err = res.n, res.err
	switch {
	case op.Kind == ops.KindReadFrom:
		backend.SetSender(op, res.from)
	case res.conn != nil && op.Kind == ops.KindAccept:
		// Nobody else looks at the socket until the proactor has opened it,
		// under its lock.
		backend.Accepted(op).Sys = res.conn
	}
}

// enter puts an operation into the table and gives its request to the kernel.
func (b *kernel) enter(r *request, op *ops.Operation) {
	if n := len(b.free); n > 0 {
		r.slot = b.free[n-1]
		b.free = b.free[:n-1]
	} else {
		r.slot = uint32(len(b.table))
		b.table = append(b.table, slot{})
	}
	s := &b.table[r.slot]
	r.gen = s.gen
	*s = slot{op: op, gen: s.gen, id: r.id, e: r.e, kind: r.kind, since: b.w.clock()}
	side := sideOf(r.kind)
	if old := r.e.requests[side]; old != nil {
		// Possible only after a stale completion has hit: the kernel still
		// works on an operation of which the proactor knows nothing more.
		if fills(old.kind) {
			old.parts(old.size(), b.trample)
		}
		b.detach(old)
	}
	r.e.requests[side] = r
}

// leave takes an operation out of the table. What the kernel reports of it from
// now on misses.
func (b *kernel) leave(place uint32) *ops.Operation {
	s := &b.table[place]
	op := s.op
	*s = slot{gen: s.gen + 1}
	b.free = append(b.free, place)
	return op
}

// Cancel implements backend.Backend.
func (b *kernel) Cancel(s *backend.Socket, op *ops.Operation) bool {
	w := b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	e := endpointOf(s)
	if e == nil {
		return false
	}
	e.touch(w)
	r := e.requests[sideOf(op.Kind)]
	if r == nil || r.canceled {
		return false // done, or asked before
	}
	slot := &b.table[r.slot]
	op.N = r.sent
	switch {
	case w.faults.LoseCanceled:
		slot.canceled = true
		b.detach(r)
		return false
	case w.happens(w.weather.SlowCancel, "slow cancel"):
		slot.canceled, r.canceled = true, true
		b.saw(Asked, r, op, result{})
		if !r.queued() {
			b.arouse(r)
		}
		return false
	}
	b.saw(Released, r, op, result{})
	b.postAgain(r.name, result{err: ops.ErrCanceled})
	if w.faults.WriteAfterCancel && fills(r.kind) {
		r.parts(r.size(), b.trample)
	}
	b.leave(r.slot)
	b.detach(r)
	return true
}

// TryRead implements backend.Backend.
func (b *kernel) TryRead(s *backend.Socket, buf []byte) (int, error) {
	w := b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	e := endpointOf(s)
	if e == nil {
		return 0, net.ErrClosed
	}
	e.touch(w)
	if !e.readable() || w.happens(w.weather.FalseAlarm, "false alarm") {
		return 0, ops.ErrWouldBlock
	}
	res := b.read(&request{b: b, e: e, kind: ops.KindRead, bufs: [][]byte{buf}})
	return res.n, res.err
}

// TryWrite implements backend.Backend.
func (b *kernel) TryWrite(s *backend.Socket, buf []byte) (int, error) {
	w := b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	e := endpointOf(s)
	if e == nil {
		return 0, net.ErrClosed
	}
	e.touch(w)
	if !e.writable(w) || w.happens(w.weather.FalseAlarm, "no room") {
		return 0, ops.ErrWouldBlock
	}
	res := b.write(&request{b: b, e: e, kind: ops.KindWrite, bufs: [][]byte{buf}})
	return res.n, res.err
}

// CloseWrite implements backend.Backend.
func (b *kernel) CloseWrite(s *backend.Socket) error {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	e := endpointOf(s)
	if e == nil {
		return errNotFinished
	}
	e.touch(b.w)
	return b.w.finish(e)
}

// Abort implements backend.Aborter.
func (b *kernel) Abort(s *backend.Socket) {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	if e := endpointOf(s); e != nil {
		e.aborts = true
	}
}

// CloseSocket implements backend.Backend.
func (b *kernel) CloseSocket(s *backend.Socket) error {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	if e := endpointOf(s); e != nil {
		s.Sys = nil
		b.w.close(e)
	}
	return nil
}

// Addr implements backend.Backend.
func (b *kernel) Addr(s *backend.Socket, peer bool) net.Addr {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	if e := endpointOf(s); e != nil {
		return e.addr(peer)
	}
	return nil
}

// Shutdown implements backend.Backend.
func (b *kernel) Shutdown() {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	for i, other := range b.w.backends {
		if other == b {
			b.w.backends = append(b.w.backends[:i:i], b.w.backends[i+1:]...)
			break
		}
	}
}
