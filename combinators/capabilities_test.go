package combinators_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A combinator has a capability exactly if its parent has it.
func TestCapabilitiesThatTheParentLacks(t *testing.T) {
	test := func(t *testing.T, a allocator.Allocator[int]) {
		if _, ok := allocator.AsOwner(a); ok {
			t.Error("claims to know what it owns; its parent cannot tell")
		}
		if r, ok := allocator.AsResetter(a); ok {
			t.Error("claims that it can be reset; its parent cannot")
		} else if r != nil {
			t.Error("a Resetter came with the answer no")
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("Reset does not panic; the parent cannot be reset")
				}
			}()
			a.(allocator.Resetter).Reset()
		}()
		s := take(t, a, 3)
		if r, ok := a.(allocator.Resizer[int]); ok {
			if r, ok := r.Resize(s, 2); ok || r != nil {
				t.Error("claims to have resized a block; its parent cannot")
			}
		}
		a.Deallocate(s)
		if g, ok := a.(allocator.Sizer); ok && g.GoodSize(7) != 7 {
			t.Errorf("GoodSize(7) is %d", g.GoodSize(7))
		}
		if a.(allocator.Conditional).Capable(0) {
			t.Error("claims a capability that does not exist")
		}
		a.(allocator.Trimmer).Trim()
	}
	for _, l := range layers[int]() {
		a := l.build(newSource[int](t))
		t.Run(allocator.Describe(a), func(t *testing.T) { test(t, a) })
	}
}

func TestCapabilitiesThatTheParentHas(t *testing.T) {
	for _, l := range layers[int]() {
		parent := newCapableSource[int](t)
		a := l.build(parent)
		s := take(t, a, 3)
		owner, ok := allocator.AsOwner(a)
		if !ok || !owner.Owns(s) || owner.Owns(nil) || owner.Owns(make([]int, 1)) {
			t.Errorf("%v: cannot tell what it owns; its parent can", a)
		}
		if r, ok := a.(allocator.Resizer[int]); ok {
			if _, ok := r.Resize(s, 4); ok {
				t.Errorf("%v: claims to have resized a block; its parent refused", a)
			}
			switch a.(type) {
			case *combinators.Recycling[int], *combinators.Pool[int], *combinators.Sharded[int]:
				// They resize within the sizes of their own.
			default:
				if s, ok = r.Resize(s, 2); !ok || len(s) != 2 {
					t.Errorf("%v: cannot resize a block; its parent can", a)
				}
			}
		}
		a.(allocator.Trimmer).Trim()
		if parent.trims == 0 {
			t.Errorf("%v: Trim did not reach the parent", a)
		}
		resetter, ok := allocator.AsResetter(a)
		if !ok {
			t.Fatalf("%v: cannot be reset; its parent can", a)
		}
		a.Deallocate(s)
		kept := take(t, a, 3)
		a.Deallocate(kept)
		resetter.Reset()
		if again := take(t, a, 3); same(again, kept) {
			t.Errorf("%v: hands out storage that Reset gave back", a)
		}
		if parent.count == 0 {
			t.Errorf("%v: what is handed out after Reset did not come from the parent", a)
		}
	}
}
