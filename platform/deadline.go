package platform

import (
	"net"
	"time"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// Now returns the time that deadlines are compared with: time.Now(), or the
// simulated time on a simulated platform. Any goroutine may call it.
func (p *Proactor) Now() time.Time {
	if p.epoch.IsZero() {
		return time.Now()
	}
	return p.epoch.Add(time.Duration(p.backend.Now()))
}

// SetDeadline sets the deadlines of reads and of writes, as
// [Conn.SetReadDeadline] and [Conn.SetWriteDeadline] do.
func (c *Conn) SetDeadline(t time.Time) error { return c.h.setDeadline(t, bothSides) }

// SetReadDeadline sets the time at which reads end: those that are outstanding, and those
// that are started later, until the deadline is set again. A zero t means never.
//
// Once the time has passed, handlers are called, later as always, with
// os.ErrDeadlineExceeded or with the result that their operation already had, even if
// there is something to read. A t in the past ends the outstanding operations now. Moving
// the deadline to a later time affects operations that start afterwards, and outstanding
// ones that have not been ended. A composed operation that was ended in the middle of a
// part does not start the next part. Whichever comes first decides: a deadline, an
// ops.WithTimeout, a cancel or a close. Once the deadline has passed, [Conn.TryRead] and
// [Conn.TryWrite] return os.ErrDeadlineExceeded too.
//
// SetReadDeadline returns net.ErrClosed if the connection is not open. A connection opens
// without a deadline. Only the first deadline of a connection allocates, and the proactor
// keeps that memory for other connections. Moving a deadline to a later time does not touch
// the heap of timers, so a program may do it before each operation. As with all methods,
// only the runner may call it if the proactor has a single one.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.h.setDeadline(t, readingSide) }

// SetWriteDeadline sets the time at which writes end, as [Conn.SetReadDeadline] does
// for reads. Bytes that were written before the deadline stay written, and the handler
// is called with their number.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.h.setDeadline(t, writingSide) }

// SetDeadline sets the deadline of reads and writes, see [Conn.SetReadDeadline].
func (c *PacketConn) SetDeadline(t time.Time) error { return c.h.setDeadline(t, bothSides) }

// SetReadDeadline sets the time at which reads end, see [Conn.SetReadDeadline].
func (c *PacketConn) SetReadDeadline(t time.Time) error { return c.h.setDeadline(t, readingSide) }

// SetWriteDeadline sets the time at which writes end, see [Conn.SetReadDeadline].
func (c *PacketConn) SetWriteDeadline(t time.Time) error { return c.h.setDeadline(t, writingSide) }

// SetDeadline sets the time at which accepts end, see [Conn.SetReadDeadline]. An
// accepted connection has no deadline.
func (l *Listener) SetDeadline(t time.Time) error { return l.h.setDeadline(t, readingSide) }

// Some of the sides of a socket, a bit each.
const (
	readingSide = 1 << backend.Reading
	writingSide = 1 << backend.Writing
	bothSides   = readingSide | writingSide
)

// setDeadline sets the deadline of some sides of a socket that is open.
func (h *handle) setDeadline(t time.Time, sides record.Bits) error {
	p := h.proactor()
	if p == nil {
		return net.ErrClosed // it was never opened
	}
	p.mustBeRunner()
	var out record.Queue
	defer p.finish(&out) // also if the backend panics
	s, ok := h.lockedOpen()
	if !ok {
		return net.ErrClosed
	}
	defer s.unlock()
	now := p.backend.Now()
	when := p.deadlineAt(t, now)
	if when > now {
		s.Set(sides, false)
		s.moveDeadline(when, sides)
		return nil
	}
	s.moveDeadline(never, sides)
	s.passDeadline(sides, &out)
	return nil
}

// deadlineAt returns when t is on the backend's clock, which shows now. The zero time
// is never.
func (p *Proactor) deadlineAt(t time.Time, now int64) int64 {
	switch {
	case t.IsZero():
		return never
	case p.epoch.IsZero():
		return later(now, time.Until(t))
	}
	return later(0, t.Sub(p.epoch))
}
