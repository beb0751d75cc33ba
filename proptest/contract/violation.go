package contract

import (
	"cmp"
	"fmt"
	"strings"
)

// A Violation is a breach of the allocation contract, or an operation with a
// wrong result.
type Violation struct {
	// Clause is the clause that was broken, or 0 if an operation had a wrong
	// result.
	Clause Clause

	Chain     string // the name of the chain, or empty
	Operation string // its operation, such as "3: read 64"
	Text      string // what happened
	Look      string // what to look at; if empty, the usual for the clause

	event int // the offending event
	chain int
}

// Error names the clause by number and name, and says what happened to which chain
// and what to look at.
func (v Violation) Error() string {
	var b strings.Builder
	if v.Clause == 0 {
		b.WriteString("wrong result")
	} else {
		fmt.Fprintf(&b, "contract clause %v broken", v.Clause)
	}
	if where := v.where(); where != "" {
		fmt.Fprintf(&b, ", %s", where)
	}
	fmt.Fprintf(&b, ": %s", v.explanation())
	return b.String()
}

// where says which chain and operation are concerned.
func (v Violation) where() string {
	var where []string
	if v.Chain != "" {
		where = append(where, "chain "+v.Chain)
	}
	if v.Operation != "" {
		where = append(where, "operation "+v.Operation)
	}
	return strings.Join(where, ", ")
}

// explanation says what happened and what to look at.
func (v Violation) explanation() string {
	return fmt.Sprintf("%s. Look at %s.", v.Text, cmp.Or(v.Look, whereToLook[v.Clause]))
}

// Kind returns a text that is the same for all violations of one kind, whatever the
// chain, the operation and the addresses. A property test that fails with it can be
// shrunk.
func (v Violation) Kind() string {
	if v.Clause == 0 {
		return "an operation had a wrong result"
	}
	return fmt.Sprintf("contract clause %v is broken", v.Clause)
}

// title is the clause as the picture of a run shows it.
func (v Violation) title() string {
	if v.Clause == 0 {
		return "wrong result"
	}
	return v.Clause.String()
}

var whereToLook = [...]string{
	0:             "what the operation was asked to do and what the timeline shows to have happened on its chain before",
	Associated:    "how the operation finds its allocator: the outermost layer of the handler that has one of the wanted type, through every Unwrap",
	Default:       "which allocator is used when the handler has none, and whether a layer without Unwrap hides the one that it has",
	SameBlock:     "who calls Deallocate: exactly once, through the allocator that gave the block, with the slice that it gave; or, if Allocate gave the wrong thing, at the allocator itself, which proptest.Conform checks",
	ReleasedFirst: "the order of Deallocate and Complete on the path by which this operation ended",
	OneAtATime:    "which two goroutines work on the chain at the same time",
	Visible:       "what orders the two calls: a lock, an atomic or a channel must, and the kernel does not count",
	AnyGoroutine:  "who started the goroutine: only those that start operations or run the proactor may call an allocator",
	OnceAndLater:  "every path that ends the operation: one of them, once, from the loop and not from the function that starts",
	Stable:        "whether the backend was done with the operation before its memory was released",
	Exhaustion:    "the path that a failed Allocate takes: no start, nothing kept, the handler told once through the queue",
	Abandonment:   "what closing does with an operation in this state: release the memory, tell every layer once, call no handler",
	PeakBlocks:    "who takes another block before the first one is released",
}
