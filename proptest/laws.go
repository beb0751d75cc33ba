package proptest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// Laws checks that the laws of this module's combinators hold for an allocator:
// that a user cannot tell whether the allocator stands alone or under a layer that
// should change nothing. The laws are
//
//	ThreadSafe(a) ≡ a                    ThreadSafe(ThreadSafe(a)) ≡ ThreadSafe(a)
//	Stats(a) ≡ a                         Trace(a) ≡ a
//	Failing(a), never ≡ a                Checked(a) ≡ a, as far as its user sees
//	Scoped(a) ≡ a                        Zeroed(Zeroed(a)) ≡ Zeroed(a)
//	Limit(a, ∞) ≡ a                      Limit(a, 0) ≡ Null
//	Quantizer(a, identity) ≡ a           Aligned(a, 1) ≡ a
//	Slots(a, 0) ≡ a                      Recycling(a, 0) ≡ a
//	Segregator(a, b, ∞) ≡ a              Segregator(b, a, 0) ≡ a
//	Fallback(Null, a) ≡ a                Fallback(a, Null) ≡ a
//	Fallback(a, Fallback(b, c)) ≡ Fallback(Fallback(a, b), c)
//
// The laws need an allocator that does the same when the same is asked of it again:
// one that claims neither Varies nor Loses, over such a parent. Those with a on the
// left of a Fallback need an Owner. Where that is not so, a plain allocator is
// checked in place of yours.
//
// build and claims are as in [Conform].
func Laws[T any](t *testing.T, build Builder[T], claims ...Claims) {
	t.Helper()
	made := merge(claims)
	for _, l := range laws[T]() {
		t.Run(l.name, func(t *testing.T) {
			t.Helper()
			rapid.Check(t, func(t *rapid.T) {
				below := drawTree[T](t, max(0, rapid.IntRange(-2, 1).Draw(t, "combinators below"))).plan()
				l.check(t, under(below, made, build))
			})
		})
	}
}

// EquivalentCheck returns a property that holds if two allocators cannot be told
// apart. It makes the same calls to both, on equal parents. It compares what they
// return, which part of which of the parent's blocks they hand out, and what they
// ask of the parent. Use it for a fast allocator that must do what a simple one
// does, with rapid.Check or rapid.MakeFuzz.
func EquivalentCheck[T any](left, right Builder[T]) func(*rapid.T) {
	return func(t *rapid.T) {
		below := drawTree[T](t, 0).plan()
		a, b := under(below, Claims{}, left), under(below, Claims{}, right)
		compare(t, a.build, b.build, seeAll)
	}
}

// What of two allocators is compared besides which requests succeed.
type sight uint8

const (
	seeErrors sight = 1 << iota
	seePlaces
	seeCalls
	seeCapabilities
	seeResizes

	seeAll = seeErrors | seePlaces | seeCalls | seeCapabilities | seeResizes
)

// A law says that two expressions are the same for all allocators a, b and c.
// b and c are leaves.
type law[T any] struct {
	name        string
	needsOwner  bool
	sees        sight
	left, right func(a, b, c allocator.Allocator[T]) allocator.Allocator[T]
}

func laws[T any]() []law[T] {
	type of = allocator.Allocator[T]
	alone := func(a, _, _ of) of { return a }
	null := func(_, _, _ of) of { return allocator.Null[T]{} }
	return []law[T]{
		{"ThreadSafe", false, seeAll, func(a, _, _ of) of { return combinators.NewThreadSafe(a) }, alone},
		{"ThreadSafe twice", false, seeAll,
			func(a, _, _ of) of { return combinators.NewThreadSafe(combinators.NewThreadSafe(a)) },
			func(a, _, _ of) of { return combinators.NewThreadSafe(a) }},
		{"Stats", false, seeAll, func(a, _, _ of) of { return combinators.NewStats(a) }, alone},
		{"Trace", false, seeAll, func(a, _, _ of) of { return combinators.NewTrace(a, "law") }, alone},
		{"Failing never", false, seeAll, func(a, _, _ of) of { return combinators.NewFailingAt(a) }, alone},
		{"Checked", false, seeErrors, func(a, _, _ of) of {
			checked := combinators.NewChecked(a)
			checked.Quarantine = 0
			return checked
		}, alone},
		{"Scoped", false, seeErrors | seePlaces | seeCalls, func(a, _, _ of) of { return combinators.NewScoped(a) }, alone},
		{"Zeroed twice", false, seeAll,
			func(a, _, _ of) of { return combinators.NewZeroed(combinators.NewZeroed(a)) },
			func(a, _, _ of) of { return combinators.NewZeroed(a) }},
		{"Limit infinite", false, seeAll, func(a, _, _ of) of { return combinators.NewLimit(a, math.MaxInt) }, alone},
		{"Limit zero", false, 0, func(a, _, _ of) of { return combinators.NewLimit(a, 0) }, null},
		{"Quantizer identity", false, seeErrors | seePlaces | seeCalls,
			func(a, _, _ of) of { return combinators.NewQuantizer(a, func(n int) int { return n }) }, alone},
		{"Aligned to one", false, seeErrors | seePlaces | seeCalls, func(a, _, _ of) of { return combinators.NewAligned(a, 1) }, alone},
		{"Slots none", false, seeErrors | seePlaces | seeCalls, func(a, _, _ of) of { return combinators.NewSlots(a, 0) }, alone},
		{"Recycling none", false, seeErrors | seePlaces | seeCalls, func(a, _, _ of) of { return combinators.NewRecycling(a, 0) }, alone},
		{"Segregator all small", false, seeErrors | seePlaces | seeCalls | seeResizes,
			func(a, b, _ of) of { return combinators.NewSegregator(a, b, math.MaxInt) }, alone},
		{"Segregator all large", false, seeErrors | seePlaces | seeCalls | seeResizes,
			func(a, b, _ of) of { return combinators.NewSegregator(b, a, 0) }, alone},
		{"Fallback from Null", false, seePlaces | seeCalls | seeResizes,
			func(a, _, _ of) of { return combinators.NewFallback(allocator.Allocator[T](allocator.Null[T]{}), a) }, alone},
		{"Fallback to Null", true, seePlaces | seeCalls | seeResizes,
			func(a, _, _ of) of { return combinators.NewFallback(a, allocator.Allocator[T](allocator.Null[T]{})) }, alone},
		{"Fallback associative", true, seeAll,
			func(a, b, c of) of { return combinators.NewFallback(a, of(combinators.NewFallback(b, c))) },
			func(a, b, c of) of { return combinators.NewFallback(of(combinators.NewFallback(a, b)), c) }},
	}
}

// check checks the law for what p builds.
func (l law[T]) check(t *rapid.T, p plan[T]) {
	if p.claims.Varies || p.claims.Loses && !p.claims.UntilReset || l.needsOwner && !p.owns() {
		p = leafPlan[T](rapid.IntRange(1, largest[T]()).Draw(t, "limit"), ownsBlocks)
	}
	side := func(build func(a, b, c allocator.Allocator[T]) allocator.Allocator[T]) func(*books[T]) allocator.Allocator[T] {
		return func(books *books[T]) allocator.Allocator[T] {
			b, c := books.leaf(10, ownsBlocks), books.leaf(0, 0)
			return build(p.build(books), b, c)
		}
	}
	compare(t, side(l.left), side(l.right), l.sees)
}

// A view is one of two allocators that are compared.
type view[T any] struct {
	books *books[T]
	a     allocator.Allocator[T]
	live  [][]T
}

func viewOf[T any](t *rapid.T, build func(*books[T]) allocator.Allocator[T]) *view[T] {
	b := newBooks[T](t)
	b.record = true
	return &view[T]{books: b, a: build(b)}
}

// compare does the same to two allocators.
func compare[T any](t *rapid.T, left, right func(*books[T]) allocator.Allocator[T], sees sight) {
	t.Helper()
	l, r := viewOf(t, left), viewOf(t, right)
	var text []string
	both := func(what string, act func(v *view[T]) string) {
		t.Helper()
		var saw, other string
		if p := try(func() { saw = act(l) + l.calls(sees) }); p != "" {
			saw = "panics: " + p
		}
		if p := try(func() { other = act(r) + r.calls(sees) }); p != "" {
			other = "panics: " + p
		}
		text = append(text, what)
		if saw != other {
			t.Fatal(&failure{
				property: equivalent, text: fmt.Sprintf("%s: left %s, right %s", what, saw, other),
				on: fmt.Sprintf("%s, left, and %s, right", l.books.describe(l.a), r.books.describe(r.a)), program: text,
			})
		}
	}
	if sees&seeCapabilities != 0 {
		both("capabilities", (*view[T]).capabilities)
	}
	t.Repeat(map[string]func(*rapid.T){"act": func(t *rapid.T) {
		switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
		case what < 4:
			n := size[T](t)
			both(fmt.Sprintf("Allocate(%d)", n), func(v *view[T]) string { return v.allocate(n, sees) })
		case what < 7:
			if len(l.live) != 0 {
				i := rapid.IntRange(0, len(l.live)-1).Draw(t, "block")
				both(fmt.Sprintf("Deallocate(live[%d])", i), func(v *view[T]) string { return v.deallocate(i) })
			}
		case what == 7:
			n := rapid.SampledFrom([]int{0, -1, math.MinInt, math.MaxInt}).Draw(t, "n")
			if l.books.layout.size == 0 {
				n = min(n, 1<<20) // more than one of the largest is beyond a limit of as many
			}
			both(fmt.Sprintf("Allocate(%d)", n), func(v *view[T]) string { return v.allocate(n, sees) })
		case what == 8 && sees&seeResizes != 0 && len(l.live) != 0:
			i, n := rapid.IntRange(0, len(l.live)-1).Draw(t, "block"), size[T](t)
			both(fmt.Sprintf("Resize(live[%d], %d)", i, n), func(v *view[T]) string { return v.resize(i, n) })
		case what == 9:
			both("Trim()", (*view[T]).trim)
			if sees&seeCapabilities != 0 && rapid.Bool().Draw(t, "reset") {
				both("Reset()", (*view[T]).reset)
			}
		}
	}})
	for len(l.live) != 0 {
		both("Deallocate(live[0])", func(v *view[T]) string { return v.deallocate(0) })
	}
	both("Trim()", (*view[T]).trim)
}

// calls returns the calls to the leaves since the last time.
func (v *view[T]) calls(sees sight) string {
	calls := v.books.calls
	v.books.calls = nil
	for _, w := range v.books.violations {
		return fmt.Sprintf(", breaks %v: %s", w.property, w.text)
	}
	if sees&seeCalls == 0 || len(calls) == 0 {
		return ""
	}
	return ", after " + strings.Join(calls, ", ")
}

func (v *view[T]) capabilities() string {
	_, owns := allocator.AsOwner(v.a)
	_, resets := allocator.AsResetter(v.a)
	return fmt.Sprintf("owns %v, resets %v", owns, resets)
}

func (v *view[T]) allocate(n int, sees sight) string {
	s, err := v.a.Allocate(n)
	if err != nil {
		switch {
		case sees&seeErrors == 0:
			return "fails"
		case errors.Is(err, allocator.ErrSize):
			return "fails with ErrSize"
		case errors.Is(err, allocator.ErrTooLarge):
			return "fails with ErrTooLarge"
		}
		return "fails with ErrExhausted"
	}
	if n == 0 {
		return "is empty"
	}
	v.live = append(v.live, s)
	if sees&seePlaces == 0 {
		return fmt.Sprintf("has len %d and cap %d", len(s), cap(s))
	}
	return fmt.Sprintf("has len %d and cap %d%s", len(s), cap(s), v.place(s))
}

// place names the storage that s lies in by the order in which the leaves gave
// it.
func (v *view[T]) place(s []T) string {
	g, offset := v.books.holds(s)
	if g == nil || v.books.layout.size == 0 {
		return ""
	}
	return fmt.Sprintf(" at value %d of storage number %d", offset, slices.Index(v.books.grants, g)+1)
}

func (v *view[T]) deallocate(i int) string {
	s := v.live[i]
	v.live = slices.Delete(v.live, i, i+1)
	v.a.Deallocate(s)
	return "returns"
}

func (v *view[T]) resize(i, n int) string {
	r, ok := v.a.(allocator.Resizer[T])
	if !ok {
		return "false"
	}
	s, ok := r.Resize(v.live[i], n)
	if !ok {
		return "false"
	}
	moved := unsafe.SliceData(s) != unsafe.SliceData(v.live[i])
	v.live[i] = s
	return fmt.Sprintf("has len %d and cap %d, moved %v", len(s), cap(s), moved)
}

func (v *view[T]) trim() string {
	if t, ok := v.a.(allocator.Trimmer); ok {
		t.Trim()
	}
	return "returns"
}

func (v *view[T]) reset() string {
	r, ok := allocator.AsResetter(v.a)
	if !ok {
		return "cannot"
	}
	r.Reset()
	v.live = nil
	return "returns"
}
