package proptest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// A Builder returns a new allocator over a parent. The constructors of package
// combinators without further parameters are such functions, but for their type
// of result.
type Builder[T any] func(parent allocator.Allocator[T]) allocator.Allocator[T]

// Conform checks that an allocator keeps the rules of package allocator,
// whatever it is asked and whatever its parent is.
//
// It runs random programs on allocators that are built for it, and compares them
// with a model: which blocks are live, where they lie, what they contain. The
// parent that build gets keeps account of what it gave; sometimes it has a
// limit or other capabilities, and often it is a composition of this module's
// combinators. The allocator that it returns is put under other combinators
// in turn. An allocator that needs no parent ignores it. Each run gets an
// allocator of its own.
//
// A program allocates, releases, resizes, trims and resets; it asks for
// nothing, for less than nothing and for more than there is; it runs the
// garbage collector in between. At its end everything is released, in some
// order, and has to be where it came from. If the allocator claims to be safe
// for several goroutines, some programs have several.
//
// Other programs use their slices as carelessly as Go lets them and release what
// they should not. They may be told so by a panic, but never get storage that is
// somebody else's.
//
// A failure names a numbered [Property] and shows the simplest composition and
// the shortest program that fail in the same way, which takes a few seconds to
// find. The flags of rapid apply, such as -rapid.checks=10000.
//
// build must return a new allocator each time. There may be one [Claims] for
// what the allocator promises beyond the rules, or where it falls short of
// them; without one it is held to all of them.
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

// ConformCheck returns the random programs of [Conform] as a property, to be given
// to rapid.Check, or to rapid.MakeFuzz for a fuzz target:
//
//	func FuzzRing(f *testing.F) {
//		f.Fuzz(rapid.MakeFuzz(proptest.ConformCheck(newRing[*int])))
//	}
func ConformCheck[T any](build Builder[T], claims ...Claims) func(*rapid.T) {
	made := merge(claims)
	return property(func(t *rapid.T) *found { return runs(t, drawAround(t, build, made)) })
}

// A Pointerful is an element type with pointers of several kinds, with padding, and
// of an odd number of words.
type Pointerful struct {
	Count int
	Next  *Pointerful
	Flags uint16
	Name  string
	Value any
	Parts []int32
	Done  func()
}

// A Padded has padding between its fields and at its end, which programs leave
// garbage in.
type Padded struct {
	Kind  uint8
	Count uint64
	Flag  bool
}

// ConformAll runs [Conform] for an element type of each kind: with pointers,
// without, of no size, of one byte, of three words, of a page, and with padding.
//
// Go cannot pass on a generic function as such, so it is written once for each
// of them; the compiler finds the type arguments, and does not let one be
// forgotten:
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
