package ops

import (
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops/reach"
)

// A Strand runs handlers one after another, in the order in which they arrive, on
// the goroutines that run the executor below it. Handlers on one strand need no
// lock for the data that they share.
//
// The operation itself waits in the strand. So a hop to a strand takes no
// memory, and an operation keeps its one block until its handler runs. (Asio
// needs two blocks for a hop.) A strand takes one turn on the executor for each
// handler, so it does not hold up other handlers. Any goroutine may use it; it
// must not be copied. Use [Post] to run a handler on it, and [WithExecutor] for the
// handlers of operations that end elsewhere.
type Strand struct {
	executor Executor

	mu         sync.Mutex
	head, tail *Operation
	busy       bool // the turn is with the executor, or a handler runs

	// turn represents the strand in the executor's queue. It is part of the
	// strand, and never allocated.
	turn Operation
}

var (
	_ Urgent                = (*Strand)(nil)
	_ Associated[Operation] = (*Strand)(nil)
)

// NewStrand returns a strand on ex.
func NewStrand(ex Executor) *Strand {
	if ex == nil {
		panic("ops: NewStrand: nil Executor")
	}
	return &Strand{executor: ex}
}

// Allocator returns the default allocator of the executor below, or nil.
func (s *Strand) Allocator() allocator.Allocator[Operation] { return defaultOf(s.executor) }

// Coroutines returns the coroutines of the executor below, or nil.
func (s *Strand) Coroutines() *Coroutines { return coroutinesOf(s.executor) }

// Execute implements [Executor].
func (s *Strand) Execute(op *Operation) {
	s.here(op)
	s.mu.Lock()
	s.push(op)
	s.added()
}

// ExecuteNext implements [Urgent].
func (s *Strand) ExecuteNext(op *Operation) {
	s.here(op)
	s.mu.Lock()
	if op.Next = s.head; s.head == nil {
		s.tail = op
	}
	s.head = op
	s.added()
}

// here keeps an operation whose handler runs on the strand from going there once
// more.
func (s *Strand) here(op *Operation) {
	if op.flags&elsewhere != 0 && associationsOf(op.handler).executor == Executor(s) {
		op.flags &^= elsewhere
	}
}

// added takes a turn on the executor unless the strand has one. It releases the
// lock.
func (s *Strand) added() {
	first := !s.busy
	reach.Sometimes(!first, reach.StrandQueued)
	s.busy = true
	s.mu.Unlock()
	if first {
		s.takeTurn()
	}
}

func (s *Strand) takeTurn() {
	if s.executor == nil {
		panic("ops: the Strand has no Executor: use NewStrand")
	}
	s.turn = Operation{owner: owner[Operation]{handler: (*turn)(s)}}
	s.executor.Execute(&s.turn)
}

// turn is the handler of a strand's turn.
type turn Strand

// Complete runs the first handler, and takes another turn if there are more,
// also when the handler panics.
func (t *turn) Complete(int, error) {
	s := (*Strand)(t)
	s.mu.Lock()
	op := s.head
	if s.head = op.Next; s.head == nil {
		s.tail = nil
	}
	op.Next = nil
	s.mu.Unlock()
	defer s.ran()
	op.Complete()
}

func (s *Strand) ran() {
	s.mu.Lock()
	more := s.head != nil
	reach.Sometimes(more, reach.StrandNextTurn)
	s.busy = more
	s.mu.Unlock()
	if more {
		s.takeTurn()
	}
}

// Abandon abandons everything that waits: the executor was closed.
func (t *turn) Abandon() {
	endList((*Strand)(t).takeAll(), (*Operation).Abandon)
}

func (s *Strand) takeAll() *Operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	op := s.head
	reach.Sometimes(op != nil, reach.StrandAbandoned)
	s.head, s.tail, s.busy = nil, nil, false
	return op
}

// refuse replaces everything that waits, so that its memory is released at once: the
// executor was closed before, and calls the handlers with err if it still can.
func (t *turn) refuse(err error) {
	s := (*Strand)(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	op := s.head
	reach.Sometimes(op != nil, reach.StrandRefused)
	s.head, s.tail = nil, nil
	refuseList(op, err, s.push)
}

// push puts an operation into the strand, which may come from another queue. The
// caller holds the lock.
func (s *Strand) push(op *Operation) {
	op.Next = nil
	if s.head == nil {
		s.head = op
	} else {
		s.tail.Next = op
	}
	s.tail = op
}
