package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// The tests in this file are for the combinators in stores: those that hand
// out parts of what the parent gave.

// A parent that can neither own nor be reset is no obstacle.
func TestStoresOwnAndReset(t *testing.T) {
	for _, l := range stores[*int]() {
		parent := newSource[*int](t)
		a := l.build(parent)
		t.Run(allocator.Describe(a), func(t *testing.T) {
			owner, ok := allocator.AsOwner(a)
			if !ok {
				t.Fatal("cannot tell what it owns")
			}
			resetter, ok := allocator.AsResetter(a)
			if !ok {
				t.Fatal("cannot be reset")
			}
			if owner.Owns(make([]*int, 1)) {
				t.Error("owns a foreign block before the first request")
			}
			s, r := take(t, a, 3), take(t, a, 7)
			if !owner.Owns(s) || !owner.Owns(r) || !owner.Owns(r[:0]) {
				t.Error("does not own what it handed out")
			}
			if owner.Owns(nil) || owner.Owns(s[:0:0]) || owner.Owns(make([]*int, 3)) {
				t.Error("owns an empty or a foreign block")
			}
			s[0], r[6] = new(int), new(int)
			resetter.Reset()
			s = take(t, a, 3)
			if s[0] != nil || s[1] != nil || s[2] != nil {
				t.Error("Reset left a pointer behind")
			}
			resetter.Reset()
			resetter.Reset()
			a.(allocator.Trimmer).Trim()
			if parent.count != 0 {
				t.Errorf("%d values are not back with the parent", parent.count)
			}
			a.Deallocate(take(t, a, 3))
		})
	}
}

func TestStoresTrimTheirParent(t *testing.T) {
	for _, l := range stores[int]() {
		parent := newCapableSource[int](t)
		a := l.build(parent)
		kept := take(t, a, 2)
		a.(allocator.Trimmer).Trim()
		if parent.trims != 1 || parent.count == 0 {
			t.Errorf("%v: Trim with a block handed out: the parent was trimmed %d times and has %d values out, want 1 and some", a, parent.trims, parent.count)
		}
		a.Deallocate(kept)
		a.(allocator.Trimmer).Trim()
		if parent.trims != 2 || parent.count != 0 {
			t.Errorf("%v: Trim of an empty one: the parent was trimmed %d times and has %d values out, want 2 and none", a, parent.trims, parent.count)
		}
	}
}

// The capacity that Reset leaves is the one at the start, and so is that which
// releasing every block leaves, in whatever order; a Region gets it back only
// from the opposite order.
func TestCapacityComesBack(t *testing.T) {
	const capacity = 64
	for name, build := range map[string]func(allocator.Allocator[int]) allocator.Allocator[int]{
		"Slab":   func(p allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewSlab(p, capacity) },
		"Buddy":  func(p allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewBuddy(p, capacity, 1) },
		"Region": func(p allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewRegion(p, capacity) },
		"Scoped": func(p allocator.Allocator[int]) allocator.Allocator[int] {
			return combinators.NewScoped(combinators.NewSlab(p, capacity))
		},
	} {
		for _, order := range []string{"same", "reverse", "inside out", "reset"} {
			t.Run(name+"/"+order, func(t *testing.T) {
				a := build(newSource[int](t))
				for _, size := range []int{1, 2, 8, 64, 4, 1} {
					var blocks [][]int
					for range capacity / size {
						blocks = append(blocks, take(t, a, size))
					}
					if s, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
						t.Fatalf("a request beyond the capacity gives %d values and error %v", len(s), err)
					}
					switch order {
					case "reverse":
						slices.Reverse(blocks)
					case "inside out":
						if half := len(blocks) / 2; half != 0 {
							slices.Reverse(blocks[:half])
						}
					case "reset":
						a.(allocator.Resetter).Reset()
						continue
					}
					for _, s := range blocks {
						a.Deallocate(s)
					}
					if name == "Region" && order != "reverse" {
						a.(allocator.Resetter).Reset()
					}
				}
				a.Deallocate(take(t, a, capacity))
				if _, err := a.Allocate(capacity + 1); !errors.Is(err, allocator.ErrTooLarge) {
					t.Errorf("a request for more than the capacity: error %v, want ErrTooLarge", err)
				}
			})
		}
	}
}

// A bump that moves its cursor before it sees that there is no room loses what
// is left.
func TestFailureTakesNothing(t *testing.T) {
	for _, a := range []allocator.Allocator[int]{
		combinators.NewSlab(heap[int](), 8),
		combinators.NewRegion(heap[int](), 8),
		combinators.NewBuddy(heap[int](), 8, 1),
	} {
		half := take(t, a, 4)
		for _, n := range []int{5, 8} {
			if _, err := a.Allocate(n); !errors.Is(err, allocator.ErrExhausted) {
				t.Fatalf("%v: Allocate(%d) with 4 left: error %v, want ErrExhausted", a, n, err)
			}
		}
		if _, ok := a.(allocator.Resizer[int]).Resize(half, 9); ok {
			t.Fatalf("%v: grew beyond the capacity", a)
		}
		rest := take(t, a, 4)
		rest[0], half[3] = 1, 2
		if rest[0] != 1 {
			t.Errorf("%v: blocks overlap", a)
		}
	}
}

func TestStoresResizeTheirBlocksOnly(t *testing.T) {
	for _, l := range stores[int]() {
		a := l.build(newCapableSource[int](t))
		resizer := a.(allocator.Resizer[int])
		s := take(t, a, 3)
		for name, block := range map[string][]int{
			"nil": nil, "empty": s[:0:0], "foreign": make([]int, 3),
		} {
			if r, ok := resizer.Resize(block, 2); ok || r != nil {
				t.Errorf("%v: resized a block that is %s", a, name)
			}
		}
		for _, n := range []int{0, -1, math.MinInt, math.MaxInt} {
			if r, ok := resizer.Resize(s, n); ok || r != nil {
				t.Errorf("%v: resized a block to %d", a, n)
			}
		}
		if r, ok := resizer.Resize(s[:0], 3); !ok || len(r) != 3 || !same(r, s) {
			t.Errorf("%v: could not resize a block to what it is", a)
		}
		a.Deallocate(s)
		if r, ok := resizer.Resize(s[:0:0], 2); ok || r != nil {
			t.Errorf("%v: resized an empty block that lies where the next one will", a)
		}
	}
}

// The parent fails, and then it does not.
func TestParentThatFailsAtFirst(t *testing.T) {
	for _, l := range stores[int]() {
		parent := newSource[int](t)
		gate := &gated{Allocator: parent, shut: true}
		a := l.build(gate)
		for range 2 {
			if s, err := a.Allocate(1); s != nil || !errors.Is(err, allocator.ErrExhausted) {
				t.Errorf("%v: Allocate(1) is %d values and error %v, want ErrExhausted", a, len(s), err)
			}
		}
		a.(allocator.Trimmer).Trim()
		a.(allocator.Resetter).Reset()
		gate.shut = false
		a.Deallocate(take(t, a, 1))
		a.(allocator.Trimmer).Trim()
		if parent.count != 0 {
			t.Errorf("%v: %d values are not back with the parent", a, parent.count)
		}
	}
}

// gated is exhausted while it is shut.
type gated struct {
	allocator.Allocator[int]
	shut bool
}

func (a *gated) Allocate(n int) ([]int, error) {
	if a.shut {
		return nil, allocator.ErrExhausted
	}
	return a.Allocator.Allocate(n)
}

func (a *gated) String() string { return "gated" }

// A cache whose parent gives what it is asked for knows a foreign block, also one with the
// size of another class than its own blocks have.
func TestCachesKnowForeignBlocks(t *testing.T) {
	for _, a := range []allocator.Allocator[int]{
		combinators.NewRecycling(heap[int](), 1000),
		combinators.NewSharded(heap[int](), 1000),
		combinators.NewPool(heap[int]()),
	} {
		for range 2 {
			a.Deallocate(take(t, a, 3))
		}
		e := misuse(func() { a.Deallocate(make([]int, 5)) })
		if e == nil || !strings.HasPrefix(e.Problem, "released to an allocator that did not give it") {
			t.Errorf("%v: panic is %v, want one for a foreign block", a, e)
		}
	}
}

func TestStoresMisuse(t *testing.T) {
	const scope = "released, but not a live block of this scope"
	const buddy = "released twice, or in another size than it was handed out in"
	const gave = "released to an allocator that did not give it"
	for _, c := range []struct {
		build                     func() allocator.Allocator[int]
		twice, foreign, otherSize string
	}{
		{func() allocator.Allocator[int] { return combinators.NewSlab(heap[int](), 20) }, "released twice", gave, ""},
		{func() allocator.Allocator[int] { return combinators.NewRegion(heap[int](), 20) }, "released twice", gave, ""},
		{func() allocator.Allocator[int] { return combinators.NewArena(heap[int](), 20) }, "released twice", gave, ""},
		{func() allocator.Allocator[int] { return combinators.NewBuddy(heap[int](), 20, 1) }, buddy, gave, buddy},
		{func() allocator.Allocator[int] { return combinators.NewScoped(heap[int]()) }, scope, scope, "released with another capacity than it was handed out with"},
	} {
		for name, problem := range map[string]string{"twice": c.twice, "foreign": c.foreign, "other size": c.otherSize} {
			for _, n := range []int{1, 3} {
				a := c.build()
				t.Run(fmt.Sprintf("%v/%s/%d", a, name, n), func(t *testing.T) {
					s := take(t, a, n)
					e := misuse(func() {
						switch name {
						case "twice":
							a.Deallocate(s)
							a.Deallocate(s)
						case "foreign":
							a.Deallocate(make([]int, n))
						case "other size":
							if r := s[:1:1]; n > 1 {
								a.Deallocate(r)
							}
						}
					})
					if problem == "" || name == "other size" && n == 1 {
						if e != nil {
							t.Errorf("panic: %v", e)
						}
						return
					}
					if e == nil || !strings.HasPrefix(e.Problem, problem) || e.Allocator != allocator.Describe(a) {
						t.Errorf("panic is %v, want one that says %q", e, problem)
					}
				})
			}
		}
	}
}

func TestConstructorsRefuse(t *testing.T) {
	h := heap[int]()
	for want, build := range map[string]func(){
		"NewSlab: the capacity is negative: -1":                  func() { combinators.NewSlab(h, -1) },
		"NewRegion: the capacity is negative: -1":                func() { combinators.NewRegion(h, -1) },
		"NewBuddy: the capacity is negative: -1":                 func() { combinators.NewBuddy(h, -1, 1) },
		"NewBuddy: the smallest block is not a power of two: 0":  func() { combinators.NewBuddy(h, 8, 0) },
		"NewBuddy: the smallest block is not a power of two: 12": func() { combinators.NewBuddy(h, 8, 12) },
		"NewBuddy: the smallest block is not a power of two: -8": func() { combinators.NewBuddy(h, 8, -8) },
		"NewArena: the first chunk has less than 1 value: 0":     func() { combinators.NewArena(h, 0) },
		"NewSlots: the count is negative: -1":                    func() { combinators.NewSlots(h, -1) },
		"Region(Heap[int], 8): Rewind to a mark that is void":    voidMark,
	} {
		func() {
			defer func() {
				if got, ok := recover().(string); !ok || !strings.HasPrefix(got, "combinators: "+want) {
					t.Errorf("panics with %q, want %q", got, want)
				}
			}()
			build()
		}()
	}
}

func voidMark() {
	a := combinators.NewRegion(allocator.Heap[int]{}, 8)
	s, _ := a.Allocate(3)
	m := a.Mark()
	a.Deallocate(s)
	a.Rewind(m)
}

// What is released by a Reset, a Reuse or a Rewind has to be collected while
// its storage is kept, and so has what Resize cuts off.
func TestWholesaleReleaseKeepsNothingAlive(t *testing.T) {
	h := allocator.Heap[*[16]int]{}
	slab, region, arena := combinators.NewSlab(h, 100), combinators.NewRegion(h, 100), combinators.NewArena(h, 4)
	buddy, scoped := combinators.NewBuddy(h, 100, 1), combinators.NewScoped(combinators.NewSlab(h, 100))
	shrink := func(a allocator.Resizer[*[16]int]) func([]*[16]int) {
		return func(s []*[16]int) {
			if _, ok := a.Resize(s, len(s)-1); !ok {
				t.Errorf("%v: cannot make a block smaller", a)
			}
		}
	}
	older := func(release func([]*[16]int)) func([]*[16]int) {
		return func(s []*[16]int) {
			for range 1000 {
				take(t, arena, 1) // begins other chunks
			}
			release(s)
		}
	}
	for name, c := range map[string]struct {
		a       allocator.Allocator[*[16]int]
		release func(s []*[16]int)
	}{
		"Slab.Reset":                         {slab, func([]*[16]int) { slab.Reset() }},
		"Slab.Resize":                        {slab, shrink(slab)},
		"Region.Reset":                       {region, func([]*[16]int) { region.Reset() }},
		"Region.Rewind":                      {region, func([]*[16]int) { region.Rewind(combinators.Mark{}) }},
		"Region.Resize":                      {region, shrink(region)},
		"Arena.Reset":                        {arena, func([]*[16]int) { arena.Reset() }},
		"Arena.Reuse":                        {arena, func([]*[16]int) { arena.Reuse() }},
		"Arena.Resize":                       {arena, shrink(arena)},
		"Arena.Deallocate of an older chunk": {arena, older(arena.Deallocate)},
		"Arena.Resize in an older chunk":     {arena, older(shrink(arena))},
		"Buddy.Reset":                        {buddy, func([]*[16]int) { buddy.Reset() }},
		"Buddy.Resize":                       {buddy, shrink(buddy)},
		"Scoped.Close":                       {scoped, func([]*[16]int) { _ = scoped.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			collected := make(chan struct{})
			func() {
				for range 3 { // so that the last block is not the first, nor in the first chunk
					take(t, c.a, 3)
				}
				s := take(t, c.a, 4)
				s[3] = new([16]int)
				runtime.AddCleanup(s[3], func(c chan struct{}) { close(c) }, collected)
				c.release(s)
			}()
			awaitCollected(t, collected)
			runtime.KeepAlive(c.a)
		})
	}
}

// A pointer in storage that is not typed as one is not seen by the collector,
// and what it points to is lost.
func TestPointeesSurviveACollection(t *testing.T) {
	for _, l := range combinations[*int]() {
		a := l.build(heap[*int]())
		var blocks [][]*int
		for i := range 200 {
			s := take(t, a, 1+i%9)
			for k := range s {
				s[k] = new(i)
			}
			blocks = append(blocks, s)
		}
		runtime.GC()
		for range 1000 {
			sinkInt = new(-1) // where a lost pointee would have been
		}
		for i, s := range blocks {
			for k := range s {
				if *s[k] != i {
					t.Fatalf("%v: a pointee of block %d was lost", a, i)
				}
			}
		}
		runtime.KeepAlive(a)
	}
}

var sinkInt *int

// TestStorePrograms runs random programs on a store over a random composition.
func TestStorePrograms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type cell struct {
			id    int
			owner *int
		}
		type block struct {
			s    []cell
			id   int
			size int
		}
		parent := newSource[cell](t)
		if rapid.Bool().Draw(t, "limited") {
			parent.limit = rapid.IntRange(1, 300).Draw(t, "limit")
		}
		var below allocator.Allocator[cell] = parent
		switch rapid.SampledFrom([]string{"", "slots", "recycling", "slab", "region", "arena", "buddy"}).Draw(t, "below") {
		case "slots":
			below = combinators.NewSlots(below, 2)
		case "recycling":
			below = combinators.NewRecycling(below, 100)
		case "slab":
			below = combinators.NewSlab(below, 250)
		case "region":
			below = combinators.NewRegion(below, 250)
		case "arena":
			below = combinators.NewArena(below, 10)
		case "buddy":
			below = combinators.NewBuddy(below, 250, 4)
		}
		capacity := rapid.IntRange(0, 200).Draw(t, "capacity")
		var a allocator.Allocator[cell]
		var region *combinators.Region[cell]
		var arena *combinators.Arena[cell]
		switch rapid.SampledFrom([]string{"slab", "region", "arena", "scoped", "buddy"}).Draw(t, "store") {
		case "slab":
			a = combinators.NewSlab(below, capacity)
		case "region":
			region = combinators.NewRegion(below, capacity)
			a = region
		case "arena":
			arena = combinators.NewArena(below, 1+capacity/10)
			a = arena
		case "scoped":
			a = combinators.NewScoped(below)
		case "buddy":
			a = combinators.NewBuddy(below, capacity, 1<<rapid.IntRange(0, 4).Draw(t, "smallest"))
		}
		owner := a.(allocator.Owner[cell])
		var live []*block // in the order of allocation
		next := 0
		fill := func(s []cell, id int) {
			for i := range s {
				if s[i].owner != nil {
					t.Fatalf("%v: a fresh block has a stale pointer", a)
				}
			}
			pointee := new(id)
			for i := range s {
				s[i] = cell{id, pointee}
			}
		}
		check := func() {
			for _, b := range live {
				if len(b.s) != b.size || cap(b.s) < b.size || !owner.Owns(b.s) {
					t.Fatalf("%v: a block of %d has len %d, cap %d, owned %t", a, b.size, len(b.s), cap(b.s), owner.Owns(b.s))
				}
				for _, c := range b.s {
					if c.id != b.id || *c.owner != b.id {
						t.Fatalf("%v: the contents of block %d changed", a, b.id)
					}
				}
			}
		}
		one := func(t *rapid.T) *block {
			if len(live) == 0 {
				t.Skip("nothing is live")
			}
			return live[rapid.IntRange(0, len(live)-1).Draw(t, "i")]
		}
		reset := func() {
			a.(allocator.Resetter).Reset()
			live = nil
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { check() },
			"allocate": func(t *rapid.T) {
				n := rapid.OneOf(rapid.IntRange(0, 9), rapid.IntRange(-1, 220)).Draw(t, "n")
				s, err := a.Allocate(n)
				switch {
				case err != nil && s != nil:
					t.Fatalf("%v: Allocate(%d) is %d values and error %v", a, n, len(s), err)
				case err != nil:
					if errors.Is(err, allocator.ErrSize) != (n < 0) {
						t.Fatalf("%v: Allocate(%d): error %v", a, n, err)
					}
					return
				case len(s) != n || cap(s) < n || n == 1 && cap(s) != 1:
					t.Fatalf("%v: Allocate(%d) has len %d and cap %d", a, n, len(s), cap(s))
				case n == 0:
					a.Deallocate(s)
					return
				}
				next++
				fill(s, next)
				live = append(live, &block{s, next, n})
			},
			"deallocate": func(t *rapid.T) {
				b := one(t)
				live = slices.DeleteFunc(live, func(other *block) bool { return other == b })
				a.Deallocate(b.s[:rapid.IntRange(0, b.size).Draw(t, "len")])
			},
			"resize": func(t *rapid.T) {
				b := one(t)
				n := rapid.IntRange(-1, 2*b.size+2).Draw(t, "n")
				s, ok := a.(allocator.Resizer[cell]).Resize(b.s, n)
				if !ok {
					if s != nil {
						t.Fatalf("%v: Resize failed with %d values", a, len(s))
					}
					return
				}
				if !same(s, b.s) {
					t.Fatalf("%v: Resize moved the block", a)
				}
				if n > b.size {
					fill(s[b.size:], b.id)
				}
				b.s, b.size = s, n
			},
			"trim":  func(*rapid.T) { a.(allocator.Trimmer).Trim() },
			"reset": func(*rapid.T) { reset() },
			"reuse": func(*rapid.T) {
				if arena != nil {
					arena.Reuse()
					live = nil
				}
			},
			"mark and rewind": func(t *rapid.T) {
				if region == nil {
					t.Skip("no region")
				}
				m := region.Mark()
				for range rapid.IntRange(0, 3).Draw(t, "blocks") {
					if s, err := region.Allocate(rapid.IntRange(1, 9).Draw(t, "n")); err == nil {
						fill(s, -1)
					}
				}
				region.Rewind(m)
			},
		})
		reset()
		a.(allocator.Trimmer).Trim()
		if r, ok := allocator.AsResetter(below); ok {
			r.Reset()
		}
		if trimmer, ok := below.(allocator.Trimmer); ok {
			trimmer.Trim()
		}
		if parent.count != 0 {
			t.Fatalf("%v: %d values never went back to the parent", a, parent.count)
		}
	})
}

// A collector that finishes while blocks come and go must not see half a block.
func TestStoresUnderCollection(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	for _, l := range combinations[element]() {
		a := l.build(heap[element]())
		var blocks [][]element
		for i := range 300 {
			s := take(t, a, 1+i%5)
			s[len(s)-1].handler = &s[0]
			blocks = append(blocks, s)
			if i%3 == 2 {
				a.Deallocate(blocks[i/3*2])
				blocks[i/3*2] = nil
			}
		}
		for _, s := range blocks {
			if s != nil && s[len(s)-1].handler != any(&s[0]) {
				t.Fatalf("%v: a block changed", a)
			}
		}
	}
}
