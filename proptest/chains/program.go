package chains

import (
	"fmt"
	"slices"
	"strings"

	"github.com/heirloom-go/heirloom/ops"
)

// A Program is a set of chains of operations, as data, that can be run and checked
// on a platform. [Draw] draws one. A drawn program always comes to an end by
// itself.
type Program struct {
	// Runners is the number of goroutines that run the proactor. 0 means one
	// goroutine, on a proactor that was made with platform.SingleRunner.
	Runners int

	// Chains are the chains. A chain that is Forked begins when another chain forks
	// it.
	Chains []Chain

	// Links are the connections that the chains open and use.
	Links []Link

	// RefuseAt is the request, counted from 1, at which the default allocator
	// fails. With 0 it never fails.
	RefuseAt int

	token string // what Replay takes
}

// A Chain is one chain of a [Program].
type Chain struct {
	Name    string      // what reports call it
	Forked  bool        // it begins when another chain forks it
	Memory  Association // how its handlers get their memory
	Steps   []Step      // its steps, one after the other
	Cancels bool        // its handlers have a cancel slot
	Strand  bool        // its handlers run on the strand of the program

	// Disposal is what becomes of the chain's timer, file and mailbox when the
	// chain is over and nobody sends to it any more. Apart has another goroutine
	// do that. The file and the mailbox are closed and cannot be opened again: for
	// Recycled and Elsewhere they are cleared.
	Disposal Disposal
	Apart    bool
}

// A Link is a connection between two chains, opened by one with a connect and
// by the other with an accept.
type Link struct {
	Network string // "tcp" or "unix"
	Duplex  bool   // at both ends, reading and writing are separate chains
	Reuse   bool   // it uses the Conns of the link before, which were not recycled

	// Disposal is what becomes of the Conns when they are closed: that of the
	// connect, and that of the accept. Apart has another goroutine do that. The
	// second also applies to the listener, which cannot be opened again: for
	// Recycled and Elsewhere it is cleared.
	Disposal [2]Disposal
	Apart    bool
}

// A Step is one step of a chain: an operation, or something that a handler does
// between two operations.
type Step struct {
	Kind   string    // a name in the table of steps.go, or the Name of a registered Kind
	Link   int       // for those that work on a connection
	Size   int       // bytes to transfer
	Depth  int       // how deep composed operations are nested
	Pause  int       // microseconds to wait; if negative, an hour, until cancelled
	Chain  int       // the chain to fork, join, cancel or send to
	Until  ops.Until // what a batch waits for
	Early  bool      // cancel the batch before its members begin
	After  bool      // send the signal after the wait for it has begun
	Exit   bool      // end the goroutine by runtime.Goexit, where a step "panic" does so by a panic
	Refuse int       // at how many attempts in a row an allocator fails; after progress, at one less
	Cancel Cancel    // how the operation is cancelled, right after it was started or when it is late
}

// Cancel is a way to cancel an operation.
type Cancel int

const (
	CancelNothing Cancel = iota // it is not cancelled
	CancelSlot                  // by the cancel slot of the chain
	CancelAll                   // everything on the socket or timer
	CancelLate                  // by a timeout of the handler, if it takes too long
	CancelMoved                 // by the deadline of the socket, which is moved to be earlier
	CancelPassed                // by the deadline of the socket, which is moved into the past
)

// An Association says how the handlers of a chain get their memory.
type Association struct {
	Style    Style // how the allocator is associated
	Inner    bool  // another allocator of the same type lies further in, and must not be asked
	Bytes    bool  // an allocator of bytes lies outermost, and must not be asked
	Wrappers int   // layers without an allocator, half of them around the one with it
	Slot     bool  // the memory is a single block, used again and again
}

// Style is a way to associate an allocator with a handler.
type Style int

const (
	Bound    Style = iota // by ops.WithAllocator
	Method                // by a method of the handler's type
	Standard              // not at all: the default allocator is used
)

var styleNames = [...]string{"bound", "by method", "default"}

// String returns the program as a listing, with the token that replays it.
func (p Program) String() string {
	var b strings.Builder
	if p.Runners == 0 {
		b.WriteString("program: a SingleRunner")
	} else {
		fmt.Fprintf(&b, "program: %d runner(s)", p.Runners)
	}
	if p.RefuseAt > 0 {
		fmt.Fprintf(&b, ", the default allocator fails at request %d", p.RefuseAt)
	}
	if p.token != "" {
		fmt.Fprintf(&b, "; chains.Replay(%q)", p.token)
	}
	b.WriteByte('\n')
	for i, l := range p.Links {
		fmt.Fprintf(&b, "  link %d: %s%s%s%s\n", i, l.Network, when(l.Duplex, ", full duplex"), when(l.Reuse, ", in the Conns of the one before"),
			when(l.Disposal != [2]Disposal{}, fmt.Sprintf("; the Conns are %s and %s%s afterwards", l.Disposal[0], l.Disposal[1], when(l.Apart, " by another goroutine"))))
	}
	for i, c := range p.Chains {
		fmt.Fprintf(&b, "  chain %d %s: %s%s%s%s\n", i, c.Name, c.Memory, when(c.Strand, ", on the strand"), when(c.Forked, ", forked"),
			when(c.Disposal != Kept, fmt.Sprintf("; the timer is %s%s afterwards", c.Disposal, when(c.Apart, " by another goroutine"))))
		for n, s := range c.Steps {
			fmt.Fprintf(&b, "    %2d %s\n", n, s)
		}
	}
	return b.String()
}

// GoString returns the listing too, because package rapid prints what it drew with
// it.
func (p Program) GoString() string { return "\n" + p.String() }

// String describes the association in words.
func (a Association) String() string {
	s := styleNames[a.Style]
	if a.Style != Standard {
		s += when(a.Slot, ", one block used again")
		s += when(a.Inner, ", another one inside")
	}
	s += when(a.Bytes, ", one of bytes outermost")
	if a.Wrappers > 0 {
		s += fmt.Sprintf(", %d wrappers", a.Wrappers)
	}
	return s
}

// String returns the step as the listing and the timeline show it.
func (s Step) String() string {
	text := s.Kind
	if k := kindOf(s.Kind); k != nil && k.text != nil {
		text += " " + k.text(&s)
	}
	text += when(s.Exit, " by Goexit")
	if s.Refuse > 0 {
		text += fmt.Sprintf(", allocator fails %d×", s.Refuse)
	}
	return text + [...]string{"", ", cancel by slot", ", cancel all", ", cancel when late", ", deadline moved", ", deadline moved into the past"}[s.Cancel]
}

// worksOnLink reports whether the step works on a link: that of its field Link.
func (s Step) worksOnLink() bool { return kindOf(s.Kind).role != local && s.Kind != "stop" }

// onLink reports whether the step works on the given link.
func (s Step) onLink(link int) bool { return s.worksOnLink() && s.Link == link }

// uses reports whether a step of the chain works on a link.
func (c Chain) uses(link int) bool {
	return slices.ContainsFunc(c.Steps, func(s Step) bool { return s.onLink(link) })
}

// refers reports whether the step names a chain: that of its field Chain.
func (s Step) refers() bool {
	return s.Kind == "fork" || s.Kind == "join" || s.Kind == "cancel" || s.Kind == "send to"
}

func when(cond bool, text string) string {
	if cond {
		return text
	}
	return ""
}
