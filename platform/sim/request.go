package sim

import (
	"net/netip"
	"slices"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A request is what the simulated kernel knows of an operation: a name that it
// gives back, and what to do. It does not know the operation itself.
type request struct {
	name
	b        *kernel
	e        *endpoint
	kind     ops.Kind
	bufs     [][]byte
	single   [1][]byte // bufs of what is not vectored
	offset   int64     // in a file
	to       netip.AddrPort
	path     string         // of a unix listener to connect to
	from     netip.AddrPort // what a connect binds its end to, if it is valid
	canceled bool           // the proactor wants it back
	packets  []backend.Packet
	source   *openFile // the file to send
	left     int64     // of it, or -1
	sent     int

	place place
	due   int64  // when it is done, if it is delayed
	seq   uint64 // orders what is due at the same time
	index int    // among the delayed
}

// A name of an operation is a place in a backend's table and a generation, so
// that the completion of an operation that is gone misses the next one there;
// id is for those who watch.
type name struct {
	slot, gen uint32
	id        uint64
}

// A place is where a request is.
type place uint8

const (
	waiting place = iota // on its endpoint only: it is not possible yet
	ready                // possible
	delayed              // possible, from a certain time
	held                 // the kernel is at it
)

// queued reports whether the request will be done without being woken.
func (r *request) queued() bool { return r.place == ready || r.place == delayed }

// A result is how a request ended.
type result struct {
	n    int
	err  error
	from netip.AddrPort
	conn *endpoint // accepted
	more bool      // it goes on
}

// possible reports whether the request can be done now, with whatever result.
func (r *request) possible() bool {
	e := r.e
	if e.closed {
		return false
	}
	switch r.kind {
	case ops.KindRead, ops.KindReadVectored, ops.KindWaitReadable:
		return e.readable()
	case ops.KindWrite, ops.KindWriteVectored, ops.KindSendFile:
		return e.writable(r.b.w)
	case ops.KindAccept:
		return len(e.backlog) > 0
	case ops.KindReadFrom, ops.KindReadBatch:
		return e.packets != nil && (len(e.packets.queue) > 0 || e.packets.refused)
	}
	return true
}

// perform does what is asked for, which is possible.
func (b *kernel) perform(r *request) result {
	switch r.kind {
	case ops.KindRead, ops.KindReadVectored:
		return b.read(r)
	case ops.KindWrite, ops.KindWriteVectored:
		return b.write(r)
	case ops.KindAccept:
		return b.accept(r)
	case ops.KindConnect:
		return b.connect(r)
	case ops.KindReadFrom:
		return b.readFrom(r)
	case ops.KindWaitReadable:
		return result{}
	case ops.KindReadAt, ops.KindWriteAt, ops.KindSync:
		return b.onFile(r)
	case ops.KindReadBatch:
		return b.readBatch(r)
	case ops.KindWriteBatch:
		return b.writeBatch(r)
	case ops.KindSendFile:
		return b.sendFile(r)
	}
	return b.writeTo(r)
}

// ask makes a request of an operation on e.
func (b *kernel) ask(e *endpoint, op *ops.Operation) *request {
	var r *request
	if n := len(b.spare); n > 0 {
		r = b.spare[n-1]
		b.spare = b.spare[:n-1]
	} else {
		r = new(request)
	}
	b.w.operations++
	r.name = name{id: b.w.operations}
	r.b, r.e, r.kind = b, e, op.Kind
	r.single[0] = op.Buf
	r.bufs = r.single[:]
	switch op.Kind {
	case ops.KindReadVectored, ops.KindWriteVectored:
		r.bufs = backend.Buffers(op)
	case ops.KindReadAt, ops.KindWriteAt:
		r.offset = backend.Offset(op)
	case ops.KindReadBatch, ops.KindWriteBatch:
		r.packets = backend.Packets(op)
	case ops.KindSendFile:
		r.source = endpointOf(backend.SourceFile(op)).file
		r.offset, r.left = backend.Rest(op)
	}
	return r
}

// size returns how many bytes the buffers have.
func (r *request) size() (n int) {
	for _, b := range r.bufs {
		n += len(b)
	}
	return n
}

// parts calls f with the parts of the buffers that the first n bytes lie in.
func (r *request) parts(n int, f func([]byte)) {
	for _, b := range r.bufs {
		b = b[:min(len(b), n)]
		f(b)
		n -= len(b)
	}
}

// discard keeps the memory of a request that is not needed any more.
func (b *kernel) discard(r *request) {
	*r = request{}
	b.spare = append(b.spare, r)
}

// arouse queues a request that has become possible, or that should end early,
// to be done.
func (b *kernel) arouse(r *request) {
	if d := b.w.delay(); d > 0 {
		b.seq++
		r.place, r.due, r.seq = delayed, b.w.clock()+d, b.seq
		b.delayed.push(r)
	} else {
		r.place = ready
		b.ready.push(r)
	}
	b.ring()
}

// detach takes a request from the kernel, which forgets it.
func (b *kernel) detach(r *request) {
	switch r.place {
	case ready:
		b.ready.remove(b.ready.index(r))
	case delayed:
		b.delayed.remove(r)
	}
	if side := sideOf(r.kind); r.e.requests[side] == r {
		r.e.requests[side] = nil
	}
	b.discard(r)
}

// line is the requests that are possible, in the order in which they became so.
// What is taken from its front costs no moving.
type line struct {
	requests []*request
	start    int
}

func (l *line) len() int { return len(l.requests) - l.start }

func (l *line) push(r *request) {
	if l.start > 0 && len(l.requests) == cap(l.requests) {
		n := copy(l.requests, l.requests[l.start:])
		clear(l.requests[n:])
		l.requests, l.start = l.requests[:n], 0
	}
	l.requests = append(l.requests, r)
}

func (l *line) index(r *request) int { return slices.Index(l.requests[l.start:], r) }

func (l *line) remove(i int) *request {
	r := l.requests[l.start+i]
	if i > 0 {
		l.requests = slices.Delete(l.requests, l.start+i, l.start+i+1)
		return r
	}
	l.requests[l.start] = nil
	if l.start++; l.start == len(l.requests) {
		l.requests, l.start = l.requests[:0], 0
	}
	return r
}
