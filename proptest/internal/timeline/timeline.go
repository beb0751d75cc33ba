// Package timeline draws what happened in a run of chains: as text for a
// terminal, and as an SVG image.
package timeline

import "time"

// A Timeline is what happened in a run, arranged to be drawn: a lane for each
// chain, and in it spans from tick to tick. A tick is an event that shows; the
// distance of two says nothing about the time between them, which At tells.
type Timeline struct {
	Lanes []Lane
	At    []time.Duration // when each tick was, since the beginning
	Marks []Mark          // the violations
}

// A Lane is one chain.
type Lane struct {
	Name   string
	Spans  []Span
	Labels []Label
}

// A Span is something that lasted in a lane. It begins and ends with an event.
type Span struct {
	Kind     Kind
	From, To int // ticks; To is the number of ticks if it did not end
	Runner   int // for Handler: which goroutine, from 1
}

// Kind says what lasted.
type Kind uint8

// What lasts. Of two spans at one tick the later kind in this list hides the
// earlier one.
const (
	Allocated Kind = iota // a block of an operation is allocated
	Kernel                // the backend has the operation
	Handler               // a handler is running
	Refused               // an allocator has failed; lasts one tick
	Abandoned             // a layer of a handler was abandoned; lasts one tick
	Note                  // something else; lasts one tick
)

// A Label says what was begun at a tick.
type Label struct {
	Tick int
	Text string
}

// Failure begins the label of a handler that was called with an error.
const Failure = "!"

// A Mark is a violation at a tick of a lane; Lane is -1 if it concerns none.
type Mark struct {
	Tick, Lane int
	Title      string // the clause, in a word or two
	Where      string // the chain and the operation
	Text       string // what happened and what to look at, in sentences
}
