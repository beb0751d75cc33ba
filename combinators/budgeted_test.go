package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/proptest"
)

// Sessions and their buffers share a budget of 64 KiB.
func ExampleBudgeted() {
	type session struct{ ID, Received, Sent int64 }
	budget := combinators.NewBudget(64 << 10)
	sessions := combinators.NewBudgeted[session](allocator.Heap[session]{}, budget)
	buffers := combinators.NewBudgeted[byte](combinators.NewRecycling(allocator.Heap[byte]{}, 1<<20), budget)

	s, _ := allocator.New(sessions)
	first, _ := buffers.Allocate(56 << 10)
	_, err := buffers.Allocate(10 << 10)
	fmt.Println(budget.Live(), err)
	buffers.Deallocate(first)
	allocator.Delete(sessions, s)
	fmt.Println(buffers)
	// Output:
	// 57368 allocator: exhausted
	// Budgeted(Recycling(Heap[uint8], 1048576), Budget(65536))
}

func TestBudgetedTypesShareOneLimit(t *testing.T) {
	budget := combinators.NewBudget(100)
	ints, others := newCapableSource[int64](t), newSource[[3]byte](t)
	a, b := combinators.NewBudgeted(ints, budget), combinators.NewBudgeted(others, budget)
	none := combinators.NewBudgeted(heap[struct{}](), budget)
	live := func(wantA, wantB int) {
		t.Helper()
		if a.Live() != wantA || b.Live() != wantB || budget.Live() != wantA+wantB || 8*ints.count != wantA || 3*others.count != wantB {
			t.Fatalf("%d and %d bytes are live, and %d of the budget; want %d and %d", a.Live(), b.Live(), budget.Live(), wantA, wantB)
		}
	}
	for n, want := range map[int]error{13: allocator.ErrTooLarge, math.MaxInt: allocator.ErrTooLarge, -1: allocator.ErrSize} {
		if _, err := a.Allocate(n); !errors.Is(err, want) {
			t.Errorf("Allocate(%d): error %v, want %v", n, err, want)
		}
	}
	s, q := take(t, a, 5), take(t, b, 20)
	live(40, 60)
	if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("Allocate at the limit: error %v, want ErrExhausted", err)
	}
	none.Deallocate(take(t, none, 1000))
	a.Deallocate(take(t, a, 0))
	if _, ok := a.Resize(s, 6); ok {
		t.Error("a block grows beyond the limit")
	}
	live(40, 60)
	s, ok := a.Resize(s, 3)
	if !ok {
		t.Fatal("a block does not shrink")
	}
	live(24, 60)
	b.Deallocate(q)
	live(24, 0)
	a.Deallocate(s)
	live(0, 0)
	take(t, a, 10)
	q = take(t, b, 6)
	a.Reset()
	live(0, 18)
	b.Deallocate(q)
	live(0, 0)
	if a.Cost(1) != 8 || a.Cost(0) != 0 || b.Cost(7) != 21 || none.Cost(9) != 0 || a.Cost(math.MaxInt) != math.MaxInt {
		t.Errorf("costs are %d, %d, %d, %d, %d", a.Cost(1), a.Cost(0), b.Cost(7), none.Cost(9), a.Cost(math.MaxInt))
	}
}

// What a block has room for counts, and is what Cost says.
func TestBudgetedCountsCapacity(t *testing.T) {
	budget := combinators.NewBudget(20)
	a := combinators.NewBudgeted(combinators.NewRecycling(heap[byte](), 1000), budget)
	s, err := a.Allocate(9) // in a block of 10
	if err != nil || budget.Live() != cap(s) || a.Cost(9) != cap(s) {
		t.Errorf("a block with room for %d costs %d, of which Cost says %d; error %v", cap(s), budget.Live(), a.Cost(9), err)
	}
	a.Deallocate(s)
	if _, err := a.Allocate(17); err != nil { // in one of 20
		t.Error(err)
	}
}

// The parent is not asked to make room for what can never be.
func TestBudgetedGrowsToNoImpossibleSize(t *testing.T) {
	parent := &asking{Slab: combinators.NewSlab(heap[int](), 10)}
	a := combinators.NewBudgeted(parent, combinators.NewBudget(1000))
	s := take(t, a, 8)
	for _, n := range []int{-1, math.MaxInt} {
		if _, ok := a.Resize(s, n); ok || parent.resized != nil {
			t.Errorf("Resize to %d: %t; the parent is asked for %v", n, ok, parent.resized)
		}
	}
}

// silent gives blocks with ten times the room, and does not say so.
type silent struct{ *source[byte] }

func (a silent) Allocate(n int) ([]byte, error) {
	s, err := a.source.Allocate(10 * n)
	if err != nil {
		return nil, err
	}
	return s[:n], nil
}

func TestBudgetedParentWithUnexpectedRoom(t *testing.T) {
	budget := combinators.NewBudget(100)
	parent := silent{newSource[byte](t)}
	a := combinators.NewBudgeted[byte](parent, budget)
	s, err := a.Allocate(6)
	if err != nil || budget.Live() != 60 {
		t.Fatalf("%d bytes are live, error %v", budget.Live(), err)
	}
	if _, err := a.Allocate(5); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("50 bytes beside 60: error %v, want ErrExhausted", err)
	}
	if parent.count != 60 || budget.Live() != 60 {
		t.Errorf("the parent has %d bytes out and the budget %d, want 60", parent.count, budget.Live())
	}
	a.Deallocate(s)
	if _, err := a.Allocate(11); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("110 bytes of 100: error %v, want ErrTooLarge", err)
	}
	if parent.count != 0 || budget.Live() != 0 {
		t.Errorf("the parent has %d bytes out and the budget %d, want 0", parent.count, budget.Live())
	}
	take(t, a, 10) // all there are
}

func TestBudgetedParentPanics(t *testing.T) {
	budget := combinators.NewBudget(100)
	failing := combinators.NewBudgeted[byte](&panicsAt[byte]{Allocator: heap[byte](), at: 1}, budget)
	if err := budget.Wait(t.Context(), 30); err != nil {
		t.Fatal(err)
	}
	wantPanic(t, "third", func() { failing.Allocate(50) })
	if budget.Live() != 30 || budget.Reserved() != 30 || failing.Live() != 0 {
		t.Errorf("%d bytes are live after a request that has panicked, and %d reserved", budget.Live(), budget.Reserved())
	}
	budget.Unreserve()
	slab := combinators.NewBudgeted(combinators.NewSlab(heap[byte](), 100), budget)
	free := take(t, slab, 20)
	slab.Deallocate(free)
	if misuse(func() { slab.Resize(free, 50) }) == nil || budget.Live() != 0 {
		t.Errorf("%d bytes are live after a growth that has panicked, want none", budget.Live())
	}
	parent := &reluctant[byte]{Allocator: heap[byte]()}
	a := combinators.NewBudgeted[byte](parent, budget)
	s := take(t, a, 50)
	parent.refuses = true
	wantPanic(t, "refused", func() { a.Deallocate(s) })
	if budget.Live() != 50 || a.Live() != 50 {
		t.Errorf("%d bytes are live after a release that was refused", budget.Live())
	}
	parent.refuses = false
	a.Deallocate(s)
	if budget.Live() != 0 {
		t.Errorf("%d bytes are live", budget.Live())
	}
}

func TestBudgetedMisuse(t *testing.T) {
	budget := combinators.NewBudget(100)
	a, b := combinators.NewBudgeted(heap[byte](), budget), combinators.NewBudgeted(heap[byte](), budget)
	s := take(t, a, 4)
	b.Deallocate(take(t, b, 50))
	e := misuse(func() { b.Deallocate(s) })
	if e == nil || e.Problem != "more is released than was handed out" || e.Allocator != b.String() || budget.Live() != 4 {
		t.Errorf("panic is %v with %d live, want one that says so", e, budget.Live())
	}
	if b.Live() != 0 {
		t.Errorf("%d bytes are live where the release was refused", b.Live())
	}
	wantPanic(t, "combinators: NewBudgeted: the parent is nil", func() { combinators.NewBudgeted[int](nil, budget) })
	wantPanic(t, "combinators: NewBudgeted: the budget is nil", func() { combinators.NewBudgeted(heap[int](), nil) })
}

func TestBudgetedAllocatesNothing(t *testing.T) {
	budget := combinators.NewBudget(1 << 20)
	a := combinators.NewBudgeted(combinators.NewRecycling(heap[element](), 64), budget)
	if allocs := testing.AllocsPerRun(200, func() {
		_ = budget.Wait(t.Context(), a.Cost(3))
		s, err := a.Allocate(3)
		if err != nil {
			t.Error(err)
		}
		a.Deallocate(s)
		if _, err := a.Allocate(1 << 20); err == nil {
			t.Error("no error")
		}
	}); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}

func newBudgeted[T any](parent allocator.Allocator[T]) allocator.Allocator[T] {
	return combinators.NewBudgeted(parent, combinators.NewBudget(2000))
}

func TestBudgetedConforms(t *testing.T) {
	proptest.ConformAll(t, newBudgeted, newBudgeted, newBudgeted, newBudgeted, newBudgeted, newBudgeted, newBudgeted,
		proptest.Claims{SafeAsParent: true, MayRefuse: true, SteadyState: true})
}

func BenchmarkBudgeted(b *testing.B) {
	benchmarkPair(b, "interface", combinators.NewBudgeted(new(combinators.SingleSlot[element]), combinators.NewBudget(1<<20)))
	benchmarkPair(b, "unlimited", new(combinators.SingleSlot[element]))
	benchmarkPair(b, "peer=ByteLimit", combinators.NewByteLimit(new(combinators.SingleSlot[element]), 1<<20))
}
