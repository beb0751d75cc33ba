package allocator

import (
	"errors"
	"fmt"
	"math/bits"
	"reflect"
	"unsafe"
)

// The reasons why a request fails. An allocator returns these values, or
// errors that wrap them; test with errors.Is.
var (
	// ErrExhausted says that there is no storage left now. The same request may
	// succeed once something has been released.
	ErrExhausted = errors.New("allocator: exhausted")

	// ErrTooLarge says that this allocator can never serve a request of
	// this size.
	ErrTooLarge = errors.New("allocator: size too large")

	// ErrSize says that the requested size is negative.
	ErrSize = errors.New("allocator: negative size")
)

// maxBytes bounds a block: 64 TiB on a 64-bit machine, below what the Go
// runtime can address (48 bits less a margin), and 1 GiB on a 32-bit machine.
const maxBytes = 1 << (30 + 16*(bits.UintSize/64))

// CheckSize returns [ErrSize] if n is negative, [ErrTooLarge] if n values of T
// have more bytes than any block can have, and nil otherwise. Every Allocate
// of this module starts with it, so that arithmetic on sizes cannot overflow
// further on.
func CheckSize[T any](n int) error {
	if uint(n) <= maxBytes/uint(max(unsafe.Sizeof(*new(T)), 1)) {
		return nil
	}
	return sizeError(n, unsafe.Sizeof(*new(T)))
}

// sizeError is the slow half of CheckSize, which is small enough to inline.
func sizeError(n int, size uintptr) error {
	switch {
	case n < 0:
		return ErrSize
	case size == 0:
		return nil
	}
	return ErrTooLarge
}

// A MisuseError is the value an allocator panics with when its caller breaks
// the contract.
type MisuseError struct {
	Allocator string  // the allocator that detected it, as it prints
	Block     uintptr // where the block starts
	Len       int     // how many values the block has room for
	Type      string  // the type of these values
	Problem   string  // what happened, such as "released twice"
}

// Misuse returns the error for a block s that a caller handed back wrongly to
// the allocator a.
func Misuse[T any](a any, s []T, problem string) *MisuseError {
	return &MisuseError{
		Allocator: Describe(a),
		Block:     uintptr(unsafe.Pointer(unsafe.SliceData(s))),
		Len:       cap(s),
		Type:      reflect.TypeFor[T]().String(),
		Problem:   problem,
	}
}

// grown is appended to a problem that append may have caused.
const grown = "; if append has moved it, grow blocks with allocator.Append"

// Error names the allocator, the block and the problem.
func (e *MisuseError) Error() string {
	return fmt.Sprintf("%s: block %#x of %d × %s: %s",
		e.Allocator, e.Block, e.Len, e.Type, e.Problem)
}

// Describe returns how the allocator a prints: the expression that builds it
// where it implements fmt.Stringer, otherwise its type.
func Describe(a any) string {
	if s, ok := a.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%T", a)
}
