package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleHandles() {
	type session struct{ Name string }
	sessions := combinators.NewHandles(combinators.NewSlab(allocator.Heap[session]{}, 1000))

	ann, _ := sessions.Insert(session{"Ann"})
	sessions.Remove(ann)
	bob, _ := sessions.Insert(session{"Bob"}) // in the same place

	if s, ok := sessions.Get(bob); ok {
		fmt.Println("hello,", s.Name)
	}
	_, ok := sessions.Get(ann)
	fmt.Println("Ann is here:", ok, ann, bob)
	fmt.Println(sessions)
	// Output:
	// hello, Bob
	// Ann is here: false 0#1 0#2
	// Handles(Slab(Heap[combinators_test.session], 1000))
}

// TestHandlesPrograms compares Handles with a map, with stale keys and made-up
// ones among those that are tried.
func TestHandlesPrograms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type value struct {
			n int
			p *int
		}
		type key = combinators.Handle[value]
		parent := newSource[value](t)
		parent.limit = rapid.IntRange(0, 5).Draw(t, "limit")
		a := combinators.NewHandles(parent)
		model, stays := map[key]int{}, map[key]*value{}
		var seen []key
		draw := func(t *rapid.T) key {
			if len(seen) == 0 || rapid.Bool().Draw(t, "made up") {
				return combinators.HandleOf[value](rapid.Uint64Range(0, 8).Draw(t, "generation")<<32 | rapid.Uint64Range(0, 8).Draw(t, "index"))
			}
			return rapid.SampledFrom(seen).Draw(t, "key")
		}
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				next++
				h, err := a.Insert(value{next, new(next)})
				if err != nil {
					if parent.limit == 0 || len(model) < parent.limit || !errors.Is(err, allocator.ErrExhausted) || h != (key{}) {
						t.Fatalf("Insert: %v", err)
					}
					return
				}
				for _, old := range seen {
					if old == h {
						t.Fatalf("key %v came twice", h)
					}
				}
				if h.Key() == 0 || combinators.HandleOf[value](h.Key()) != h {
					t.Fatalf("key %v does not survive as number %d", h, h.Key())
				}
				model[h] = next
				stays[h], _ = a.Get(h)
				seen = append(seen, h)
			},
			"get": func(t *rapid.T) {
				h := draw(t)
				v, ok := a.Get(h)
				n, want := model[h]
				if ok != want || ok && (v.n != n || *v.p != n || v != stays[h]) || !ok && v != nil {
					t.Fatalf("Get(%v) is %v, %t, want %d, %t", h, v, ok, n, want)
				}
			},
			"remove": func(t *rapid.T) {
				h := draw(t)
				v, ok := a.Remove(h)
				n, want := model[h]
				if ok != want || ok && (v.n != n || *v.p != n) || !ok && v != (value{}) {
					t.Fatalf("Remove(%v) is %v, %t, want %d, %t", h, v, ok, n, want)
				}
				delete(model, h)
			},
			"reset": func(t *rapid.T) {
				a.Reset()
				clear(model)
			},
			"trim": func(*rapid.T) {
				a.Trim()
				last := -1
				for h := range model {
					last = max(last, int(uint32(h.Key())))
				}
				if a.Places() != last+1 {
					t.Fatalf("the table has %d places after Trim, want %d", a.Places(), last+1)
				}
			},
			"": func(t *rapid.T) {
				if a.Len() != len(model) || parent.count != len(model) {
					t.Fatalf("Len is %d and the parent has %d out, want %d", a.Len(), parent.count, len(model))
				}
				n := 0
				for h, v := range a.All() {
					if model[h] != v.n {
						t.Fatalf("%v is %d, want %d", h, v.n, model[h])
					}
					n++
				}
				if n != len(model) {
					t.Fatalf("All has %d values, want %d", n, len(model))
				}
			},
		})
	})
}

// A generation that starts again at its end makes a stale key valid.
func TestHandlesRetireAPlaceInsteadOfWrapping(t *testing.T) {
	a := combinators.NewHandles(heap[int]())
	first, _ := a.Insert(1)
	last := a.Skip(first, math.MaxUint32)
	if _, ok := a.Get(first); ok {
		t.Error("an old key finds something")
	}
	if v, ok := a.Remove(last); v != 1 || !ok {
		t.Fatal("the last generation does not work")
	}
	seen := map[combinators.Handle[int]]bool{first: true, last: true}
	for range 10 {
		h, err := a.Insert(2)
		if err != nil || seen[h] || h == (combinators.Handle[int]{}) {
			t.Fatalf("key %v again or zero; error %v", h, err)
		}
		seen[h] = true
		a.Remove(h)
	}
	for h := range seen {
		if _, ok := a.Get(h); ok {
			t.Errorf("the stale key %v finds something", h)
		}
	}
	if a.Places() != 2 {
		t.Errorf("the table has %d places, want one that is retired and one in use", a.Places())
	}
}

// The table is as long as the most values that were alive at once.
func TestHandlesTableIsBounded(t *testing.T) {
	a := combinators.NewHandles(combinators.NewSlab(heap[int](), 8))
	var live [8]combinators.Handle[int]
	for i := range 1000 {
		a.Remove(live[i%8])
		live[i%8], _ = a.Insert(i)
	}
	if a.Places() != 8 || a.Len() != 8 {
		t.Errorf("%d places and %d values, want 8", a.Places(), a.Len())
	}
	if allocs := testing.AllocsPerRun(100, func() {
		a.Remove(live[3])
		live[3], _ = a.Insert(3)
	}); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}

// A place that had all generations, or most of them, is not given up, because
// what comes in its place would have few left.
func TestHandlesTrimKeepsWornPlaces(t *testing.T) {
	for generation, want := range map[uint32]int{7: 0, math.MaxInt32 - 1: 0, math.MaxInt32: 1, math.MaxUint32: 1} {
		a := combinators.NewHandles(heap[int]())
		h, _ := a.Insert(1)
		h = a.Skip(h, generation)
		a.Remove(h)
		a.Trim()
		if a.Places() != want {
			t.Errorf("%d places after Trim of one that had %d values, want %d", a.Places(), generation, want)
		}
		if again, _ := a.Insert(2); again == h {
			t.Errorf("key %v came twice", h)
		}
		if _, ok := a.Get(h); ok {
			t.Errorf("the stale key %v finds something", h)
		}
	}
}

// A table in which no place has a number any more is exhausted until one is free.
func TestHandlesRunOutOfPlaces(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewHandles(parent)
	a.SetMostPlaces(2)
	first, _ := a.Insert(1)
	if _, err := a.Insert(2); err != nil {
		t.Fatalf("the last place: %v", err)
	}
	if h, err := a.Insert(3); !errors.Is(err, allocator.ErrExhausted) || h != (combinators.Handle[int]{}) || parent.count != 2 {
		t.Errorf("Insert beyond the last place: key %v, error %v, and %d values of the parent, want ErrExhausted and 2", h, err, parent.count)
	}
	a.Remove(first)
	if h, err := a.Insert(4); err != nil || a.Places() != 2 {
		t.Errorf("Insert where one place is free: key %v, error %v, and %d places", h, err, a.Places())
	}
}

// After Trim a new value takes the place that is free, and none that has a value.
func TestHandlesTrimLinksTheFreePlaces(t *testing.T) {
	a := combinators.NewHandles(heap[int]())
	var all [5]combinators.Handle[int]
	for i := range all {
		all[i], _ = a.Insert(i)
	}
	for _, i := range []int{0, 2, 4} {
		a.Remove(all[i])
	}
	a.Trim()
	for _, v := range []int{10, 12} {
		a.Insert(v)
	}
	for _, i := range []int{1, 3} {
		if p, ok := a.Get(all[i]); !ok || *p != i {
			t.Errorf("the value %d is not there any more", i)
		}
	}
	if a.Places() != 4 || a.Len() != 4 {
		t.Errorf("%d places and %d values, want 4", a.Places(), a.Len())
	}
}

func TestHandlesTrimTheirParent(t *testing.T) {
	parent := newCapableSource[int](t)
	a := combinators.NewHandles(combinators.NewSlab(parent, 8))
	h, _ := a.Insert(1)
	a.Remove(h)
	a.Trim()
	if parent.trims != 1 || parent.count != 0 {
		t.Errorf("the parent was trimmed %d times and has %d values out, want 1 and none", parent.trims, parent.count)
	}
}

func TestHandlesZeroSizeType(t *testing.T) {
	a := combinators.NewHandles(heap[struct{}]())
	h, _ := a.Insert(struct{}{})
	r, _ := a.Insert(struct{}{})
	a.Remove(h)
	if _, ok := a.Get(r); !ok || a.Len() != 1 {
		t.Error("values of no size are confused")
	}
}

func TestHandlesKeepNothingAlive(t *testing.T) {
	a := combinators.NewHandles(combinators.NewSlab(heap[*[16]int](), 8))
	collected := make(chan struct{})
	func() {
		p := new([16]int)
		runtime.AddCleanup(p, func(c chan struct{}) { close(c) }, collected)
		h, _ := a.Insert(p)
		a.Remove(h)
	}()
	awaitCollected(t, collected)
	runtime.KeepAlive(a)
}

func TestHandlesAllStops(t *testing.T) {
	a := combinators.NewHandles(heap[int]())
	for i := range 5 {
		if _, err := a.Insert(i); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for h := range a.All() {
		a.Remove(h)
		if n++; n == 2 {
			break
		}
	}
	if a.Len() != 3 {
		t.Errorf("%d values are left, want 3", a.Len())
	}
}

func BenchmarkHandles(b *testing.B) {
	b.Run("Get", func(b *testing.B) {
		a := combinators.NewHandles(combinators.NewSlab(allocator.Heap[element]{}, 1000))
		var keys [1000]combinators.Handle[element]
		for i := range keys {
			keys[i], _ = a.Insert(element{})
		}
		for i := range b.N {
			sink, _ = a.Get(keys[uint(i)%1000])
		}
	})
	b.Run("Get/peer=map", func(b *testing.B) {
		a := map[uint64]*element{}
		for i := range uint64(1000) {
			a[i] = new(element)
		}
		for i := range b.N {
			sink = a[uint64(i)%1000]
		}
	})
	b.Run("Insert", func(b *testing.B) {
		b.ReportAllocs()
		a := combinators.NewHandles(combinators.NewSlab(allocator.Heap[element]{}, 1000))
		for range b.N {
			h, err := a.Insert(element{})
			if err != nil {
				b.Fatal(err)
			}
			a.Remove(h)
		}
	})
	b.Run("Insert/peer=map", func(b *testing.B) {
		b.ReportAllocs()
		a := map[uint64]*element{}
		for i := range b.N {
			a[uint64(i)] = new(element)
			delete(a, uint64(i))
		}
	})
}
