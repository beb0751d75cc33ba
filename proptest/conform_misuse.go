package proptest

import (
	"fmt"
	"slices"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// A misuser runs programs that do with slices whatever Go lets them, and release
// what they have wherever they like: blocks that append has moved, parts of
// blocks, slices of the Go heap, blocks of another allocator. No such program may
// get a slice that reaches beyond its storage, or one that shares storage with
// another that it has and has not released. Only this it does not do: release
// the same storage twice.
//
// What it releases wrongly it has no more, whether that panicked or not.
type misuser[T any] struct {
	plan    plan[T]
	layout  *layout
	sides   [2]*side[T]
	live    []*holding[T]
	guards  []*holding[T] // what lies before and behind slices of the Go heap
	heap    [][]T         // those, for good
	unknown [][]T         // what allocators with storage of their own gave that keep no books
	wrong   []int         // the capacities of what was released wrongly
	count   int           // of steps, and so the last one's number
	seeds   uint64
	text    []string
	steps   []misstep
}

// A side is one of the two allocators of a program.
type side[T any] struct {
	name  string
	books *books[T]
	a     allocator.Allocator[T]
}

// A holding is a slice that a program has, and the storage that it stands for.
type holding[T any] struct {
	number int
	whole  []T // as it was handed out, up to its capacity
	view   []T // what the program has of it
	from   int // which side it is from; goHeap
	seed   uint64
	points *pointee
}

const goHeap = -1

func (h *holding[T]) String() string { return fmt.Sprintf("s%d", h.number) }

// block reports whether the program has all of the block still.
func (h *holding[T]) block() bool {
	return address(h.view) == address(h.whole) && cap(h.view) == cap(h.whole)
}

// A misstep is a step of such a program.
type misstep struct {
	what    misstepKind
	number  int // of the holding that it makes, if it does
	side    int
	on      int // the number of a holding
	n       int // how many values
	i, j, k int // of a reslice
}

type misstepKind uint8

const (
	misAllocate misstepKind = iota
	misRelease
	misAppend
	misAppendWith // allocator.Append
	misGrow
	misClone
	misReslice
	misResize
	misMake
	misTrim
)

// misuses draws and runs a program on what a tree builds.
func misuses[T any](t *rapid.T, on *tree[T]) *found {
	m := newMisuser(on.plan())
	f := failureOf(func() {
		defer m.close()
		m.open()
		t.Repeat(map[string]func(*rapid.T){"act": func(t *rapid.T) { m.do(m.draw(t)) }})
		// What poisoned a cache shows when it is handed out.
		for _, n := range m.wrong[max(0, len(m.wrong)-4):] {
			for _, n := range []int{max(n, 1), n + n/8 + 1} {
				m.count++
				m.do(misstep{what: misAllocate, number: m.count, n: n})
			}
		}
	})
	if f == nil {
		return nil
	}
	return &found{f, func(until time.Time) *failure { return smallerMisuse(on, m.steps, f, until) }}
}

// smallerMisuse makes a program that failed smaller, as smallerProgram does.
func smallerMisuse[T any](on *tree[T], steps []misstep, f *failure, until time.Time) *failure {
	fails := func(tree *tree[T], try []misstep) bool {
		if !time.Now().Before(until) {
			return false
		}
		again := replayMisuse(tree.plan(), try)
		if again == nil || again.property != f.property {
			return false
		}
		on, steps, f = tree, try, again
		return true
	}
	for again := true; again; {
		before := len(steps)
		fewer(steps, until, func(steps []misstep) bool { return fails(on, steps) })
		again = len(steps) < before
		for on.simpler(func(tree *tree[T]) bool { return fails(tree, steps) }) {
			again = true
		}
		for i := range steps {
			smallerInt(steps[i].n, 1, func(n int) bool {
				changed := slices.Clone(steps)
				changed[i].n = n
				smaller := fails(on, changed)
				again = again || smaller
				return smaller
			})
		}
	}
	// Without those that were left out the numbers have gaps.
	numbers := map[int]int{}
	renumbered := slices.Clone(steps)
	for i, s := range steps {
		renumbered[i].on = numbers[s.on]
		if s.what != misRelease && s.what != misReslice && s.what != misTrim {
			numbers[s.number] = len(numbers) + 1
			renumbered[i].number = numbers[s.number]
		}
	}
	fails(on, renumbered)
	return f
}

func replayMisuse[T any](p plan[T], steps []misstep) *failure {
	m := newMisuser(p)
	return failureOf(func() {
		defer m.close()
		m.open()
		for _, s := range steps {
			m.do(s)
		}
	})
}

func newMisuser[T any](p plan[T]) *misuser[T] { return &misuser[T]{plan: p, layout: layoutOf[T]()} }

func (m *misuser[T]) open() {
	for i := range m.sides {
		b := blankBooks[T]()
		b.within = m.within
		s := &side[T]{name: string(rune('a' + i)), books: b}
		m.sides[i] = s
		if p := try(func() { s.a = m.plan.build(b) }); p != "" {
			m.fail(noPanic, "building the allocator panics: %s", p)
		}
	}
}

func (m *misuser[T]) close() {
	for _, s := range m.sides {
		if s != nil {
			s.books.close()
		}
	}
}

func (m *misuser[T]) fail(p Property, format string, args ...any) {
	on := ""
	if s := m.sides[0]; s != nil && s.a != nil {
		on = s.books.describe(s.a)
	}
	panic(&failure{p, fmt.Sprintf(format, args...), on, m.text})
}

func (m *misuser[T]) write(format string, args ...any) {
	m.text = append(m.text, fmt.Sprintf(format, args...))
}

func (m *misuser[T]) remark(what string) { m.text[len(m.text)-1] += " // " + what }

// call calls an allocator and reports whether it returned. If it did not, it saw
// the misuse.
func (m *misuser[T]) call(f func()) (returned bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *allocator.MisuseError:
			m.remark("a MisuseError")
		case *failure:
			panic(r)
		default:
			m.fail(misuseIsHarmless, "panics with something else than a *MisuseError: %s", addresses.ReplaceAllString(fmt.Sprint(r), "0x…"))
		}
	}()
	f()
	return true
}

// draw draws a step.
func (m *misuser[T]) draw(t *rapid.T) misstep {
	kinds := []misstepKind{
		misAllocate, misAllocate, misAllocate, misRelease, misRelease, misRelease, misRelease,
		misAppend, misAppend, misReslice, misReslice, misResize, misAppendWith, misGrow, misClone, misMake, misTrim,
	}
	m.count++
	s := misstep{number: m.count, what: kinds[rapid.IntRange(0, len(kinds)-1).Draw(t, "what")]}
	if rapid.IntRange(0, 4).Draw(t, "side") == 4 {
		s.side = 1
	}
	if len(m.live) == 0 && s.what != misMake && s.what != misTrim {
		s.what = misAllocate
	}
	switch s.what {
	case misAllocate, misMake:
		s.n = size[T](t)
		return s
	case misTrim:
		return s
	}
	h := m.live[rapid.IntRange(0, len(m.live)-1).Draw(t, "slice")]
	s.on = h.number
	room := cap(h.view) - len(h.view)
	switch s.what {
	case misAppend, misAppendWith, misGrow:
		s.n = rapid.SampledFrom([]int{1, room, room + 1, 9}).Draw(t, "more")
	case misReslice:
		s.i = rapid.IntRange(0, min(2, cap(h.view))).Draw(t, "from")
		s.j = rapid.IntRange(s.i, cap(h.view)).Draw(t, "to")
		s.k = cap(h.view)
		if rapid.Bool().Draw(t, "three-index") {
			s.k = rapid.IntRange(s.j, cap(h.view)).Draw(t, "cap")
		}
	case misResize:
		s.n = size[T](t)
	}
	return s
}

// do does a step. It leaves out what is about a slice that is not there, as in a
// program that was made smaller.
func (m *misuser[T]) do(s misstep) {
	m.steps = append(m.steps, s)
	on := m.sides[s.side]
	h := m.find(s.on)
	if h == nil && s.on != 0 {
		return
	}
	switch s.what {
	case misAllocate:
		m.allocate(s, on)
	case misMake:
		m.write("s%d := make([]T, %d)", s.number, s.n)
		m.onHeap(s.number, s.n, s.n)
	case misTrim:
		if t, ok := on.a.(allocator.Trimmer); ok {
			m.write("%s.Trim()", on.name)
			m.call(t.Trim)
		}
	case misAppend:
		m.append(s, h)
	case misReslice:
		k := min(s.k, cap(h.view))
		i, j := min(s.i, k), min(s.j, k)
		m.write("%v = %v[%d:%d:%d]", h, h, i, j, k)
		h.view = h.view[i:j:k]
	case misRelease:
		m.release(s, on, h)
	case misResize:
		m.resize(s, on, h)
	case misAppendWith, misGrow:
		m.extend(s, on, h)
	case misClone:
		m.write("s%d, err := allocator.Clone(%s, %v)", s.number, on.name, h)
		var r []T
		var err error
		if m.call(func() { r, err = allocator.Clone(on.a, h.view) }) && err == nil && cap(r) != 0 {
			m.adopt(s.number, r, s.side)
		}
	}
	m.check()
}

func (m *misuser[T]) find(number int) *holding[T] {
	for _, h := range m.live {
		if h.number == number {
			return h
		}
	}
	return nil
}

func (m *misuser[T]) allocate(s misstep, on *side[T]) {
	m.write("s%d, err := %s.Allocate(%d)", s.number, on.name, s.n)
	var r []T
	var err error
	switch {
	case !m.call(func() { r, err = on.a.Allocate(s.n) }):
	case err != nil:
		m.remark(err.Error())
	case wrongSize(r, s.n):
		m.fail(rightSize, "Allocate(%d) has len %d and cap %d", s.n, len(r), cap(r))
	default:
		m.adopt(s.number, r, s.side)
	}
}

// append does what append does.
func (m *misuser[T]) append(s misstep, h *holding[T]) {
	n := s.n
	m.write("%v = append(%v, make([]T, %d)...)", h, h, n)
	if n <= cap(h.view)-len(h.view) {
		h.view = h.view[:len(h.view)+n]
		return
	}
	m.text[len(m.text)-1] = fmt.Sprintf("s%d := append(%v, make([]T, %d)...) // moves to the Go heap", s.number, h, n)
	grown := append(h.view, make([]T, n)...)
	m.onHeap(s.number, len(grown), cap(grown))
}

// onHeap makes a slice of the Go heap. What lies before and behind it is the
// program's too, and nothing of it may change.
func (m *misuser[T]) onHeap(number, n, capacity int) {
	const margin = 16
	storage := make([]T, margin+capacity+margin)
	m.heap = append(m.heap, storage[margin:][:capacity:capacity])
	for _, s := range [][]T{storage[:margin:margin], storage[margin+capacity:]} {
		g := &holding[T]{whole: s}
		m.fill(g)
		m.guards = append(m.guards, g)
	}
	m.adopt(number, storage[margin:][:n:capacity], goHeap)
}

func (m *misuser[T]) release(s misstep, on *side[T], h *holding[T]) {
	m.write("%s.Deallocate(%v)", on.name, h)
	if cap(h.view) != 0 {
		m.drop(h, s.side)
	}
	m.call(func() { on.a.Deallocate(h.view) })
}

// drop makes a holding one that the program has no more.
func (m *misuser[T]) drop(h *holding[T], side int) {
	if h.from != side || !h.block() {
		m.wrong = append(m.wrong, cap(h.view))
	}
	for i := range m.live {
		if m.live[i] == h {
			m.live = append(m.live[:i], m.live[i+1:]...)
			return
		}
	}
}

func (m *misuser[T]) resize(s misstep, on *side[T], h *holding[T]) {
	resizer, is := on.a.(allocator.Resizer[T])
	if !is {
		return
	}
	m.write("s%d, ok := %s.Resize(%v, %d)", s.number, on.name, h, s.n)
	var r []T
	var ok bool
	switch {
	case !m.call(func() { r, ok = resizer.Resize(h.view, s.n) }):
		m.drop(h, s.side)
	case !ok:
		m.remark("false")
	case address(r) != address(h.view) || len(r) != s.n || cap(r) < s.n:
		m.fail(resizesInPlace, "Resize to %d values has len %d and cap %d, and moved: %v", s.n, len(r), cap(r), address(r) != address(h.view))
	default:
		m.drop(h, s.side)
		m.adopt(s.number, r, s.side)
	}
}

// extend calls allocator.Append or Grow.
func (m *misuser[T]) extend(s misstep, on *side[T], h *holding[T]) {
	in := s.n <= cap(h.view)-len(h.view)
	var r []T
	var err error
	f := func() { r, err = allocator.Grow(on.a, h.view, s.n) }
	if s.what == misAppendWith {
		m.write("s%d, err := allocator.Append(%s, %v, make([]T, %d)...)", s.number, on.name, h, s.n)
		f = func() { r, err = allocator.Append(on.a, h.view, make([]T, s.n)...) }
	} else {
		m.write("s%d, err := allocator.Grow(%s, %v, %d)", s.number, on.name, h, s.n)
	}
	switch {
	case !m.call(f):
		m.drop(h, s.side)
	case err != nil:
		m.remark(err.Error())
		if address(r) != address(h.view) || len(r) != len(h.view) || cap(r) != cap(h.view) {
			m.fail(failureChangesNothing, "what failed returns another slice")
		}
	case in:
		h.view = r
		m.refill(h) // what was appended is written
	default:
		m.drop(h, s.side)
		m.adopt(s.number, r, s.side)
	}
}

// adopt checks where a slice lies that the program gets, and gives it contents.
func (m *misuser[T]) adopt(number int, s []T, from int) {
	h := &holding[T]{number: number, whole: s[:cap(s)], view: s, from: from}
	for _, other := range append(m.guards, m.live...) {
		if overlap(other.whole, h.whole) {
			if other.number == 0 {
				m.fail(misuseIsHarmless, "%v, with room for %d values, reaches beyond its storage", h, cap(s))
			}
			m.fail(misuseIsHarmless, "%v, with room for %d values, shares storage with %v", h, cap(s), other)
		}
	}
	if !m.inside(h.whole) && (!m.plan.claims.OwnStorage || m.touches(h.whole)) {
		m.fail(misuseIsHarmless, "%v, with room for %d values, reaches beyond its storage", h, cap(s))
	}
	if !m.inside(h.whole) {
		m.unknown = append(m.unknown, h.whole)
	}
	m.fill(h)
	m.live = append(m.live, h)
}

func (m *misuser[T]) fill(h *holding[T]) {
	m.seeds++
	h.seed = m.seeds
	if len(m.layout.pointers) != 0 {
		h.points = new(pointee)
	}
	m.refill(h)
}

func (m *misuser[T]) refill(h *holding[T]) {
	m.layout.fill(unsafe.Pointer(unsafe.SliceData(h.whole)), len(h.whole), h.seed, h.points)
}

// inside reports whether s lies in storage that somebody gave.
func (m *misuser[T]) inside(s []T) bool {
	for _, side := range m.sides {
		if side == nil {
			continue
		}
		if g, _ := side.books.holds(s); g != nil {
			return true
		}
		for _, own := range side.books.own {
			if contains(own, s) {
				return true
			}
		}
	}
	for _, heap := range m.heap {
		if contains(heap, s) {
			return true
		}
	}
	return false
}

// touches reports whether s lies in known storage in part.
func (m *misuser[T]) touches(s []T) bool {
	for _, side := range m.sides {
		for _, g := range side.books.grants {
			if overlap(g.storage, s) {
				return true
			}
		}
		for _, own := range side.books.own {
			if overlap(own, s) {
				return true
			}
		}
	}
	for _, heap := range m.heap {
		if overlap(heap, s) {
			return true
		}
	}
	return false
}

// within reports whether s lies in storage that the program has had from somebody.
func (m *misuser[T]) within(s []T) bool {
	for _, whole := range m.unknown {
		if contains(whole, s) {
			return true
		}
	}
	return m.inside(s)
}

func contains[T any](whole, s []T) bool {
	var zero T
	size := unsafe.Sizeof(zero)
	return address(whole) <= address(s) && address(s)+uintptr(cap(s))*size <= address(whole)+uintptr(cap(whole))*size
}

// check checks that all that the program has is as it was.
func (m *misuser[T]) check() {
	for _, s := range m.sides {
		for _, w := range s.books.wrong {
			m.fail(w.property, "%s", w.text)
		}
	}
	for _, h := range m.guards {
		if m.changed(h) {
			m.fail(misuseIsHarmless, "what lies beside a slice of the Go heap was written to")
		}
	}
	for _, h := range m.live {
		if m.changed(h) {
			m.fail(misuseIsHarmless, "the contents of %v, which is live, have changed", h)
		}
	}
}

func (m *misuser[T]) changed(h *holding[T]) (is bool) {
	if try(func() {
		_, is = m.layout.changed(unsafe.Pointer(unsafe.SliceData(h.whole)), len(h.whole), h.seed, uintptr(unsafe.Pointer(h.points)))
	}) != "" {
		return true // its storage is gone
	}
	return is
}

// misused is what a leaf does with a block that is not its own: it panics, or
// does what the Go heap does.
func (l *leaf[T]) misused(s []T) {
	b := l.books
	if !b.within(s) {
		b.blame(misuseIsHarmless, "%v got %d values, which reach beyond their storage", l, cap(s))
		return
	}
	if l.able&ownsBlocks != 0 {
		panic(allocator.Misuse(l, allocator.SameBlock, s, "not a block of this leaf"))
	}
	if b.clears {
		clear(s[:cap(s)])
	}
}

// An accounted one is an allocator with storage of its own of which the books keep
// account.
type accounted[T any] struct {
	allocator.Allocator[T]
	books *books[T]
	gone  bool // what is released is not there any more
}

func (a *accounted[T]) Allocate(n int) ([]T, error) {
	s, err := a.Allocator.Allocate(n)
	if cap(s) != 0 {
		a.books.own = append(a.books.own, s[:cap(s)])
	}
	return s, err
}

func (a *accounted[T]) Deallocate(s []T) {
	if cap(s) != 0 && !a.books.within(s) {
		a.books.blame(misuseIsHarmless, "%v got %d values, which reach beyond their storage", a, cap(s))
		return
	}
	a.Allocator.Deallocate(s)
	for i, own := range a.books.own {
		if a.gone && cap(s) != 0 && address(own) == address(s) {
			a.books.own = append(a.books.own[:i], a.books.own[i+1:]...)
			return
		}
	}
}

func (a *accounted[T]) Owns(s []T) bool {
	o, ok := allocator.AsOwner(a.Allocator)
	return ok && o.Owns(s)
}

func (a *accounted[T]) GoodSize(n int) int {
	if s, ok := a.Allocator.(allocator.Sizer); ok {
		return s.GoodSize(n)
	}
	return n
}

func (a *accounted[T]) Capable(c allocator.Capability) bool {
	_, owns := allocator.AsOwner(a.Allocator)
	return c == allocator.CanOwn && owns || c == allocator.CanZero && allocator.GivesZeros(a.Allocator)
}

func (a *accounted[T]) String() string { return allocator.Describe(a.Allocator) }
