package platform

import (
	"math"
	"os"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// A deadline of a socket is kept apart from what is outstanding there. The record has a
// bit for each side whose deadline has passed, which is all that an operation looks at
// when it is started; the times lie in memory that only sockets with a deadline have,
// and wait in the proactor's heap, one entry for both sides of a socket.
//
// That entry may be too early, never too late. A deadline that is moved to a later time,
// or removed, leaves the entry where it is; when it comes up, it is put back for the time
// that the deadline has by then.

// deadlines are those of a socket. The proactor's lock guards them.
type deadlines struct {
	timer ops.Operation // waits in the heap, of the kind kindDeadline
	at    [2]int64      // by side, or never
	next  *deadlines    // among the spare ones
}

// kindDeadline is the kind of the operation that represents the deadlines of a socket in
// the heap. It is never started.
const kindDeadline ops.Kind = 0xff

// never is a time that does not come.
const never = math.MaxInt64

// moveDeadline sets the deadline of some sides of the socket. The caller holds the lock
// of the socket.
func (s *socket) moveDeadline(when int64, sides record.Bits) {
	if when == never && !s.Is(record.Timed) {
		return
	}
	p := s.proactorOf()
	p.lock()
	d := p.deadlinesOf(s)
	for side := range d.at {
		if sides>>side&1 != 0 {
			d.at[side] = when
		}
	}
	earliest := p.schedule(d)
	p.unlock()
	if earliest {
		p.wakePoller() // it waits for too long
	}
}

// deadlinesOf returns the deadlines of a socket, and makes them if there are none. The
// caller holds both locks.
func (p *Proactor) deadlinesOf(s *socket) *deadlines {
	if s.Is(record.Timed) {
		return p.deadlines[s.Place-1]
	}
	d := p.spare
	if d == nil {
		d = new(deadlines)
	} else {
		p.spare, d.next = d.next, nil
	}
	d.at = [2]int64{never, never}
	d.timer.Kind, d.timer.Target = kindDeadline, unsafe.Pointer(s)
	if n := len(p.sockets) - len(p.deadlines); n > 0 {
		p.deadlines = append(p.deadlines, make([]*deadlines, n)...)
	}
	p.deadlines[s.Place-1] = d
	s.Set(record.Timed, true)
	return d
}

// schedule puts the deadlines of a socket into the heap, or further to the front. It
// reports whether the proactor has to be awake earlier than it had before. The caller
// holds the lock.
func (p *Proactor) schedule(d *deadlines) (earliest bool) {
	op, when := &d.timer, min(d.at[backend.Reading], d.at[backend.Writing])
	switch {
	case op.Index < 0, when == never: // it is looked at in any case, or need not be
		return false
	case op.Index == 0:
		op.When = when
		p.timers.push(op)
	case when < op.When:
		reach.Sometimes(true, reach.DeadlineEarlier)
		op.When = when
		p.timers.advance(op)
	default:
		return false
	}
	return p.timers[0].op == op
}

// dropDeadlines makes the proactor forget the deadlines of a socket that is being
// closed. The caller holds the lock of the socket.
func (s *socket) dropDeadlines() {
	s.Set(record.Passed, false)
	if !s.Is(record.Timed) {
		return
	}
	p := s.proactorOf()
	p.lock()
	d := p.deadlines[s.Place-1]
	p.deadlines[s.Place-1] = nil
	p.forget(&d.timer)
	d.timer.Target = nil
	d.next, p.spare = p.spare, d
	s.Set(record.Timed, false)
	p.unlock()
}

// placeDeadlines does for the deadlines what unregister does for the sockets: the last
// comes to the place of one that is gone. The caller holds the lock.
func (p *Proactor) placeDeadlines(place, last int) {
	if last < len(p.deadlines) {
		p.deadlines[place], p.deadlines[last] = p.deadlines[last], nil
	}
}

// endDeadlines ends what is outstanding on the sides of a socket whose deadline has
// passed. The leader calls it when the entry in the heap has come up, with the lock of
// the socket.
func (s *socket) endDeadlines(out *record.Queue) {
	p := s.proactorOf()
	var sides record.Bits
	p.lock()
	d := p.deadlinesOf(s)
	now := p.backend.Now()
	for side := range d.at {
		if d.at[side] <= now {
			d.at[side] = never
			sides |= 1 << side
		}
	}
	p.schedule(d)
	p.unlock()
	s.passDeadline(sides, out)
}

// passDeadline ends what is outstanding on some sides, and makes what is started there
// end at once. The caller holds the lock.
func (s *socket) passDeadline(sides record.Bits, out *record.Queue) {
	s.Set(sides, true)
	for _, d := range [...]backend.Side{backend.Reading, backend.Writing} {
		if sides>>d&1 != 0 {
			reach.Sometimes(!s.Queues[d].Empty(), reach.DeadlinePassed)
			s.cancelSide(d, os.ErrDeadlineExceeded, out)
		}
	}
}
