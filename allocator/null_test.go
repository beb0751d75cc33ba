package allocator_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
)

func ExampleNull() {
	var a allocator.Allocator[byte] = allocator.Null[byte]{}
	_, err := a.Allocate(1)
	fmt.Println(err)
	empty, err := a.Allocate(0)
	fmt.Println(len(empty), err)
	// Output:
	// allocator: exhausted
	// 0 <nil>
}

func TestNull(t *testing.T) {
	var a allocator.Null[int]
	for n, want := range map[int]error{
		0:           nil,
		1:           allocator.ErrExhausted,
		1 << 20:     allocator.ErrExhausted,
		math.MaxInt: allocator.ErrTooLarge,
		-1:          allocator.ErrSize,
		math.MinInt: allocator.ErrSize,
	} {
		if s, err := a.Allocate(n); len(s) != 0 || !errors.Is(err, want) {
			t.Errorf("Allocate(%d) is %d values and error %v, want %v", n, len(s), err, want)
		}
	}
	a.Deallocate(nil)
	a.Deallocate([]int{})
	block := make([]int, 2)
	if a.Owns(block) {
		t.Error("owns a block")
	}
	a.Reset() // there is nothing to release
	if a.String() != "Null[int]" {
		t.Errorf("prints as %s", a)
	}
	if e := misuse(func() { a.Deallocate(block) }); e == nil {
		t.Errorf("panic on a foreign block is %v, want a MisuseError", e)
	}
}

// misuse returns the MisuseError that f panics with, or nil.
func misuse(f func()) (e *allocator.MisuseError) {
	defer func() {
		if r := recover(); r != nil {
			e = r.(*allocator.MisuseError)
		}
	}()
	f()
	return nil
}
