package allocator_test

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// array hands out one array, in part or as a whole, from its start. It has
// every capability.
type array struct {
	storage [8]int
	taken   int
	trims   int
}

func (a *array) Allocate(n int) ([]int, error) {
	if err := allocator.CheckSize[int](n); err != nil {
		return nil, err
	}
	switch {
	case n > len(a.storage):
		return nil, allocator.ErrTooLarge
	case n != 0 && a.taken != 0:
		return nil, allocator.ErrExhausted
	}
	a.taken += n
	return a.storage[:n:n], nil
}

func (a *array) Deallocate(s []int) {
	if cap(s) != 0 {
		a.taken = 0
	}
}

func (a *array) Owns(s []int) bool {
	return cap(s) != 0 && unsafe.SliceData(s) == &a.storage[0]
}

func (a *array) Resize(s []int, n int) ([]int, bool) {
	if !a.Owns(s) || n < 1 || n > len(a.storage) {
		return nil, false
	}
	a.taken = n
	return a.storage[:n:n], true
}

func (a *array) Reset()           { a.taken = 0 }
func (a *array) Trim()            { a.trims++ }
func (a *array) GoodSize(int) int { return len(a.storage) }

var (
	_ allocator.Allocator[int] = (*array)(nil)
	_ allocator.Owner[int]     = (*array)(nil)
	_ allocator.Resizer[int]   = (*array)(nil)
	_ allocator.Resetter       = (*array)(nil)
	_ allocator.Trimmer        = (*array)(nil)
	_ allocator.Sizer          = (*array)(nil)
)

// Anything with two methods is an allocator, such as one that hands out an
// array of its own.
func ExampleAllocator() {
	var a allocator.Allocator[int] = new(array)
	s, err := a.Allocate(5)
	fmt.Println(len(s), cap(s), err)
	_, err = a.Allocate(1)
	fmt.Println(err)
	a.Deallocate(s)
	_, err = a.Allocate(9)
	fmt.Println(err)
	_, err = a.Allocate(-1)
	fmt.Println(err)
	// Output:
	// 5 5 <nil>
	// allocator: exhausted
	// allocator: size too large
	// allocator: negative size
}

func ExampleOwner() {
	var a allocator.Allocator[int] = new(array)
	s, _ := a.Allocate(5)
	if owner, ok := allocator.AsOwner(a); ok {
		fmt.Println(owner.Owns(s), owner.Owns(make([]int, 5)))
	}
	_, ok := allocator.AsOwner[int](allocator.Heap[int]{})
	fmt.Println("the heap can tell:", ok)
	// Output:
	// true false
	// the heap can tell: false
}

func ExampleResizer() {
	var a allocator.Allocator[int] = new(array)
	s, _ := a.Allocate(2)
	if r, ok := a.(allocator.Resizer[int]); ok {
		s, ok = r.Resize(s, 8)
		fmt.Println(len(s), ok)
		_, ok = r.Resize(s, 9)
		fmt.Println(len(s), ok)
	}
	// Output:
	// 8 true
	// 8 false
}

func ExampleResetter() {
	var a allocator.Allocator[int] = new(array)
	a.Allocate(2) // and forget it
	if r, ok := allocator.AsResetter(a); ok {
		r.Reset()
	}
	_, err := a.Allocate(8)
	fmt.Println(err)
	// Output: <nil>
}

func ExampleTrimmer() {
	a := new(array)
	if t, ok := any(a).(allocator.Trimmer); ok {
		t.Trim()
	}
	fmt.Println(a.trims)
	// Output: 1
}

func ExampleSizer() {
	var a allocator.Allocator[int] = new(array)
	n := 5
	if s, ok := a.(allocator.Sizer); ok {
		n = s.GoodSize(n)
	}
	fmt.Println("a request for 5 takes up", n)
	// Output: a request for 5 takes up 8
}

// through stands for a combinator: it has all methods, and what they are good
// for depends on its parent.
type through struct {
	array
	able map[allocator.Capability]bool
}

func (a *through) Capable(c allocator.Capability) bool { return a.able[c] }

func ExampleConditional() {
	var a allocator.Allocator[int] = &through{able: map[allocator.Capability]bool{allocator.CanOwn: true}}
	_, owns := allocator.AsOwner(a)
	_, resets := allocator.AsResetter(a)
	fmt.Println(owns, resets)
	// Output: true false
}

func TestAsCapability(t *testing.T) {
	type able = map[allocator.Capability]bool
	for _, c := range []struct {
		name         string
		a            allocator.Allocator[int]
		owns, resets bool
	}{
		{"no method", allocator.Heap[int]{}, false, false},
		{"method", new(array), true, true},
		{"nothing to own or reset", allocator.Null[int]{}, true, true},
		{"conditional, nothing", &through{}, false, false},
		{"conditional, both", &through{able: able{allocator.CanOwn: true, allocator.CanReset: true}}, true, true},
		{"conditional, reset", &through{able: able{allocator.CanReset: true}}, false, true},
		{"nil", nil, false, false},
	} {
		owner, owns := allocator.AsOwner(c.a)
		if owns != c.owns || (owner != nil) != owns {
			t.Errorf("%s: AsOwner is %v and %v, want %v", c.name, owner, owns, c.owns)
		}
		resetter, resets := allocator.AsResetter(c.a)
		if resets != c.resets || (resetter != nil) != resets {
			t.Errorf("%s: AsResetter is %v and %v, want %v", c.name, resetter, resets, c.resets)
		}
	}
}
