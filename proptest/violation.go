package proptest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/heirloom-go/heirloom/allocator"
)

// A Violation is a breach of the allocation contract, or an operation with a
// wrong result.
type Violation struct {
	// Clause is the clause that was broken, or 0 if it is the result of an
	// operation that is wrong.
	Clause allocator.Clause

	Chain     string // the chain concerned, if one is
	Operation string // its operation, such as "3: read 64"
	Text      string // what happened

	event int // the offending event
	chain int
	look  string // at what, if not at that for the clause
}

// Error names the clause by number and name, says what happened to which chain,
// and what to look at.
func (v Violation) Error() string {
	var b strings.Builder
	if v.Clause == 0 {
		b.WriteString("wrong result")
	} else {
		fmt.Fprintf(&b, "contract clause %v broken", v.Clause)
	}
	if v.Chain != "" {
		fmt.Fprintf(&b, ", chain %s", v.Chain)
	}
	if v.Operation != "" {
		fmt.Fprintf(&b, ", operation %s", v.Operation)
	}
	fmt.Fprintf(&b, ": %s. Look at %s.", v.Text, cmp.Or(v.look, whereToLook[v.Clause]))
	return b.String()
}

// title is the clause as the picture of a run shows it.
func (v Violation) title() string {
	if v.Clause == 0 {
		return "wrong result"
	}
	return v.Clause.String()
}

var whereToLook = [...]string{
	0:                       "what the operation was asked to do and what the timeline shows to have happened on its chain before",
	allocator.Associated:    "how the operation finds its allocator: the outermost layer of the handler that has one of the wanted type, through every Unwrap",
	allocator.Default:       "which allocator is used when the handler has none, and whether a layer without Unwrap hides the one that it has",
	allocator.SameBlock:     "who calls Deallocate: exactly once, through the allocator that gave the block, with the slice that it gave",
	allocator.ReleasedFirst: "the order of Deallocate and Complete on the path by which this operation ended",
	allocator.OneAtATime:    "which two goroutines work on the chain at the same time",
	allocator.Visible:       "what orders the two calls: a lock, an atomic or a channel must, and the kernel does not count",
	allocator.AnyGoroutine:  "who started the goroutine: only those that start operations or run the proactor may call an allocator",
	allocator.OnceAndLater:  "every path that ends the operation: one of them, once, from the loop and not from the function that starts",
	allocator.Stable:        "whether the backend was done with the operation before its memory was released",
	allocator.Exhaustion:    "the path that a failed Allocate takes: no start, nothing kept, the handler told once through the queue",
	allocator.Abandonment:   "what closing does with an operation in this state: release the memory, tell every layer once, call no handler",
	allocator.PeakBlocks:    "who takes another block before the first one is released",
}
