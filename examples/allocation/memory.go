package main

import (
	"fmt"
	"io"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// memory is where the operations of one session take their memory from: a
// single slot, and a line for each block that is taken. Without the lines, the
// slot alone is all that a session needs.
type memory struct {
	slot combinators.SingleSlot[ops.Operation]
	out  io.Writer
	step string // what the next operation is
	last *ops.Operation
	seen func(event) // or nil; see watch
}

// Allocate implements allocator.Allocator.
func (m *memory) Allocate(n int) ([]ops.Operation, error) {
	block, err := m.slot.Allocate(n)
	if err != nil {
		return nil, err
	}
	note := "a new block"
	if m.last == &block[0] {
		note = "the same block"
	}
	m.last = &block[0]
	fmt.Fprintf(m.out, "  %-5s  %p  %s\n", m.step, m.last, note)
	if m.seen != nil {
		m.seen(event{allocated, m.step, m.last})
	}
	return block, nil
}

// Deallocate implements allocator.Allocator. It is called before the handler,
// so the block is free for the operation that the handler starts.
func (m *memory) Deallocate(block []ops.Operation) {
	if m.seen != nil {
		m.seen(event{released, m.step, &block[0]})
	}
	m.slot.Deallocate(block)
}
