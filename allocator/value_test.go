package allocator_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
)

func ExampleNew() {
	type session struct{ name string }
	var a allocator.Heap[session]
	s, err := allocator.New(a)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer allocator.Delete(a, s)
	s.name = "first"
	fmt.Println(s.name)
	// Output: first
}

// A value that is released is there for the next request, if the allocator
// keeps what it gets back.
func ExampleDelete() {
	type session struct{ name string }
	sessions := new(freeList[session])

	first, _ := allocator.New[session](sessions)
	first.name = "first"
	allocator.Delete[session](sessions, first)

	second, _ := allocator.New[session](sessions)
	fmt.Println("the same storage:", second == first)
	fmt.Printf("without the old name: %q\n", second.name)
	allocator.Delete[session](sessions, nil) // does nothing
	// Output:
	// the same storage: true
	// without the old name: ""
}

// recorder remembers the blocks that it gets back.
type recorder struct {
	allocator.Heap[int]
	released [][]int
}

func (r *recorder) Deallocate(s []int) { r.released = append(r.released, s) }

func TestDeleteReleasesTheBlockOfNew(t *testing.T) {
	var r recorder
	p, err := allocator.New(&r)
	if err != nil {
		t.Fatal(err)
	}
	allocator.Delete(&r, p)
	if len(r.released) != 1 || cap(r.released[0]) != 1 || &r.released[0][0] != p {
		t.Errorf("released %v, want the block of 1 value at %p", r.released, p)
	}
	allocator.Delete(&r, nil)
	if len(r.released) != 1 {
		t.Error("Delete of nil released something")
	}
}

func TestNewFails(t *testing.T) {
	if p, err := allocator.New(allocator.Null[int]{}); p != nil || !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("New of nothing is %p and error %v", p, err)
	}
}

func TestNewZeroSizeType(t *testing.T) {
	var a allocator.Heap[struct{}]
	p, err := allocator.New(a)
	if p == nil || err != nil {
		t.Fatalf("New is %p and error %v", p, err)
	}
	allocator.Delete(a, p)
}
