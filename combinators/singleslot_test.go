package combinators_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleSingleSlot() {
	type operation struct {
		Buffer []byte
		Offset int64
	}
	type session struct {
		slot combinators.SingleSlot[operation] // for one operation after another
	}
	var s session

	receive, _ := s.slot.Allocate(1)
	s.slot.Deallocate(receive)
	send, _ := s.slot.Allocate(1)
	fmt.Println("the same block:", &receive[0] == &send[0])

	timeout, _ := s.slot.Allocate(1) // while send is in progress
	fmt.Println("the same block:", &timeout[0] == &send[0])
	s.slot.Deallocate(timeout)
	s.slot.Deallocate(send)
	fmt.Println(&s.slot)
	// Output:
	// the same block: true
	// the same block: false
	// SingleSlot(Heap[combinators_test.operation])
}

func TestSingleSlotReusesItsBlock(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSingleSlot(parent)
	first := take(t, a, 7)
	a.Deallocate(first)
	for _, n := range []int{7, 1, 6, 7} {
		s := take(t, a, n)
		if !same(s, first) {
			t.Errorf("%d values are not in the kept block of 7", n)
		}
		a.Deallocate(s[:0]) // the length does not matter
	}
	if diff := cmp.Diff([]int{7}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

func TestSingleSlotKeepsTheLargerBlock(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSingleSlot(parent)
	for _, n := range []int{2, 5, 3, 5} {
		a.Deallocate(take(t, a, n))
	}
	if diff := cmp.Diff([]int{2, 5}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{2}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
}

func TestSingleSlotPassesOnWhileBusy(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSingleSlot(parent)
	kept := take(t, a, 4)
	for _, n := range []int{1, 4, 9} {
		s := take(t, a, n)
		if same(s, kept) {
			t.Fatalf("the block that is out was handed out again for %d values", n)
		}
		a.Deallocate(s)
	}
	if diff := cmp.Diff([]int{1, 4, 9}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
	a.Deallocate(kept)
	if again := take(t, a, 4); !same(again, kept) {
		t.Error("the kept block is another one after the slot was busy")
	}
}

func TestSingleSlotGivesUpItsBlockBeforeItFails(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 5
	a := combinators.NewSingleSlot(parent)
	a.Deallocate(take(t, a, 3))

	if _, err := a.Allocate(6); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate(6) of 5: error %v, want ErrTooLarge", err)
	}
	if parent.count != 3 {
		t.Error("the kept block was given up for a request that can never be served")
	}
	s := take(t, a, 5)
	if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("Allocate(1) with nothing left: error %v, want ErrExhausted", err)
	}
	a.Deallocate(s)
	a.Deallocate(take(t, a, 5))
}

func TestSingleSlotMisuse(t *testing.T) {
	const capacity = "released with another capacity than it was handed out with"
	for _, c := range []struct {
		name    string
		release func(a *combinators.SingleSlot[int], s []int)
		problem string
	}{
		{"twice", func(a *combinators.SingleSlot[int], s []int) {
			a.Deallocate(s)
			a.Deallocate(s)
		}, "released twice"},
		{"part", func(a *combinators.SingleSlot[int], s []int) {
			a.Deallocate(s[:2:2])
		}, capacity},
		{"one of three", func(a *combinators.SingleSlot[int], s []int) { a.Deallocate(s[:1:1]) }, capacity},
		{"two where one is out", func(a *combinators.SingleSlot[int], s []int) {
			a.Deallocate(s)
			take(t, a, 1)
			a.Deallocate(s[:2:2])
		}, capacity},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a combinators.SingleSlot[int]
			e := misuse(func() { c.release(&a, take(t, &a, 3)) })
			if e == nil || !strings.HasPrefix(e.Problem, c.problem) || e.Allocator != a.String() {
				t.Errorf("panic is %v, want one that says %q", e, c.problem)
			}
		})
	}
}

// One value is all that is handed out of a larger block. What it pointed to is collected
// after its release.
func TestOneValueOfALargerBlockKeepsNothingAlive(t *testing.T) {
	for _, a := range []allocator.Allocator[element]{
		new(combinators.SingleSlot[element]), new(combinators.Slots[element]),
	} {
		large := take(t, a, 3)
		a.Deallocate(large)
		collected := make(chan struct{})
		func() {
			one := take(t, a, 1)
			if !same(one, large) {
				t.Errorf("%v: the kept block was not handed out, so this test shows nothing", a)
			}
			pointee := new([16]int)
			runtime.AddCleanup(pointee, func(c chan struct{}) { close(c) }, collected)
			one[0].handler = pointee
			a.Deallocate(one)
		}()
		awaitCollected(t, collected)
		if !same(take(t, a, 3), large) {
			t.Errorf("%v: the block is not whole again", a)
		}
		runtime.KeepAlive(a)
	}
}

func TestSingleSlotTrim(t *testing.T) {
	parent := newCapableSource[int](t)
	a := combinators.NewSingleSlot(parent)
	s := take(t, a, 3)
	a.Trim()
	if parent.count != 3 {
		t.Fatal("Trim took a block that is handed out")
	}
	a.Deallocate(s)
	a.Trim()
	if parent.count != 0 || parent.trims != 2 {
		t.Errorf("after Trim the parent has %d values out and was trimmed %d times, want 0 and 2", parent.count, parent.trims)
	}
	a.Deallocate(take(t, a, 3))
}

func TestSingleSlotOwns(t *testing.T) {
	var a combinators.SingleSlot[int]
	kept, other := take(t, &a, 2), take(t, &a, 2)
	if !a.Owns(kept) || a.Owns(other) || a.Owns(nil) || a.Owns(kept[:0:0]) {
		t.Error("over a parent that cannot tell, Owns is to be true for the kept block alone")
	}
	able := combinators.NewSingleSlot(newCapableSource[int](t))
	kept, other = take(t, able, 2), take(t, able, 2)
	if !able.Owns(kept) || !able.Owns(other) || able.Owns(make([]int, 2)) {
		t.Error("over a parent that can tell, Owns is to be true for its blocks alone")
	}
}

func TestSingleSlotSize(t *testing.T) {
	if words := unsafe.Sizeof(combinators.SingleSlot[element]{}) / unsafe.Sizeof(uintptr(0)); words != 6 {
		t.Errorf("a slot has %d words; the documentation says 6", words)
	}
}

func BenchmarkSingleSlot(b *testing.B) {
	b.Run("direct", func(b *testing.B) {
		b.ReportAllocs()
		var a combinators.SingleSlot[element]
		for range b.N {
			s, err := a.Allocate(1)
			if err != nil {
				b.Fatal(err)
			}
			a.Deallocate(s)
		}
	})
	benchmarkPair(b, "interface", new(combinators.SingleSlot[element]))
	benchmarkBuffer(b, "buffer=4096", new(combinators.SingleSlot[byte]), 4096)
	benchmarkPeers(b)
}
