package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleSlab() {
	type session struct{ Name string }
	sessions := combinators.NewSlab(allocator.Heap[session]{}, 2) // serves two and no more

	ann, _ := allocator.New(sessions)
	bob, _ := allocator.New(sessions)
	ann.Name, bob.Name = "Ann", "Bob"
	_, err := allocator.New(sessions)
	fmt.Println("a third one:", errors.Is(err, allocator.ErrExhausted))

	allocator.Delete(sessions, ann)
	cid, err := allocator.New(sessions)
	fmt.Println("after one has left:", err, cid.Name == "")
	// Output:
	// a third one: true
	// after one has left: <nil> true
}

func TestSlabTakesTheLowest(t *testing.T) {
	a := combinators.NewSlab(newSource[int](t), 200)
	all := take(t, a, 200)
	a.Deallocate(all[70:73:73])
	a.Deallocate(all[3:4:4])
	a.Deallocate(all[190:200:200])
	for _, want := range []struct{ n, at int }{{1, 3}, {4, 190}, {2, 70}, {1, 72}, {6, 194}} {
		if s := take(t, a, want.n); &s[0] != &all[want.at] {
			t.Errorf("%d values are not at %d", want.n, want.at)
		}
	}
	if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("error %v, want ErrExhausted", err)
	}
}

// A value that is released before the first free one is found again.
func TestSlabTakesALowerOne(t *testing.T) {
	const capacity = 200
	a := combinators.NewSlab(heap[int](), capacity)
	var all [capacity][]int
	for i := range all {
		all[i] = take(t, a, 1)
	}
	a.Deallocate(all[150]) // the next one
	a.Deallocate(all[3])
	for _, at := range []int{150, 3} {
		if !same(take(t, a, 1), all[at]) {
			t.Errorf("does not take the value at %d", at)
		}
	}
	a.Reset()
	whole := take(t, a, 150)
	whole, ok := a.Resize(whole, 100)
	if s := take(t, a, 1); !ok || !same(s, all[100]) {
		t.Errorf("does not take the first of the values that a block was cut by")
	}
	a.Deallocate(whole)
}

// After a Reset each value is there once, the one that was released last as well.
func TestSlabResetAfterARelease(t *testing.T) {
	const capacity = 70
	a := combinators.NewSlab(heap[int](), capacity)
	for range 2 {
		seen := map[*int]bool{}
		var last []int
		for range capacity {
			last = take(t, a, 1)
			seen[&last[0]] = true
		}
		if len(seen) != capacity {
			t.Fatalf("%d of %d values are different ones", len(seen), capacity)
		}
		a.Deallocate(last)
		a.Reset()
	}
}

func TestSlabTakesOneBlockOfItsParent(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSlab(parent, 10)
	for range 3 {
		s, r := take(t, a, 1), take(t, a, 9)
		a.Deallocate(s)
		a.Trim()
		a.Deallocate(r)
		first := take(t, a, 1) // and nothing else is handed out
		a.Trim()
		a.Deallocate(first)
	}
	if diff := cmp.Diff([]int{10}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
	a.Trim()
	a.Trim()
	if diff := cmp.Diff([]int{10}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
}

// What is released twice while another block beside it is live must not take
// that with it.
func TestSlabSeesAPartReleasedTwice(t *testing.T) {
	a := combinators.NewSlab(heap[int](), 100)
	s := take(t, a, 10)
	a.Deallocate(s[9:10:10])
	if e := misuse(func() { a.Deallocate(s) }); e == nil || e.Problem != "released twice" {
		t.Errorf("panic is %v, want one that says released twice", e)
	}
	if e := misuse(func() { a.Deallocate(s[9:10:10]) }); e == nil || e.Problem != "released twice" {
		t.Errorf("panic is %v, want one that says released twice", e)
	}
}

// Pointers into the block that no Allocate gives are no blocks. The slab owns
// them nevertheless, so that a Fallback to the Go heap does not pass them on
// there unseen.
func TestSlabRefusesWhatIsPartlyItsOwn(t *testing.T) {
	a := combinators.NewSlab(combinators.NewRegion(heap[[2]int](), 8), 4)
	all := take(t, a, 4)
	for name, s := range map[string][][2]int{
		"starts inside a value": unsafe.Slice((*[2]int)(unsafe.Pointer(&all[1][1])), 1),
		"ends beyond the block": unsafe.Slice(&all[3], 2),
	} {
		if !a.Owns(s) {
			t.Errorf("does not own a block that %s", name)
		}
		if e := misuse(func() { a.Deallocate(s) }); e == nil {
			t.Errorf("%s: panic is %v", name, e)
		}
	}
}

// A block must not grow into another.
func TestSlabResize(t *testing.T) {
	a := combinators.NewSlab(heap[int](), 130)
	s, r := take(t, a, 60), take(t, a, 10)
	if _, ok := a.Resize(s, 61); ok {
		t.Fatal("grew into another block")
	}
	r, ok := a.Resize(r, 70)
	if !ok || len(r) != 70 || cap(r) != 70 {
		t.Fatal("did not grow into free storage")
	}
	if _, ok := a.Resize(r, 71); ok {
		t.Fatal("grew beyond the capacity")
	}
	if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Fatalf("error %v, want ErrExhausted", err)
	}
	if s, ok = a.Resize(s, 2); !ok || len(s) != 2 || cap(s) != 2 {
		t.Fatal("did not become smaller")
	}
	between := take(t, a, 1)
	if s, ok := a.Resize(s, 2); !ok || len(s) != 2 {
		t.Fatal("did not stay as large as it is")
	}
	if s, ok = a.Resize(s, 1); !ok || len(s) != 1 {
		t.Fatal("did not become a single value")
	}
	for _, b := range [][]int{r, s, between} {
		a.Deallocate(b)
	}
	a.Deallocate(take(t, a, 130))
}

// The last block cannot grow, whether the bits of the slab fill their words or not.
func TestSlabResizeOfTheLastBlock(t *testing.T) {
	for _, n := range []int{64, 70, 128} {
		a := combinators.NewSlab(heap[int](), n)
		take(t, a, n-10)
		s := take(t, a, 10)
		for _, more := range []int{11, n, n + 10, math.MaxInt} {
			if _, ok := a.Resize(s, more); ok {
				t.Errorf("the last block of %d values was resized to %d", n, more)
			}
		}
	}
}

func BenchmarkSlab(b *testing.B) {
	benchmarkPair(b, "interface", combinators.NewSlab(allocator.Heap[element]{}, 1000))
	full := combinators.NewSlab(allocator.Heap[element]{}, 1000)
	if _, err := full.Allocate(999); err != nil {
		b.Fatal(err)
	}
	benchmarkPair(b, "interface/full=999", full)
	benchmarkBuffer(b, "buffer=1500", combinators.NewSlab(allocator.Heap[byte]{}, 1<<16), 1500)
	benchmarkPeers(b)
}

func TestSlabDoesNotResizeWhatIsFree(t *testing.T) {
	a := combinators.NewSlab(heap[int](), 8)
	s := take(t, a, 2)
	a.Deallocate(s)
	if misuse(func() { a.Resize(s, 4) }) == nil {
		t.Error("a block was resized after its release")
	}
}

// A single value that was released is found again, although a block at the other end was
// released after it.
func TestSlabFindsASingleValueAgain(t *testing.T) {
	const n = 200
	a := combinators.NewSlab(heap[int](), n)
	first := take(t, a, 1)
	for range n - 3 {
		take(t, a, 1)
	}
	pair := take(t, a, 2)
	if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Fatalf("error %v, want ErrExhausted", err)
	}
	a.Deallocate(first)
	a.Deallocate(pair)
	for range 3 {
		take(t, a, 1)
	}
}

// What begins where a block ends is not of it.
func TestSlabEnds(t *testing.T) {
	storage := make([]byte, 20)
	a := combinators.NewSlab[byte](always{storage[:10:10]}, 10)
	take(t, a, 1)
	for _, s := range [][]byte{storage[10:11], storage[10:10:10], storage[10:]} {
		if a.Owns(s) {
			t.Errorf("owns %d bytes that begin at its end", cap(s))
		}
		if cap(s) != 0 && misuse(func() { a.Deallocate(s) }) == nil {
			t.Errorf("took %d bytes that begin at its end", cap(s))
		}
	}
	if misuse(func() { a.Deallocate(storage[9:11]) }) == nil {
		t.Error("took a block that ends beyond its end")
	}
}

// What fails changes nothing: the next request gets the value that it would have got.
func TestSlabFailureChangesNothing(t *testing.T) {
	for name, fail := range map[string]func(a *combinators.Slab[int], other []int) bool{
		"Allocate": func(a *combinators.Slab[int], _ []int) bool { _, err := a.Allocate(5); return err != nil },
		"Resize":   func(a *combinators.Slab[int], other []int) bool { _, ok := a.Resize(other, 3); return !ok },
	} {
		a := combinators.NewSlab(heap[int](), 6)
		var blocks [][]int
		for range 5 {
			blocks = append(blocks, take(t, a, 1))
		}
		want := blocks[4]
		a.Deallocate(want) // the last one that was released first comes first
		a.Deallocate(blocks[0])
		if !fail(a, blocks[1]) {
			t.Fatalf("%s does not fail", name)
		}
		if got := take(t, a, 1); !same(got, want) {
			t.Errorf("%s, which failed, has changed which value comes next", name)
		}
	}
}
