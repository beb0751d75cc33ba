package combinators

import (
	"fmt"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// poison fills a released block of a T without pointers. As a pointer, an
// index or a length it is of no use.
const poison = 0xdb

// quarantine holds back a block that is released.
func (a *Checked[T]) quarantine(s []T, e *entry) {
	s = s[:cap(s)]
	if !a.clears {
		b := asBytes(s)
		b[0] = poison
		for i := 1; i < len(b); i *= 2 {
			copy(b[i:], b[:i])
		}
	}
	if a.clears {
		clear(s) // and not wipe, which may leave padding as it was
	}
	allocator.Retire(s)
	a.ledger.mu.Lock()
	a.held.push(held[T]{s, e})
	a.ledger.mu.Unlock()
	a.flush(a.Quarantine)
}

// flush gives the blocks that are held back to the parent, all but keep of
// them, and reports whether there were any.
func (a *Checked[T]) flush(keep int) bool {
	for flushed := false; ; flushed = true {
		a.ledger.mu.Lock()
		if a.held.len() <= max(keep, 0) {
			a.ledger.mu.Unlock()
			return flushed
		}
		h := a.held.pop()
		a.ledger.mu.Unlock()
		a.letGo(h)
	}
}

// letGo gives a block that was held back to the parent.
func (a *Checked[T]) letGo(h held[T]) {
	allocator.Reissue(h.block)
	filled := byte(poison)
	if a.clears {
		filled = 0
	}
	problem := ""
	for i, b := range asBytes(h.block) {
		if b != filled {
			problem = fmt.Sprintf("written to after it was released: byte %d is %#02x%s", i, b, h.entry)
			break
		}
	}
	a.ledger.retire(h.entry)
	// What was found is reported even if the parent panics, and the parent
	// gets its block even if the report does.
	defer func() {
		if problem != "" {
			a.report(h.block, problem)
		}
	}()
	a.parent.Deallocate(h.block)
}

// watch makes the garbage collector tell when s is lost.
func (a *Checked[T]) watch(s []T, e *entry, id uint64) {
	a.ledger.watch(e, id, runtime.AddCleanup(unsafe.SliceData(s), lost[T], lostBlock{a.ledger, a.Leak, e, id}))
}

// A lostBlock does not have the Checked, whose parent may have the block.
type lostBlock struct {
	ledger *ledger
	leak   func(*allocator.MisuseError)
	entry  *entry
	id     uint64
}

// lost reports a block that the garbage collector has found to be unreachable.
func lost[T any](b lostBlock) {
	if b.ledger.lose(b.entry, b.id) {
		b.leak(leaked[T](b.ledger, b.entry))
	}
}

func leaked[T any](l *ledger, e *entry) *allocator.MisuseError {
	return &allocator.MisuseError{
		Allocator: l.plan,
		Block:     e.start,
		Len:       e.n,
		Type:      reflect.TypeFor[T]().String(),
		Problem:   "never released" + e.String(),
	}
}

func address[T any](s []T) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }
