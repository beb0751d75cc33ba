package allocator

// An Allocator hands out storage for values of type T and takes it back.
//
// The package documentation has the rules that every implementation keeps.
// Unless a type says otherwise, its methods are for one goroutine at a time.
type Allocator[T any] interface {
	// Allocate returns storage for n values: a slice with len == n <= cap. Its
	// capacity is the room that the block has, and 1 for n == 1. A call that
	// fails takes no storage, and returns an error that wraps [ErrExhausted],
	// [ErrTooLarge] or [ErrSize].
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

// A Resizer can change the size of a block without moving it.
type Resizer[T any] interface {
	// Resize makes the block s n values long without moving it, and reports
	// whether it could. As for Deallocate, s starts where the block starts and
	// has its capacity. The result starts there too, has len == n <= cap, and
	// is the block from now on; s must not be used any more. The first n values
	// of s are kept. The capacity of the result is at most that of s or
	// GoodSize(n), whichever is larger, so that an allocator above can keep a
	// budget. If Resize reports false, nothing has changed; it does so for a
	// block of capacity 0 and for n < 1.
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
	// Trim gives storage that is kept for reuse, and is not handed out, back
	// to where it came from.
	Trim()
}

// A Sizer hands out blocks in certain sizes only.
type Sizer interface {
	// GoodSize returns the number of values, at least n, that a request for
	// n values takes up. Ask for that many if you can use more than n.
	GoodSize(n int) int
}
