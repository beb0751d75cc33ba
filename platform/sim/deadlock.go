package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// A Deadlock is what a simulation panics with when a proactor waits, nothing is due
// in the world, and nobody is left who could change that.
type Deadlock struct {
	// Time is the virtual time at which the deadlock was noticed. With several
	// goroutines in a bubble, it is the time at which a proactor last began to
	// wait.
	Time time.Duration

	// Outstanding is what the world was waiting for.
	Outstanding []Outstanding

	// Goroutines is the stacks of the bubble's goroutines. It is empty unless
	// several goroutines of a bubble are stuck.
	Goroutines string
}

// Error describes the stuck operations, one per line.
func (d *Deadlock) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "sim: deadlock at %v: ", d.Time)
	if len(d.Outstanding) == 0 {
		s.WriteString("a proactor waits although no operation is outstanding: is there a Hold that nobody releases?")
	} else {
		s.WriteString("nothing can happen any more, and still outstanding are")
	}
	for _, o := range d.Outstanding {
		fmt.Fprintf(&s, "\n\t%v", o)
	}
	if d.Goroutines != "" {
		fmt.Fprintf(&s, "\nThe goroutines of the bubble wait for one another:\n\n%s", d.Goroutines)
	}
	return s.String()
}

// Outstanding describes an operation that a backend of the world has.
type Outstanding struct {
	Operation uint64 // its number, as in an Event
	Kind      ops.Kind
	Socket    int           // the number of its socket, as in an Event
	Address   string        // of its socket
	Since     time.Duration // when it was started
	Canceled  bool          // it was asked to end early
}

// String returns a description such as
// "read 7 on socket 3 (127.0.0.1:49152), started at 12µs".
func (o Outstanding) String() string {
	s := fmt.Sprintf("%v %d on socket %d (%s), started at %v", o.Kind, o.Operation, o.Socket, o.Address, o.Since)
	if o.Canceled {
		s += ", cancelled"
	}
	return s
}

// Outstanding returns the operations that the world's backends have, in the order
// in which they were started. It leaves out operations that wait in a socket's
// queue behind another one, and timers: these are in the proactor.
func (w *World) Outstanding() []Outstanding {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.outstanding()
}

func (w *World) outstanding() (all []Outstanding) {
	for _, b := range w.backends {
		for _, s := range b.table {
			if s.op == nil {
				continue
			}
			all = append(all, Outstanding{
				Operation: s.id, Kind: s.kind, Socket: s.e.id, Address: s.e.name(),
				Since: time.Duration(s.since), Canceled: s.canceled,
			})
		}
	}
	slices.SortFunc(all, func(a, b Outstanding) int { return cmp.Compare(a.Operation, b.Operation) })
	return all
}

// deadlocked describes the state that the world is stuck in.
func (w *World) deadlocked() *Deadlock {
	return &Deadlock{Time: w.Now(), Outstanding: w.outstanding()}
}
