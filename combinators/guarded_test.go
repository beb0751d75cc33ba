package combinators_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A system call is given a length that is too large.
func ExampleGuarded() {
	buffers := combinators.NewGuarded(allocator.Heap[byte]{}, 8)
	buffer, _ := buffers.Allocate(100)
	for i := range 102 {
		*(*byte)(unsafe.Add(unsafe.Pointer(&buffer[0]), i)) = 1
	}
	defer func() {
		e := recover().(*allocator.MisuseError)
		fmt.Println(e.Problem)
	}()
	buffers.Deallocate(buffer)
	// Output: written to beyond its bounds: byte 1 after it is 0x01
}

func TestGuarded(t *testing.T) {
	testGuarded[byte](t)
	testGuarded[uint64](t)
	testGuarded[[3]uint16](t)
	testGuarded[*int](t)
	testGuarded[element](t)
}

func testGuarded[T any](t *testing.T) {
	t.Helper()
	var zero T
	size := int(unsafe.Sizeof(zero))
	for _, guard := range []int{1, 3} {
		for _, offset := range []int{-1, -guard * size, 0, 5*size - 1, 5 * size, (5+guard)*size - 1} {
			judge := newSource[T](t)
			a := combinators.NewGuarded(judge, guard)
			s := take(t, a, 5)
			beyond := (*byte)(unsafe.Add(unsafe.Pointer(&s[0]), offset))
			if inside := offset >= 0 && offset < 5*size; !inside {
				*beyond = 0x11
			}
			e := misuse(func() { a.Deallocate(s) })
			var want string
			switch {
			case offset < 0:
				want = fmt.Sprintf("written to beyond its bounds: byte %d before it is 0x11", -offset)
			case offset >= 5*size:
				want = fmt.Sprintf("written to beyond its bounds: byte %d after it is 0x11", offset-5*size+1)
			case e == nil && judge.count == 0:
				continue
			}
			if e == nil || e.Problem != want || e.Allocator != a.String() || e.Block != uintptr(unsafe.Pointer(&s[0])) || e.Len != 5 {
				t.Errorf("%T, guard %d, offset %d: panic is %v, want one that says %q", zero, guard, offset, e, want)
			}
			*beyond = 0
			if judge.count != 5+2*guard {
				t.Errorf("%T: %d values are out after a refusal, want %d", zero, judge.count, 5+2*guard)
			}
		}
	}
}

// A zero is what a program writes most often beyond a string's end.
func TestGuardedSeesZeros(t *testing.T) {
	for _, offset := range []int{-1, 5} {
		a := combinators.NewGuarded(newSource[byte](t), 1)
		s := take(t, a, 5)
		*(*byte)(unsafe.Add(unsafe.Pointer(&s[0]), offset)) = 0
		if e := misuse(func() { a.Deallocate(s) }); e == nil {
			t.Errorf("offset %d: a zero beyond the bounds was not seen", offset)
		}
	}
}

// A parent may leave numbers in its blocks. That is no reason to blame their user.
func TestGuardedClearsItsGuards(t *testing.T) {
	a := combinators.NewGuarded(untidy{newSource[element](t)}, 2)
	s := take(t, a, 5)
	if e := misuse(func() { a.Deallocate(s) }); e != nil {
		t.Errorf("a block that was used well: %v", e)
	}
}

// untidy is a parent whose blocks have no pointers, but numbers.
type untidy struct{ *source[element] }

func (a untidy) Allocate(n int) ([]element, error) {
	s, err := a.source.Allocate(n)
	for i := range s {
		s[i].state[i%len(s[i].state)] = 1
	}
	return s, err
}

func TestGuardedMisuse(t *testing.T) {
	a := combinators.NewGuarded(new(combinators.SingleSlot[int]), 1)
	s := take(t, a, 4)
	e := misuse(func() { a.Deallocate(s[:3:3]) })
	if e == nil || !strings.HasPrefix(e.Problem, "released with another capacity") {
		t.Errorf("panic is %v, want one for a block of another size", e)
	}
	foreign := make([]int, 6)
	if e := misuse(func() { a.Deallocate(foreign[1:5:5]) }); e == nil {
		t.Error("a foreign block was taken")
	}
	for _, guard := range []int{0, -1} {
		wantPanic(t, fmt.Sprintf("combinators: NewGuarded: there can be no guards of %d values", guard), func() {
			combinators.NewGuarded(heap[int](), guard)
		})
	}
}

func TestGuardedCapabilities(t *testing.T) {
	parent := newCapableSource[int](t)
	a := combinators.NewGuarded(parent, 2)
	if _, ok := allocator.AsOwner(a); ok || a.Capable(allocator.CanOwn) {
		t.Error("claims to know what it owns")
	}
	s := take(t, a, 5)
	if r, ok := allocator.AsResetter(a); !ok {
		t.Error("cannot be reset; its parent can")
	} else if r.Reset(); parent.count != 0 {
		t.Error("Reset did not reach the parent")
	} else if misuse(func() { a.Deallocate(s) }) == nil {
		t.Error("a block was released after Reset, and nobody has noticed")
	}
	a.Trim()
	if parent.trims != 1 || a.GoodSize(5) != 5 || a.GoodSize(-1) != -1 {
		t.Errorf("%d trims, GoodSize(5) is %d; want 1 and 5", parent.trims, a.GoodSize(5))
	}
}

// The room between the guards is what the parent's size leaves there.
func TestGuardedGoodSize(t *testing.T) {
	a := combinators.NewGuarded(combinators.NewQuantizer(heap[int](), eights), 4)
	for n, want := range map[int]int{-1: -1, 0: 0, 1: 16 - 8, 8: 16 - 8, 9: 24 - 8, math.MaxInt: math.MaxInt} {
		if got := a.GoodSize(n); got != want {
			t.Errorf("GoodSize(%d) is %d, want %d", n, got, want)
		}
	}
	const all = math.MaxInt // and the guards, of which no parent can tell the size
	if got := combinators.NewGuarded(newCapableSource[int](t), 4).GoodSize(all); got != all {
		t.Errorf("GoodSize(%d) is %d", all, got)
	}
}

// The guards of a T with pointers are zero, as other patterns would be no pointers.
func TestGuardedPointersHaveZeroGuards(t *testing.T) {
	a := combinators.NewGuarded(newSource[*int](t), 1)
	s := take(t, a, 5)
	for _, i := range []int{-1, 5} {
		guard := (**int)(unsafe.Add(unsafe.Pointer(&s[0]), i*int(unsafe.Sizeof(s[0]))))
		if *guard != nil {
			t.Errorf("the guard at value %d is not nil", i)
		}
		*guard = nil
	}
	a.Deallocate(s)
}

func BenchmarkGuarded(b *testing.B) {
	slot := new(combinators.SingleSlot[element])
	benchmarkPair(b, "interface", combinators.NewGuarded(slot, 1))
	benchmarkPair(b, "unguarded", slot)
}

func TestGuardedSeesASecondRelease(t *testing.T) {
	a := combinators.NewGuarded(combinators.NewRecycling(heap[byte](), 1000), 2)
	s, other := take(t, a, 4), take(t, a, 4)
	a.Deallocate(s)
	a.Deallocate(other)
	if misuse(func() { a.Deallocate(s) }) == nil {
		t.Error("a block was released twice, and nobody has noticed")
	}
}

// A block of no size has no guards, and goes back to the parent like any other.
func TestGuardedOfValuesWithoutSize(t *testing.T) {
	parent := combinators.NewStats(heap[struct{}]())
	a := combinators.NewGuarded(parent, 2)
	s := take(t, a, 3)
	if n := parent.Counts().Live; n != 1 {
		t.Errorf("the parent has %d blocks out, want 1", n)
	}
	a.Deallocate(s)
	if n := parent.Counts().Live; n != 0 {
		t.Errorf("the parent has %d blocks out after the release", n)
	}
}
