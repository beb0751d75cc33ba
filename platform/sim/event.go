package sim

import (
	"fmt"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// An Event is something that happened in a World.
type Event struct {
	// Time is when it happened, in virtual time since the world began.
	Time time.Duration

	// What is what happened.
	What What

	// Socket is the number of the socket that it happened to, or 0. Sockets are
	// counted from 1, in the order in which they were opened in the world.
	Socket int

	// Operation is the number of the operation that it happened to, or 0.
	// Operations are counted from 1, in the order in which they were started. Kind
	// is the operation's kind.
	Operation uint64
	Kind      ops.Kind

	// Op is the operation itself. Use only its address: its contents belong to the
	// library. It is nil when the backend no longer has the operation.
	Op *ops.Operation

	// N and Err are the result, for an event that has one.
	N   int
	Err error
}

// String returns the event as one line, such as "12µs socket 3: read 7 done 64".
func (e Event) String() string {
	s := fmt.Sprintf("%v %v", e.Time, e.What)
	if e.Socket != 0 {
		s = fmt.Sprintf("%v socket %d: ", e.Time, e.Socket)
		if e.Operation != 0 {
			s += fmt.Sprintf("%v %d ", e.Kind, e.Operation)
		}
		s += e.What.String()
	}
	switch {
	case e.Err != nil:
		s += fmt.Sprintf(" %d, %v", e.N, e.Err)
	case e.N != 0:
		s += fmt.Sprintf(" %d", e.N)
	}
	return s
}

// What is a kind of event.
type What uint8

// What can happen. The life of an operation is Ended alone, or Started and
// Released, or Started, perhaps Asked, Done and Completed.
const (
	Opened     What = iota // a socket was opened
	Closed                 // a socket was closed
	Finished               // a socket's stream to the peer was ended
	Ended                  // an operation ended inside the call that started it
	Started                // an operation is outstanding
	Asked                  // an outstanding operation was cancelled, and will end later
	Done                   // the kernel has done an operation or given it up
	Completed              // the proactor got an operation back
	Released               // a cancelled operation was let go at once
	Missed                 // a stale completion found its operation gone
	Hit                    // a stale completion hit another operation: a fault
	Looked                 // a poll returned early with nothing
	Slept                  // time has passed because there was nothing else to do
	Broke                  // a connection was reset
	Lost                   // a packet was lost
	Duplicated             // a packet was sent twice
	Overtook               // a packet was put before earlier ones
)

var whatNames = [...]string{
	"opened", "closed", "finished", "ended", "started", "asked", "done", "completed", "released",
	"missed", "hit", "looked", "slept", "broke", "lost", "duplicated", "overtook",
}

// String returns what happened in a word, such as "started".
func (k What) String() string {
	if int(k) < len(whatNames) {
		return whatNames[k]
	}
	return "unknown"
}

// saw tells the observer what happened to a socket.
func (w *World) saw(what What, e *endpoint, n int) {
	if w.observe == nil {
		return
	}
	event := Event{Time: w.Now(), What: what, N: n}
	if e != nil {
		event.Socket = e.id
	}
	w.observe(event)
}

// saw tells the observer what happened to an operation, which the backend has
// or has just had.
func (b *kernel) saw(what What, r *request, op *ops.Operation, res result) {
	if b.w.observe == nil {
		return
	}
	b.w.observe(Event{
		Time: b.w.Now(), What: what,
		Socket: r.e.id, Operation: r.id, Kind: r.kind,
		Op: op, N: res.n, Err: res.err,
	})
}
