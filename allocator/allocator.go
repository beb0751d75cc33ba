package allocator

// An Allocator hands out storage for values of type T and takes it back.
//
// The package documentation has the rules that every implementation keeps.
// Unless a type says otherwise, its methods are for one goroutine at a time.
type Allocator[T any] interface {
	// Allocate returns storage for n values: a slice with len == n <= cap. Its
	// capacity is the room that the block has, and 1 for n == 1. It fails with
	// an error that wraps [ErrExhausted], [ErrTooLarge] or [ErrSize], and has
	// then taken nothing.
	Allocate(n int) ([]T, error)

	// Deallocate releases a block that Allocate of the same allocator returned.
	// The slice starts where the block starts and has the capacity that it was
	// handed out with; its length does not matter. The caller must not use the
	// block any more.
	Deallocate(s []T)
}

// An Owner can tell whether a block is one of its own. Ask for it with
// [AsOwner].
type Owner[T any] interface {
	// Owns reports whether s starts inside storage that this allocator
	// hands out. It is false for an empty slice.
	Owns(s []T) bool
}

// A Resizer can change the size of a block where it lies.
type Resizer[T any] interface {
	// Resize makes the block s, which starts and ends where Deallocate wants
	// it to, n values long without moving it, and reports whether it could.
	// The result starts where s starts, has len == n <= cap, and is the block
	// from now on; s is not to be used any more. The values of s remain, as
	// far as n goes. It has room for no more than it had, or than GoodSize(n)
	// tells, so that a budget above can be kept. When it reports false nothing
	// has changed; it does so for a block without room and for n < 1.
	Resize(s []T, n int) ([]T, bool)
}

// A Resetter can take back all its blocks at once. Ask for it with
// [AsResetter].
type Resetter interface {
	// Reset releases every block that was handed out. None of them may be
	// used or deallocated afterwards.
	Reset()
}

// A Trimmer keeps released storage and can give it up.
type Trimmer interface {
	// Trim returns the storage that is kept for reuse and not handed out to
	// where it came from.
	Trim()
}

// A Sizer hands out blocks in certain sizes only.
type Sizer interface {
	// GoodSize returns the number of values, at least n, that a request for
	// n values takes up. It is the best size to ask for where more than n is
	// of use.
	GoodSize(n int) int
}
