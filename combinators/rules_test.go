package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// layer is one combinator, to be built over a parent.
type layer[T any] struct {
	name  string
	build func(parent allocator.Allocator[T]) allocator.Allocator[T]
}

// layers returns every combinator that has a capability if its parent has it.
func layers[T any]() []layer[T] {
	type parent = allocator.Allocator[T]
	return []layer[T]{
		{"SingleSlot(%v)", func(p parent) parent { return combinators.NewSingleSlot(p) }},
		{"Recycling(%v, 64)", func(p parent) parent { return combinators.NewRecycling(p, 64) }},
		{"Slots(%v, 3)", func(p parent) parent { return combinators.NewSlots(p, 3) }},
		{"Pool(%v)", func(p parent) parent { return combinators.NewPool(p) }},
		{"Sharded(%v, 64)", func(p parent) parent { return combinators.NewSharded(p, 64) }},
		{"ThreadSafe(%v)", func(p parent) parent { return combinators.NewThreadSafe(p) }},
		{"Stats(%v)", func(p parent) parent { return combinators.NewStats(p) }},
		{"Fallback(Null[" + reflect.TypeFor[T]().String() + "], %v)", func(p parent) parent { return combinators.NewFallback(allocator.Null[T]{}, p) }},
		{"Segregator(%[1]v, %[1]v, 8)", func(p parent) parent { return combinators.NewSegregator(p, p, 8) }},
		{"ByteLimit(%v, 1073741824)", func(p parent) parent { return combinators.NewByteLimit(p, 1<<30) }},
		{"Quantizer(%v, combinators_test.eights)", func(p parent) parent { return combinators.NewQuantizer(p, eights) }},
		{"Zeroed(%v)", func(p parent) parent { return combinators.NewZeroed(p) }},
		{"Trace(%v, \"test\")", func(p parent) parent { return combinators.NewTrace(p, "test") }},
		{"Checked(%v)", func(p parent) parent {
			a := combinators.NewChecked(p)
			a.Quarantine = 0
			return a
		}},
		{"Profiled(%v)", func(p parent) parent { return combinators.NewProfiled(p) }},
		{"Budgeted(%v, Budget(1073741824))", func(p parent) parent { return combinators.NewBudgeted(p, combinators.NewBudget(1<<30)) }},
		{"FailingAt(%v)", func(p parent) parent { return combinators.NewFailingAt(p) }},
	}
}

// eights rounds more than eight values up to a multiple of eight.
func eights(n int) int {
	if n <= 8 {
		return n
	}
	return (n + 7) &^ 7
}

// movers returns every combinator whose blocks are not where the parent gave
// them or have room of their own, and so have other capabilities than it.
func movers[T any]() []layer[T] {
	type parent = allocator.Allocator[T]
	return []layer[T]{
		{"Aligned(%v, 8)", func(p parent) parent { return combinators.NewAligned(p, 8) }},
		{"Guarded(%v, 2)", func(p parent) parent { return combinators.NewGuarded(p, 2) }},
		{"Segregator(Buckets(4, 12, 4, %[1]v), %[1]v, 12)", func(p parent) parent {
			return combinators.NewSegregator(combinators.NewBuckets(4, 12, 4, func(int) parent { return p }), p, 12)
		}},
	}
}

// stores returns every combinator that divides storage of its parent or keeps
// account of it, and so can own and reset whatever the parent can.
func stores[T any]() []layer[T] {
	type parent = allocator.Allocator[T]
	return []layer[T]{
		{"Slab(%v, 3000)", func(p parent) parent { return combinators.NewSlab(p, 3000) }},
		{"Region(%v, 3000)", func(p parent) parent { return combinators.NewRegion(p, 3000) }},
		{"Arena(%v, 10)", func(p parent) parent { return combinators.NewArena(p, 10) }},
		{"Buddy(%v, 3000, 2)", func(p parent) parent { return combinators.NewBuddy(p, 3000, 2) }},
		{"Scoped(%v)", func(p parent) parent { return combinators.NewScoped(p) }},
		{"Cascade(Slab(%v, 10))", func(p parent) parent {
			return combinators.NewCascade(func(n int) parent { return combinators.NewSlab(p, max(n, 10)) })
		}},
	}
}

// combinations returns every combinator.
func combinations[T any]() []layer[T] {
	return append(append(layers[T](), stores[T]()...), movers[T]()...)
}

// eachLayer runs a test for every combinator over the parent.
func eachLayer[T any](t *testing.T, parent func() allocator.Allocator[T], test func(t *testing.T, a allocator.Allocator[T])) {
	for _, l := range combinations[T]() {
		a := l.build(parent())
		t.Run(allocator.Describe(a), func(t *testing.T) { test(t, a) })
	}
}

func heap[T any]() allocator.Allocator[T] { return allocator.Heap[T]{} }

func TestPrintsAsItsExpression(t *testing.T) {
	for _, outer := range combinations[int]() {
		for _, inner := range combinations[int]() {
			want := fmt.Sprintf(outer.name, fmt.Sprintf(inner.name, "Heap[int]"))
			if got := allocator.Describe(outer.build(inner.build(heap[int]()))); got != want {
				t.Errorf("prints as %s, want %s", got, want)
			}
		}
	}
}

func TestNilParent(t *testing.T) {
	for name, build := range map[string]func(){
		"NewSingleSlot": func() { combinators.NewSingleSlot[int](nil) },
		"NewRecycling":  func() { combinators.NewRecycling[int](nil, 1) },
		"NewSlots":      func() { combinators.NewSlots[int](nil, 1) },
		"NewPool":       func() { combinators.NewPool[int](nil) },
		"NewSlab":       func() { combinators.NewSlab[int](nil, 1) },
		"NewHandles":    func() { combinators.NewHandles[int](nil) },
		"NewRegion":     func() { combinators.NewRegion[int](nil, 1) },
		"NewArena":      func() { combinators.NewArena[int](nil, 1) },
		"NewScoped":     func() { combinators.NewScoped[int](nil) },
		"NewBuddy":      func() { combinators.NewBuddy[int](nil, 1, 1) },
		"NewSharded":    func() { combinators.NewSharded[int](nil, 1) },
		"NewFallback":   func() { combinators.NewFallback[int](nil, heap[int]()) },
		"NewSegregator": func() { combinators.NewSegregator[int](heap[int](), nil, 1) },
		"NewBuckets":    func() { combinators.NewBuckets(1, 1, 1, func(int) allocator.Allocator[int] { return nil }) },
		"NewCascade":    func() { combinators.NewCascade(func(int) allocator.Allocator[int] { return nil }) },
		"NewLimit":      func() { combinators.NewLimit[int](nil, 1) },
		"NewByteLimit":  func() { combinators.NewByteLimit[int](nil, 1) },
		"NewQuantizer":  func() { combinators.NewQuantizer[int](nil, eights) },
		"NewAligned":    func() { combinators.NewAligned[int](nil, 8) },
		"NewZeroed":     func() { combinators.NewZeroed[int](nil) },
		"NewTrace":      func() { combinators.NewTrace[int](nil, "") },
		"NewChecked":    func() { combinators.NewChecked[int](nil) },
		"NewFailingAt":  func() { combinators.NewFailingAt[int](nil, 1) },
		"NewGuarded":    func() { combinators.NewGuarded[int](nil, 1) },
		"NewProfiled":   func() { combinators.NewProfiled[int](nil) },
		"NewBudgeted":   func() { combinators.NewBudgeted[int](nil, combinators.NewBudget(1)) },
		"NewShared":     func() { combinators.NewShared[int](nil) },
		"NewThreadSafe": func() { combinators.NewThreadSafe[int](nil) },
		"NewStats":      func() { combinators.NewStats[int](nil) },
	} {
		func() {
			defer func() {
				if got, want := recover(), "combinators: "+name+": the parent is nil"; got != want {
					t.Errorf("%s(nil) panics with %v, want %q", name, got, want)
				}
			}()
			build()
		}()
	}
}

func TestSizes(t *testing.T) {
	eachLayer(t, heap[int32], func(t *testing.T, a allocator.Allocator[int32]) { testSizes(t, a) })
	eachLayer(t, heap[element], func(t *testing.T, a allocator.Allocator[element]) { testSizes(t, a) })
}

func testSizes[T any](t *testing.T, a allocator.Allocator[T]) {
	for _, n := range []int{1, 2, 8, 9, 63, 64, 65, 1000} {
		a.Deallocate(take(t, a, n))
		a.Deallocate(take(t, a, n))
	}
	kept := take(t, a, 5)
	for _, s := range [][]T{nil, {}, kept[:0:0], take(t, a, 0)} {
		a.Deallocate(s)
	}
	a.Deallocate(kept)
	a.Deallocate(kept[:0:0])
	for n, want := range map[int]error{
		-1:              allocator.ErrSize,
		math.MinInt:     allocator.ErrSize,
		math.MaxInt:     allocator.ErrTooLarge,
		math.MaxInt - 1: allocator.ErrTooLarge,
		math.MaxInt / 2: allocator.ErrTooLarge,
	} {
		if s, err := a.Allocate(n); s != nil || !errors.Is(err, want) {
			t.Errorf("Allocate(%d) is %d values and error %v, want %v", n, len(s), err, want)
		}
	}
	a.Deallocate(take(t, a, 3))
}

func TestZeroSizeType(t *testing.T) {
	eachLayer(t, heap[struct{}], func(t *testing.T, a allocator.Allocator[struct{}]) {
		var blocks [][]struct{}
		for _, n := range []int{1, 2, 2, 0, 9, 1 << 20, math.MaxInt} {
			blocks = append(blocks, take(t, a, n), take(t, a, n))
		}
		for _, s := range blocks {
			a.Deallocate(s)
		}
		a.Deallocate(take(t, a, 2))
	})
}

func TestExhaustedParent(t *testing.T) {
	eachLayer(t, func() allocator.Allocator[int] { return allocator.Null[int]{} }, func(t *testing.T, a allocator.Allocator[int]) {
		a.Deallocate(take(t, a, 0))
		if s, err := a.Allocate(1); s != nil || !errors.Is(err, allocator.ErrExhausted) {
			t.Errorf("Allocate(1) is %d values and error %v, want ErrExhausted", len(s), err)
		}
	})
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	test := func(t *testing.T, a allocator.Allocator[element]) {
		if allocs := testing.AllocsPerRun(200, func() {
			one, err := a.Allocate(1)
			if err != nil {
				t.Error(err)
			}
			a.Deallocate(one)
			if _, err := a.Allocate(-1); err == nil {
				t.Error("no error")
			}
		}); allocs != 0 {
			t.Errorf("%v allocations a run", allocs)
		}
	}
	// A parent that keeps what it gives, so that what is left is the layer's.
	eachLayer(t, func() allocator.Allocator[element] { return new(combinators.SingleSlot[element]) }, test)
	eachLayer(t, func() allocator.Allocator[element] { return combinators.NewRecycling(heap[element](), 64) }, test)

	a := combinators.NewRecycling(heap[byte](), 1<<16)
	var blocks [10][]byte
	if allocs := testing.AllocsPerRun(200, func() {
		for i := range blocks {
			blocks[i] = take[byte](t, a, 1+i*i*i)
		}
		for _, s := range blocks {
			a.Deallocate(s)
		}
	}); allocs != 0 {
		t.Errorf("Recycling of many sizes: %v allocations a run", allocs)
	}
}

func TestFailureAllocatesNothing(t *testing.T) {
	eachLayer(t, func() allocator.Allocator[int] { return allocator.Null[int]{} }, func(t *testing.T, a allocator.Allocator[int]) {
		if allocs := testing.AllocsPerRun(100, func() {
			for _, n := range []int{1, 100, math.MaxInt, -1} {
				if _, err := a.Allocate(n); err == nil {
					t.Error("no error")
				}
			}
		}); allocs != 0 {
			t.Errorf("%v allocations a run", allocs)
		}
	})
}

// What a released block pointed to has to be collected while the block itself
// is kept.
func TestReleaseKeepsNothingAlive(t *testing.T) {
	for _, n := range []int{1, 3} {
		eachLayer(t, heap[element], func(t *testing.T, a allocator.Allocator[element]) {
			collected := make(chan struct{})
			block := func() uintptr {
				s := take(t, a, n)
				pointee := new([16]int)
				runtime.AddCleanup(pointee, func(c chan struct{}) { close(c) }, collected)
				s[n-1].handler = pointee
				a.Deallocate(s)
				return uintptr(unsafe.Pointer(&s[0]))
			}()
			awaitCollected(t, collected)
			if slot, ok := a.(*combinators.SingleSlot[element]); ok {
				if s := take(t, slot, n); uintptr(unsafe.Pointer(&s[0])) != block {
					t.Error("the block was not kept, so this test showed nothing")
				}
			}
		})
	}
}

// A block that its owner loses has to be collected: no allocator holds what is
// handed out, except for the one block of a slot.
func TestRecyclingForgetsWhatIsHandedOut(t *testing.T) {
	a := combinators.NewRecycling(heap[element](), 64)
	collected := make(chan struct{})
	func() {
		a.Deallocate(take(t, a, 1))
		runtime.AddCleanup(&take(t, a, 1)[0], func(c chan struct{}) { close(c) }, collected)
	}()
	awaitCollected(t, collected)
	runtime.KeepAlive(a)
}

func awaitCollected(t *testing.T, collected <-chan struct{}) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		runtime.GC()
		select {
		case <-collected:
			return
		case <-deadline:
			t.Fatal("still reachable")
		default:
			runtime.Gosched()
		}
	}
}
