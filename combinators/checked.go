package combinators

import (
	"errors"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Checked finds misuse of its parent: blocks that are released twice, to the
// wrong allocator, or not at all, and blocks that are used after their release.
//
// Use it in tests, around the allocator that a program is given. With Leak and
// Sample it suits production too.
//
// It records each live block with the call stack of its allocation, and the
// stacks of the latest releases. The release of a block that is not live is
// refused; the report has the stack of that call, and those of the allocation
// and of the first release if they are known. A released block is filled with a
// pattern, or with zeros for a T with pointers, and held back until Quarantine
// other blocks have been released. If something was written to it meanwhile,
// that is reported when it goes back to the parent. Close reports the blocks
// that are still live. Blocks of a zero-size T are not checked.
//
// It records a call stack at each end of a block's life, about a microsecond
// for both. It also costs a few hundred bytes for each block that is live or
// held back, and the storage that is held back. A block that Sample leaves out
// costs some tens of nanoseconds. A steady state allocates nothing, unless Leak
// is set.
//
// It is exhausted when its parent is. Before it fails, it releases the blocks
// that it holds back, and asks the parent once more.
//
// It is safe for concurrent use if its parent is. Set its fields before the
// first use.
type Checked[T any] struct {
	// Report is called with each problem that was found. If it is nil, Checked
	// panics with the problem. If Report returns, a refused release does
	// nothing.
	Report func(*allocator.MisuseError)

	// Leak, if it is not nil, is called with a block that was lost: it was
	// never released, and the garbage collector found that no pointer to it is
	// left. It is called on another goroutine, some time after that, or never
	// if the program ends first. It finds nothing in storage that a parent
	// keeps reachable while it is handed out, such as a chunk of an [Arena]. It
	// must not be set over storage outside the Go heap, such as
	// [allocator.Pages]: the runtime would end the program.
	Leak func(*allocator.MisuseError)

	// Sample is n to check one request in n, beginning with the first. With 0
	// or 1 all requests are checked. With more, the release of a block that
	// Checked does not know is passed to the parent, as that of a block that
	// was not checked.
	Sample int

	// Quarantine is the number of released blocks that are held back.
	Quarantine int

	passing[T]
	ledger *ledger
	clears bool
	held   queue[held[T]] // guarded by the ledger's lock
}

// held is a released block that is held back.
type held[T any] struct {
	block []T
	entry *entry
}

// defaultQuarantine is large enough for a write that comes a few operations
// late.
const defaultQuarantine = 32

// NewChecked returns a Checked over parent that holds back 32 blocks.
func NewChecked[T any](parent allocator.Allocator[T]) *Checked[T] {
	a := &Checked[T]{
		Quarantine: defaultQuarantine,
		passing:    newPassing(parent, "NewChecked"),
		clears:     allocator.HasPointers[T](),
	}
	a.ledger = newLedger(unsafe.Sizeof(*new(T)), a.String())
	return a
}

// Allocate asks the parent for n values.
func (a *Checked[T]) Allocate(n int) ([]T, error) {
	s, err := a.parent.Allocate(n)
	if err != nil && errors.Is(err, allocator.ErrExhausted) && a.flush(0) {
		s, err = a.parent.Allocate(n)
	}
	if err == nil && !needsNone[T](n) {
		if e, id := a.ledger.open(address(s), cap(s), a.Sample); e != nil && a.Leak != nil {
			a.watch(s, e, id)
		}
	}
	return s, err
}

// Deallocate releases s if it is handed out.
func (a *Checked[T]) Deallocate(s []T) {
	if needsNone[T](cap(s)) {
		a.parent.Deallocate(s)
		return
	}
	e, problem := a.ledger.close(address(s), cap(s), a.Sample)
	switch {
	case problem != "":
		a.report(s, problem)
	case e == nil:
		a.parent.Deallocate(s)
	default:
		a.quarantine(s, e)
	}
}

// Close returns an error that joins a [*allocator.MisuseError] for each block
// that is still handed out, or nil if there is none. What is held back goes to
// the parent first. Close forgets the blocks, and the allocator can still be
// used.
func (a *Checked[T]) Close() error {
	a.flush(0)
	var leaks []error
	for _, e := range a.ledger.forget() {
		leaks = append(leaks, leaked[T](a.ledger, e))
	}
	return errors.Join(leaks...)
}

// Resize resizes s in place if the parent can.
func (a *Checked[T]) Resize(s []T, n int) ([]T, bool) {
	if needsNone[T](cap(s)) {
		return a.can.resize(s, n)
	}
	if problem := a.ledger.resize(address(s), cap(s), cap(s), a.Sample); problem != "" {
		a.report(s, problem)
		return nil, false
	}
	r, ok := a.can.resize(s, n)
	if ok {
		a.ledger.resize(address(s), cap(s), cap(r), a.Sample)
	}
	return r, ok
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Checked[T]) Reset() {
	a.flush(0)
	a.can.reset()
	a.ledger.forget()
}

// Trim gives what is held back to the parent and trims it.
func (a *Checked[T]) Trim() {
	a.flush(0)
	a.can.trim()
}

// String returns the expression that builds the allocator.
func (a *Checked[T]) String() string { return "Checked(" + allocator.Describe(a.parent) + ")" }

func (a *Checked[T]) report(s []T, problem string) {
	e := allocator.Misuse(a, s, problem)
	if a.Report == nil {
		panic(e)
	}
	a.Report(e)
}
