package chains

import (
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// A deadline of a socket is moved while an operation is outstanding, and stays as it is
// when that has ended: what is started later may meet it, until a chain is told that it
// has passed, and removes it.

// A deadline is that of a side of a Conn, or of a listener. It is shared by those whose
// Conn is the same.
type deadline struct {
	moves   cancels
	removed atomic.Int64 // moves that were done when it was removed last
}

// dated reports whether an operation of the kind is outstanding where a deadline can be
// set.
func (k *kind) dated() bool { return k.transfers || k.name == "end" || k.name == "accept" }

// deadline returns the deadline of a step's operation, how it is set, and who uses what
// has it.
func (c *chainRun) deadline(s *Step, k *kind) (d *deadline, set func(time.Time) error, of *users) {
	if k.name == "accept" {
		l := c.run.links[s.Link]
		return &l.deadline, l.listener.SetDeadline, &l.users
	}
	if k.role == sends {
		return c.end.deadlines[backend.Writing], c.end.conn.SetWriteDeadline, &c.end.users
	}
	return c.end.deadlines[backend.Reading], c.end.conn.SetReadDeadline, &c.end.users
}

// mover returns the function that moves the deadline of the operation that is about to
// be started: nearer, or from the future into the past.
func (c *chainRun) mover(s *Step, k *kind) func() {
	d, set, of := c.deadline(s, k)
	first, second := time.Hour, lateAfter
	if s.Cancel == CancelPassed {
		first, second = lateAfter, -time.Hour
	}
	now := c.run.proactor.Now
	of.n.Add(1)
	return func() {
		d.moves.cancel(func() {
			set(now().Add(first))
			set(now().Add(second))
		})
		of.leave()
	}
}

// removeDeadline removes the deadline that an operation was told has passed. It reports
// false if it cannot have.
func (c *chainRun) removeDeadline(s *Step, k *kind) bool {
	if !k.dated() {
		return false
	}
	d, set, _ := c.deadline(s, k)
	done := d.moves.done.Load() // what is moved from here on may stay
	if d.moves.begun.Load() <= d.removed.Load() {
		return false
	}
	set(time.Time{})
	d.removed.Store(done)
	return true
}
