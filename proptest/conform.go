package proptest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// A Builder returns a new allocator over a parent. Its result is the interface. So a
// constructor that returns a type of its own, as those of package combinators do, is
// called from a function:
//
//	func newRing[T any](parent allocator.Allocator[T]) allocator.Allocator[T] { return NewRing(parent) }
type Builder[T any] func(parent allocator.Allocator[T]) allocator.Allocator[T]

// Conform checks that an allocator keeps the rules of package allocator, whatever
// it is asked for and whatever its parent is.
//
// It runs random programs on allocators that build returns, and compares them with
// a model: which blocks are live, where they lie, and what they contain. The parent
// that build gets records what it hands out. Sometimes it has a limit or other
// capabilities, and often it is a composition of this module's combinators. The
// allocator that build returns is itself put under other combinators. An allocator
// that needs no parent ignores it. Each program gets a new allocator.
//
// A program allocates, releases, resizes, trims and resets. It asks for zero
// values, for a negative number, and for more than any machine has, and it runs the
// garbage collector in between. At its end it releases everything, in some order,
// and all storage must be back where it came from. If the allocator claims to be
// safe for concurrent use, some programs have several goroutines.
//
// Other programs use their slices as carelessly as Go lets them, and release what
// they should not, though nothing twice. The allocator may panic then, but must
// never hand out storage that somebody else has.
//
// A failure names a numbered [Property]. It shows the simplest composition and the
// shortest program that fail in the same way, as far as they are found within two
// seconds. The flags of package rapid apply, such as -rapid.checks=10000. Rapid keeps
// the failure in testdata/rapid beside the test, and tries it first from then on, until
// the file is removed.
//
// build must return a new allocator each time. claims is at most one [Claims]: what
// the allocator promises beyond the rules, and where it falls short of them.
// Without it the zero Claims apply. Conform panics if there is more than one.
func Conform[T any](t *testing.T, build Builder[T], claims ...Claims) {
	t.Helper()
	if !t.Run("programs", func(t *testing.T) {
		t.Helper()
		rapid.Check(t, ConformCheck(build, claims...))
	}) {
		return // the rest does not expect an allocator that breaks the rules
	}
	t.Run("cost", func(t *testing.T) {
		t.Helper()
		checkCosts(t, build, merge(claims))
	})
}

// ConformCheck returns the random programs of [Conform] as a property, for
// rapid.Check, or for rapid.MakeFuzz in a fuzz target:
//
//	func FuzzRing(f *testing.F) {
//		f.Fuzz(rapid.MakeFuzz(proptest.ConformCheck(newRing[*int])))
//	}
//
// It leaves out the last part of Conform, which counts allocations on the Go heap.
func ConformCheck[T any](build Builder[T], claims ...Claims) func(*rapid.T) {
	made := merge(claims)
	return property(func(t *rapid.T) *found { return runs(t, drawAround(t, build, made)) })
}

// A Pointerful is a value for tests. It has pointers of several kinds, padding, and
// an odd number of words. The fields have no further meaning.
type Pointerful struct {
	Count int
	Next  *Pointerful
	Flags uint16
	Name  string
	Value any
	Parts []int32
	Done  func()
}

// A Padded is a value for tests. It has padding between its fields and at its end,
// which programs fill with garbage. The fields have no further meaning.
type Padded struct {
	Kind  uint8
	Count uint64
	Flag  bool
}

// ConformAll runs [Conform] for an element type of each kind: with pointers,
// without, of size zero, of one byte, of three words, of a page, and with padding.
//
// Go cannot pass a generic function that is not instantiated, so pass yours once
// for each type. The compiler infers the type arguments, and reports one that is
// missing:
//
//	proptest.ConformAll(t, newRing, newRing, newRing, newRing, newRing, newRing, newRing)
func ConformAll(t *testing.T,
	pointers Builder[Pointerful],
	plain Builder[uint64],
	empty Builder[struct{}],
	oneByte Builder[byte],
	threeWords Builder[[3]uintptr],
	page Builder[[4096]byte],
	padded Builder[Padded],
	claims ...Claims,
) {
	t.Helper()
	t.Run("pointers", func(t *testing.T) { t.Helper(); Conform(t, pointers, claims...) })
	t.Run("plain", func(t *testing.T) { t.Helper(); Conform(t, plain, claims...) })
	t.Run("empty", func(t *testing.T) { t.Helper(); Conform(t, empty, claims...) })
	t.Run("oneByte", func(t *testing.T) { t.Helper(); Conform(t, oneByte, claims...) })
	t.Run("threeWords", func(t *testing.T) { t.Helper(); Conform(t, threeWords, claims...) })
	t.Run("page", func(t *testing.T) { t.Helper(); Conform(t, page, claims...) })
	t.Run("padded", func(t *testing.T) { t.Helper(); Conform(t, padded, claims...) })
}
