package combinators_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// TestPrograms runs random programs on random compositions.
func TestPrograms(t *testing.T) {
	type cell struct {
		id    int
		owner *int
	}
	rapid.Check(t, func(t *rapid.T) {
		parent := newSource[cell](t)
		if rapid.Bool().Draw(t, "limited") {
			parent.limit = rapid.IntRange(1, 200).Draw(t, "limit")
		}
		parent.extra = rapid.IntRange(0, 5).Draw(t, "extra")
		var a allocator.Allocator[cell] = parent
		for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{
			"slot", "slots", "recycling", "sharded", "scoped", "lock", "stats", "fallback", "segregator", "buckets", "cascade",
			"limit", "quantizer", "aligned", "zeroed", "checked", "guarded",
		}), 1, 4).Draw(t, "layers") {
			switch name {
			case "slot":
				a = combinators.NewSingleSlot(a)
			case "slots":
				a = combinators.NewSlots(a, rapid.IntRange(0, 4).Draw(t, "count"))
			case "scoped":
				a = combinators.NewScoped(a)
			case "recycling":
				a = combinators.NewRecycling(a, rapid.IntRange(0, 80).Draw(t, "keep"))
			case "lock":
				a = combinators.NewThreadSafe(a)
			case "stats":
				a = combinators.NewStats(a)
			case "sharded":
				a = combinators.NewSharded(a, rapid.IntRange(0, 80).Draw(t, "keep"))
			case "fallback":
				a = combinators.NewFallback(combinators.NewSlab(a, rapid.IntRange(0, 40).Draw(t, "capacity")), a)
			case "segregator":
				a = combinators.NewSegregator(combinators.NewSingleSlot(a), a, rapid.IntRange(0, 40).Draw(t, "threshold"))
			case "buckets":
				parent, step := a, rapid.IntRange(1, 10).Draw(t, "step")
				last := step * rapid.IntRange(1, 4).Draw(t, "buckets")
				a = combinators.NewSegregator(combinators.NewBuckets(step, last, step, func(int) allocator.Allocator[cell] {
					return combinators.NewSingleSlot(parent)
				}), a, last)
			case "cascade":
				parent, size := a, rapid.IntRange(1, 40).Draw(t, "size")
				a = combinators.NewCascade(func(n int) allocator.Allocator[cell] {
					return combinators.NewSlab(parent, max(n, size))
				})
			case "limit":
				a = combinators.NewLimit(a, 1<<30)
			case "quantizer":
				a = combinators.NewQuantizer(a, eights)
			case "aligned":
				a = combinators.NewAligned(a, 8)
			case "zeroed":
				a = combinators.NewZeroed(a)
			case "checked":
				checked := combinators.NewChecked(a)
				checked.Quarantine = rapid.IntRange(0, 4).Draw(t, "quarantine")
				a = checked
			case "guarded":
				a = combinators.NewGuarded(a, rapid.IntRange(1, 3).Draw(t, "guard"))
			}
		}
		counts := combinators.NewStats(a)

		var live [][]cell
		next := 0
		check := func(s []cell) {
			for i := range s {
				if s[i] != s[0] || *s[0].owner != s[0].id {
					t.Fatalf("%v: the contents of a live block changed", a)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"allocate": func(t *rapid.T) {
				n := rapid.IntRange(-1, 70).Draw(t, "n")
				s, err := counts.Allocate(n)
				if err != nil {
					if s != nil || (n < 0) != errors.Is(err, allocator.ErrSize) {
						t.Fatalf("%v: Allocate(%d) is %d values and error %v", a, n, len(s), err)
					}
					if parent.limit == 0 && n >= 0 {
						t.Fatalf("%v: Allocate(%d) failed without a limit: %v", a, n, err)
					}
					return
				}
				if len(s) != n || cap(s) < n || n == 1 && cap(s) != 1 {
					t.Fatalf("%v: Allocate(%d) has len %d and cap %d", a, n, len(s), cap(s))
				}
				if n == 0 {
					counts.Deallocate(s)
					return
				}
				next++
				s = s[:cap(s)]
				for i := range s {
					if s[i].owner != nil {
						t.Fatalf("%v: a fresh block has a stale pointer", a)
					}
				}
				owner := new(next)
				for i := range s {
					s[i] = cell{next, owner}
				}
				live = append(live, s)
			},
			"deallocate": func(t *rapid.T) {
				if len(live) == 0 {
					return
				}
				i := rapid.IntRange(0, len(live)-1).Draw(t, "i")
				check(live[i])
				counts.Deallocate(live[i][:rapid.IntRange(0, len(live[i])).Draw(t, "len")])
				live = slices.Delete(live, i, i+1)
			},
			"trim": func(*rapid.T) { counts.Trim() },
			"": func(t *rapid.T) {
				if c := counts.Counts(); int(c.Live) != len(live) || c.Peak < c.Live {
					t.Fatalf("%v: %d blocks are live, counts are %v", a, len(live), c)
				}
			},
		})
		for _, s := range live {
			check(s)
			counts.Deallocate(s)
		}
		counts.Trim()
		if parent.count != 0 {
			t.Fatalf("%v: %d values never went back to the parent", a, parent.count)
		}
	})
}
