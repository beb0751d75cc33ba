package proptest

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// books is what the leaves of one tree write down together: every block that
// they gave, and whether it is back. They keep the violations that they find,
// because a leaf is called from inside the allocator that is being tested.
type books[T any] struct {
	layout *layout
	clears bool
	leaves []*leaf[T]
	ends   []func()            // give storage back that is not on the Go heap
	under  []string            // what an allocator that does not print it is over
	below  []allocator.Trimmer // what is under an allocator that need not pass a Trim on

	grants     []*grant[T]      // in the order of their allocation, for good
	sorted     []*grant[T]      // the same by address
	live       map[*T]*grant[T] // by their start
	values     int              // outstanding
	violations []violation      // what was found and not reported yet
	accounts   []account
	calls      []string // the calls to the leaves, if recording
	record     bool

	varying  bool // some leaf gives more or less for one size
	gaveMore bool // than was asked for
	steady   bool // leaves give as much more for a size each time
	// Of a program that misuses its blocks: which slices lie in storage that
	// somebody gave, and what sources with storage of their own gave.
	within func(s []T) bool
	own    [][]T

	asked   int // calls that may fail, counted for fail
	fail    int // which of them fails; 0 is none
	failed  bool
	refused int // requests that a leaf refused, for whatever reason

	// For a program of several goroutines each leaf keeps books of its own,
	// because only the calls to one and the same leaf have to come one after
	// another.
	apart bool
	parts []*books[T]

	// With guard set, calls from several goroutines are put one after
	// another; otherwise two at a time are a violation.
	guard bool
	mu    sync.Mutex
	busy  atomic.Bool
	clash atomic.Bool

	// A leaf that several goroutines may reach lets others run once in
	// yieldEvery calls: on a single processor, nothing else would interrupt it.
	shared  bool
	entered int
}

// yieldEvery is the number of calls of a leaf after which others may run: few,
// so that a program of several goroutines has many such moments, but more than
// one, or the goroutines would take turns.
const yieldEvery = 5

// extend changes what is written down about the tree, which may grow while
// several goroutines use it.
func (b *books[T]) extend(f func()) {
	if b.apart {
		b.mu.Lock()
		defer b.mu.Unlock()
	}
	f()
}

// trimBelow passes each Trim of what is below an allocator that need not pass a Trim
// on to call. What one of them gives back another may keep, and a tree builds them in
// any order. So trimBelow does this once for each layer that such an allocator can be
// in.
func (b *books[T]) trimBelow(call func(trim func())) {
	for range min(len(b.below), maxLayers) {
		for _, t := range b.below {
			call(t.Trim)
		}
	}
}

// An account is how many blocks or values are live by the count of an allocator
// in the tree.
type account struct {
	of   any
	live func() int
}

// audit notes an allocator that counts what is live.
func (b *books[T]) audit(of any, live func() int) {
	b.extend(func() { b.accounts = append(b.accounts, account{of, live}) })
}

// settled returns which account is not zero, in words.
func (b *books[T]) settled() (text string) {
	for _, a := range b.accounts {
		if live := a.live(); live != 0 {
			return fmt.Sprintf("everything is released, and for %s %d are live", describe(a.of), live)
		}
	}
	return ""
}

// A grant is a block that a leaf gave. It is kept when it is back, so that its
// address stays its own.
type grant[T any] struct {
	leaf     *leaf[T]
	storage  []T // all of it, with what Resize may add
	n        int // its capacity, as it was handed out
	returned bool
}

type violation struct {
	property Property
	text     string
}

// newBooks returns books that are closed when the test case ends.
func newBooks[T any](t *rapid.T) *books[T] {
	b := blankBooks[T]()
	t.Cleanup(b.close)
	return b
}

// close gives storage back that is not on the Go heap.
func (b *books[T]) close() {
	for _, end := range b.ends {
		end()
	}
}

func blankBooks[T any]() *books[T] {
	return &books[T]{
		layout: layoutOf[T](),
		clears: allocator.HasPointers[T](),
		live:   map[*T]*grant[T]{},
	}
}

// violated notes that a property does not hold.
func (b *books[T]) violated(p Property, format string, args ...any) {
	b.violations = append(b.violations, violation{p, fmt.Sprintf(format, args...)})
}

// enter is called at the start of a leaf's methods. It is false if another
// call is under way that should not be.
func (b *books[T]) enter() bool {
	if b.guard {
		b.mu.Lock()
		return true
	}
	if race.Enabled {
		return true // which sees it better, and an atomic would blind it
	}
	if b.busy.Swap(true) {
		b.clash.Store(true)
		return false
	}
	if b.entered++; b.shared && b.entered%yieldEvery == 0 {
		runtime.Gosched()
	}
	return true
}

func (b *books[T]) leave() {
	switch {
	case b.guard:
		b.mu.Unlock()
	case !race.Enabled:
		b.busy.Store(false)
	}
}

// from returns where in sorted the first grant is that ends after an address.
// Grants keep their storage for good, so no two of them overlap.
func (b *books[T]) from(at uintptr) int {
	i, _ := slices.BinarySearchFunc(b.sorted, at, func(g *grant[T], at uintptr) int {
		if address(g.storage)+uintptr(cap(g.storage))*b.layout.size <= at {
			return -1
		}
		return 1
	})
	return i
}

// holds returns the grant that s lies in, whole, and which is not back.
func (b *books[T]) holds(s []T) (g *grant[T], offset int) {
	at := address(s)
	i := b.from(at)
	if i == len(b.sorted) || b.sorted[i].returned {
		return nil, 0
	}
	g = b.sorted[i]
	start := address(g.storage)
	if at < start || at+uintptr(cap(s))*b.layout.size > start+uintptr(g.n)*b.layout.size {
		return nil, 0
	}
	return g, int((at - start) / max(b.layout.size, 1))
}

// touched returns a grant that is back and that s overlaps.
func (b *books[T]) touched(s []T) *grant[T] {
	for i := b.from(address(s)); i < len(b.sorted) && overlap(b.sorted[i].storage, s); i++ {
		if b.sorted[i].returned {
			return b.sorted[i]
		}
	}
	return nil
}

// untouched checks that nobody has written to storage that is back.
func (b *books[T]) untouched() {
	for i, g := range b.grants {
		if g.returned && !b.layout.spoiled(unsafe.Pointer(unsafe.SliceData(g.storage)), cap(g.storage), afterReturn) {
			b.violated(handsOff, "storage number %d of %d values was written to after %v had it back", i+1, g.n, g.leaf)
		}
	}
}

func address[T any](s []T) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }

// overlap reports whether two slices share a byte, over their capacity.
func overlap[T any](a, b []T) bool {
	var zero T
	size := unsafe.Sizeof(zero)
	return address(a) < address(b)+uintptr(cap(b))*size && address(b) < address(a)+uintptr(cap(a))*size
}

// What the plain bytes of storage are set to when a leaf hands it out, and when
// it gets it back.
const (
	beforeUse   = 0xa5
	afterReturn = 0xdd
)
