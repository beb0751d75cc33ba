package contract

import "fmt"

// A Clause is a numbered clause of the allocation contract, which says what an
// operation promises about the memory that it takes from a handler's allocator.
// Failure messages, tests and documents use the same numbers and names.
type Clause uint8

// The clauses.
const (
	// Associated: the memory of an operation comes from the allocator associated
	// with its handler, and from nowhere else. The outermost association of the
	// wanted type wins.
	Associated Clause = iota + 1

	// Default: a handler without an allocator gets the default one, which is built
	// on the Go heap.
	Default

	// SameBlock: Deallocate gets exactly the block that Allocate gave, once,
	// through the same allocator.
	SameBlock

	// ReleasedFirst: Deallocate returns before the handler is called, on
	// every path.
	ReleasedFirst

	// OneAtATime: for one operation, and so for one chain of operations, calls to
	// the allocator never overlap.
	OneAtATime

	// Visible: calls on different goroutines are ordered by happens-before
	// edges that the race detector can see.
	Visible

	// AnyGoroutine: an allocator may be called from any goroutine that calls
	// the library, and from no other.
	AnyGoroutine

	// OnceAndLater: the handler is called exactly once; never from inside the
	// function that started the operation, and never after the operation was
	// abandoned because its proactor was closed.
	OnceAndLater

	// Stable: the block stays where it is and stays reachable while the
	// kernel may touch it.
	Stable

	// Exhaustion: if the allocator fails, nothing is started, nothing leaks, and
	// the handler is called once, later, with an error that wraps ErrExhausted.
	Exhaustion

	// Abandonment: closing the proactor releases every outstanding block
	// through its allocator without calling the handlers.
	Abandonment

	// PeakBlocks: the number of blocks that are live at once is documented and
	// kept. An operation has one block, from when it is started until it releases
	// it; so has a post. A hop to a strand or another executor adds none. An
	// operation that the library composes, such as ops.ReadFull, has one. An
	// operation made with ops.Compose has its frame, and the block of the operation
	// that it has outstanding.
	PeakBlocks
)

var clauseNames = [...]string{
	Associated:    "Associated",
	Default:       "Default",
	SameBlock:     "SameBlock",
	ReleasedFirst: "ReleasedFirst",
	OneAtATime:    "OneAtATime",
	Visible:       "Visible",
	AnyGoroutine:  "AnyGoroutine",
	OnceAndLater:  "OnceAndLater",
	Stable:        "Stable",
	Exhaustion:    "Exhaustion",
	Abandonment:   "Abandonment",
	PeakBlocks:    "PeakBlocks",
}

// Clauses returns all clauses in order.
func Clauses() []Clause {
	all := make([]Clause, 0, PeakBlocks)
	for c := Associated; c <= PeakBlocks; c++ {
		all = append(all, c)
	}
	return all
}

// Name returns the clause's name, such as "ReleasedFirst".
func (c Clause) Name() string {
	if c < Associated || c > PeakBlocks {
		return "unknown"
	}
	return clauseNames[c]
}

// String returns the number and the name, such as "4 ReleasedFirst".
func (c Clause) String() string { return fmt.Sprintf("%d %s", uint8(c), c.Name()) }
