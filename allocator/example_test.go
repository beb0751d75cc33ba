package allocator_test

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// freeList keeps released values and hands them out again, the last one first.
// It shows what an allocator of one's own has to do.
type freeList[T any] struct {
	heap allocator.Heap[T]
	kept [][]T
}

func (a *freeList[T]) Allocate(n int) ([]T, error) {
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	last := len(a.kept) - 1
	if n != 1 || last < 0 {
		return a.heap.Allocate(n)
	}
	s := a.kept[last]
	a.kept = a.kept[:last]
	allocator.Reissue(s) // first, before its next owner has it
	return s, nil
}

func (a *freeList[T]) Deallocate(s []T) {
	if cap(s) != 1 {
		a.heap.Deallocate(s)
		return
	}
	s = s[:1]
	if last := len(a.kept) - 1; last >= 0 && &a.kept[last][0] == &s[0] {
		panic(allocator.Misuse(a, s, "released twice"))
	}
	clear(s) // so that it keeps nothing else alive
	a.kept = append(a.kept, s)
	allocator.Retire(s) // last, when nobody may use it any more
}

func (a *freeList[T]) String() string { return "freeList" }

// A custom allocator: it starts with CheckSize, clears what it keeps, and
// tells the race detector when a block is released and handed out again.
func ExampleRetire() {
	a := new(freeList[int])
	s, _ := a.Allocate(1)
	a.Deallocate(s)
	again, _ := a.Allocate(1)
	fmt.Println("used again:", &again[0] == &s[0])
	a.Deallocate(again)

	_, err := a.Allocate(-1)
	fmt.Println(err)
	// Output:
	// used again: true
	// allocator: negative size
}

// An allocator reports misuse with a panic whose value names the block.
func ExampleMisuse() {
	a := new(freeList[int])
	s, _ := a.Allocate(1)
	a.Deallocate(s)
	defer func() {
		e := recover().(*allocator.MisuseError)
		fmt.Println(e.Allocator, e.Type, e.Problem)
	}()
	a.Deallocate(s) // a bug
	// Output: freeList int released twice
}

// A composition prints as the expression that builds it; anything else prints
// as its type.
func ExampleDescribe() {
	fmt.Println(allocator.Describe(allocator.Heap[byte]{}))
	fmt.Println(allocator.Describe(new(array)))
	// Output:
	// Heap[uint8]
	// *allocator_test.array
}

// Which element types need typed Go memory, and are cleared on release.
func ExampleHasPointers() {
	fmt.Println(allocator.HasPointers[[4]uint64]())
	fmt.Println(allocator.HasPointers[struct{ name string }]())
	// Output:
	// false
	// true
}

// Whether a program may rely on fresh blocks being zero.
func ExampleGivesZeros() {
	fmt.Println(allocator.GivesZeros[byte](allocator.Heap[byte]{}))
	fmt.Println(allocator.GivesZeros[byte](new(freeList[byte])))
	// Output:
	// true
	// false
}
