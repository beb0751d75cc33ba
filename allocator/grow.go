package allocator

import "unsafe"

// Append appends v to s, which is a block of a or nil, and returns the
// resulting block, as append does for the Go heap. The block stays where it is
// while there is room, or if a can resize it. Otherwise its values move to a
// larger block, and the old one is released. The new block is twice as large or, if
// the values are many, about a quarter larger. The values v may be part of s.
//
// If a fails, Append returns s unchanged, and the error.
func Append[T any](a Allocator[T], s []T, v ...T) ([]T, error) {
	if len(v) <= cap(s)-len(s) {
		return append(s, v...), nil
	}
	r, moved, err := extend(a, s, len(v))
	if err != nil {
		return s, err
	}
	r = append(r, v...)
	if moved { // only now, because v may be a part of s
		release(a, s)
	}
	return r, nil
}

// Grow makes room for n more values in s, which is a block of a or nil, as
// slices.Grow does for the Go heap: at least n values can then be appended in
// place. The length does not change. Grow fails with [ErrSize] if n is
// negative. If it fails, it returns s unchanged.
func Grow[T any](a Allocator[T], s []T, n int) ([]T, error) {
	switch {
	case n < 0:
		return s, ErrSize
	case n <= cap(s)-len(s):
		return s, nil
	}
	r, moved, err := extend(a, s, n)
	if err != nil {
		return s, err
	}
	if moved {
		release(a, s)
	}
	return r, nil
}

// Clone returns a block of a with the values of s, which may be any slice. The
// result is empty if s is.
func Clone[T any](a Allocator[T], s []T) ([]T, error) {
	r, err := a.Allocate(len(s))
	if err != nil {
		return nil, err
	}
	copy(r, s)
	return r, nil
}

// extend returns s with room for more values: where it is, or moved to another
// block, in which case the caller must still release s.
func extend[T any](a Allocator[T], s []T, more int) (r []T, moved bool, err error) {
	n := len(s) + more
	if n < 0 {
		return nil, false, ErrTooLarge // it overflowed
	}
	if err := CheckSize[T](n); err != nil {
		return nil, false, err
	}
	size := max(n, larger(cap(s)))
	if CheckSize[T](size) != nil {
		size = n
	}
	if sizer, ok := a.(Sizer); ok {
		size = sizer.GoodSize(size)
	}
	if resizer, ok := a.(Resizer[T]); ok && cap(s) != 0 {
		for _, size := range [...]int{size, n} {
			if r, ok := resizer.Resize(s, size); ok {
				return r[:len(s)], false, nil
			}
		}
	}
	r, err = a.Allocate(size)
	if err != nil && size != n {
		r, err = a.Allocate(n) // it may have that
	}
	if err != nil {
		return nil, false, err
	}
	copy(r, s)
	return r[:len(s)], true, nil
}

// larger returns the size that a block of n values grows to when it has to move:
// twice its size and, from some size on, about five quarters of it, as with append.
// So filling a block value by value copies each value only a few times.
func larger(n int) int {
	const threshold = 1 << 16
	switch {
	case n == 0:
		return 0
	case n < threshold:
		return max(2*n, 8)
	}
	return n + n/4 + threshold*3/4
}

// release gives back a block whose values have been moved, if s is one.
func release[T any](a Allocator[T], s []T) {
	if cap(s) != 0 && unsafe.SliceData(s) != nil {
		a.Deallocate(s)
	}
}
