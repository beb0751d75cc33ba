package ops

import (
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// associations is what an operation needs to know of its handler.
type associations struct {
	alloc    allocator.Allocator[Operation]
	slot     *CancelSlot
	executor Executor
	timeout  time.Duration
	flags    flags // which of the last two there are

	coroutine bool // a layer is one
}

// associationsOf returns what is associated with h.
func associationsOf(h Handler) (is associations) {
	is.collect(h)
	return is
}

// collect finds what is associated with h, in one pass: the first of each kind,
// from the outermost layer inwards, as AllocatorOf and its like find it. It
// returns h without the layers that only brought an allocator, which has been
// found then.
func (is *associations) collect(h Handler) (rest Handler) {
	switch traitsOf(h) { // what most handlers are comes first
	case 0:
		return h
	case hasAllocator:
		is.alloc = h.(Associated[Operation]).Allocator()
		return h
	}
	return is.search(h)
}

// search is collect for any handler.
func (is *associations) search(h Handler) (rest Handler) {
	rest = h
	outer := true // only such layers so far
	for h != nil {
		if b, ok := h.(*bound[Operation]); ok {
			if is.alloc == nil {
				is.alloc = b.alloc
			}
			h = b.handler
			if outer {
				rest = h
			}
			continue
		}
		outer = false
		has := traitsOf(h)
		if has&hasAllocator != 0 && is.alloc == nil {
			is.alloc = h.(Associated[Operation]).Allocator()
		}
		if has&(hasSlot|hasExecutor|hasTimeout) != 0 {
			is.rarer(h, has)
		}
		is.coroutine = is.coroutine || has&isCoroutine != 0
		if has&hasInner == 0 {
			break
		}
		h = h.(Unwrapper).Unwrap()
	}
	return rest
}

// rarer collects what few handlers have.
func (is *associations) rarer(h Handler, has traits) {
	if has&hasSlot != 0 && is.slot == nil {
		is.slot = h.(Cancelable).CancelSlot()
	}
	if has&hasExecutor != 0 && is.executor == nil {
		if is.executor = h.(Located).Executor(); is.executor != nil {
			is.flags |= elsewhere
		}
	}
	if has&hasTimeout != 0 && is.timeout == 0 {
		if is.timeout = h.(Timed).Timeout(); is.timeout != 0 {
			is.flags |= limited | undated
		}
	}
}

// traits says which of the interfaces of associations a type implements, and whether it
// is that of coroutines. Asking for each interface would take longer than everything
// else in the life of an operation, so the answer is remembered for each type.
type traits uint8

const (
	hasAllocator traits = 1 << iota
	hasSlot
	hasExecutor
	hasTimeout
	hasInner
	isCoroutine
)

// known remembers the traits of some types: each entry is the address of the
// table that represents a type in an interface value, which never moves, and
// in the low eight bits the traits. An entry is overwritten when another type
// needs its place.
var known [64]atomic.Uint64

func traitsOf(h Handler) traits {
	table := uint64(uintptr(*(*unsafe.Pointer)(unsafe.Pointer(&h)))) << 8
	entry := &known[table>>13%uint64(len(known))]
	if v := entry.Load(); v&^0xff == table {
		return traits(v)
	}
	has := findTraits(h)
	entry.Store(table | uint64(has))
	return has
}

func findTraits(h Handler) (has traits) {
	if _, ok := h.(Associated[Operation]); ok {
		has |= hasAllocator
	}
	if _, ok := h.(Cancelable); ok {
		has |= hasSlot
	}
	if _, ok := h.(Located); ok {
		has |= hasExecutor
	}
	if _, ok := h.(Timed); ok {
		has |= hasTimeout
	}
	if _, ok := h.(Unwrapper); ok {
		has |= hasInner
	}
	if _, ok := h.(*Co); ok {
		has |= isCoroutine
	}
	return has
}
