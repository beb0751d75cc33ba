package proptest

import (
	"math"
	"math/bits"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// machineKinds are what a program is made of. A kind is drawn as often as it is listed.
// The harmless ones come first, because they are drawn more often.
var machineKinds = []stepKind{
	stepAllocate, stepAllocate, stepAllocate, stepAllocate, stepAllocate, stepAllocate,
	stepDeallocate, stepDeallocate, stepDeallocate, stepDeallocate,
	stepResize, stepResize,
	stepTrim, stepAllocateNothing, stepAllocateLess, stepAllocateMore,
	stepAsk, stepReset, stepCollect, stepCollectOften,
}

// machineRuns draws and runs a program on what a tree builds.
func machineRuns[T any](t *rapid.T, on *tree[T]) *found {
	m := newMachine(on.plan())
	var e *ending
	f := failureOf(func() {
		defer m.close()
		m.open()
		t.Repeat(map[string]func(*rapid.T){"act": func(t *rapid.T) { m.act(m.draw(t, machineKinds)) }})
		e = drawEnding[T](t)
		m.finish(*e)
	})
	if f == nil {
		return nil
	}
	return &found{f, func(until time.Time) *failure {
		return smallerProgram(program[T]{on, m.drawn, e}, f, until, replayProgram)
	}}
}

// act does a step and checks that all blocks are as they were.
func (m *machine[T]) act(s step) {
	m.drawn = append(m.drawn, s)
	m.do(s)
	for _, b := range m.live {
		m.intact(contents, b)
	}
}

// draw draws a step.
func (m *machine[T]) draw(t *rapid.T, kinds []stepKind) step {
	s := step{what: kinds[rapid.IntRange(0, len(kinds)-1).Draw(t, "what")]}
	switch s.what {
	case stepAllocate:
		m.numbers++
		s.block, s.n = m.numbers, size[T](t)
		s.hoard = rapid.IntRange(0, 2).Draw(t, "trim if refused") == 2
	case stepDeallocate, stepResize:
		b := m.pick(t)
		if b == nil {
			break
		}
		s.block, s.length = b.number, length(t, b)
		if s.what == stepResize {
			s.n = size[T](t)
			if rapid.IntRange(0, 7).Draw(t, "edge") == 7 {
				s.n = rapid.SampledFrom([]int{0, -1, math.MinInt, math.MaxInt}).Draw(t, "edge size")
			}
		}
	case stepAllocateLess:
		s.n = rapid.SampledFrom([]int{-1, -2, -largest[T](), math.MinInt + 1, math.MinInt}).Draw(t, "n")
	case stepAllocateMore:
		s.n = rapid.SampledFrom([]int{math.MaxInt, math.MaxInt - 1, math.MaxInt/2 + 2, math.MaxInt / 3, math.MaxInt>>16 + 1}).Draw(t, "n")
	case stepAsk:
		s.n = rapid.OneOf(rapid.IntRange(0, 4*largest[T]()), rapid.SampledFrom([]int{1 << 20, math.MaxInt - 1, math.MaxInt})).Draw(t, "n")
	case stepReset, stepCollectOften: // which slows a program down a lot
		s.skip = rapid.IntRange(0, 3).Draw(t, "really") != 3
		if s.what == stepCollectOften {
			s.n = rapid.IntRange(1, 4).Draw(t, "procs")
		}
	}
	return s
}

// size draws the size of a request: a small one, one around a power of two, or
// any.
func size[T any](t *rapid.T) int {
	most := largest[T]()
	switch rapid.IntRange(0, 3).Draw(t, "kind of size") {
	case 0, 1:
		return rapid.IntRange(1, min(8, most)).Draw(t, "n")
	case 2:
		power := rapid.IntRange(1, bits.Len(uint(most))-1).Draw(t, "power")
		return min(most, max(1, 1<<power+rapid.IntRange(-1, 1).Draw(t, "off")))
	}
	return rapid.IntRange(1, most).Draw(t, "n")
}

// pick draws a live block. It is nil if there is none.
func (m *machine[T]) pick(t *rapid.T) *block[T] {
	if len(m.live) == 0 {
		return nil
	}
	return m.live[rapid.IntRange(0, len(m.live)-1).Draw(t, "block")]
}

// length draws how much of a block is passed on as the length: any length is
// right.
func length[T any](t *rapid.T, b *block[T]) int {
	if cut := rapid.IntRange(0, 3).Draw(t, "cut"); cut == 3 {
		return rapid.IntRange(0, len(b.s)).Draw(t, "len")
	}
	return b.n
}

// allocateNothing asks for an empty block and releases it, and others.
func (m *machine[T]) allocateNothing() {
	m.write("s, err := a.Allocate(0); a.Deallocate(s); a.Deallocate(nil)")
	var s []T
	var err error
	values := m.books.values
	m.call(func() { s, err = m.a.Allocate(0) })
	if err != nil || len(s) != 0 || cap(s) != 0 {
		m.fail(emptyBlock, "Allocate(0) has len %d, cap %d and error %v", len(s), cap(s), err)
	}
	m.call(func() { m.a.Deallocate(s) })
	m.call(func() { m.a.Deallocate(nil) })
	m.call(func() { m.a.Deallocate([]T{}) })
	if len(m.live) != 0 {
		b := m.live[0]
		m.call(func() { m.a.Deallocate(b.s[:0:0]) }) // empty, and starts at a live block
	}
	if m.books.values != values {
		m.fail(emptyBlock, "an empty block took %d values from the parent", m.books.values-values)
	}
}

// allocateLess asks for less than nothing.
func (m *machine[T]) allocateLess(n int) {
	m.write("a.Allocate(%d)", n)
	var s []T
	var err error
	values := m.books.values
	if p := try(func() { s, err = m.a.Allocate(n) }); p != "" {
		m.fail(negativeSize, "Allocate(%d) panics: %s", n, p)
	}
	if err == nil {
		m.fail(negativeSize, "Allocate(%d) has len %d and no error", n, len(s))
	}
	m.failed(n, s, err, values, -1)
}

// allocateMore asks for more than any machine has.
func (m *machine[T]) allocateMore(n int) {
	if m.layout.size == 0 {
		if b := m.allocate(-1, math.MaxInt); b != nil {
			m.deallocate(b, b.n, false)
		}
		return
	}
	if uintptr(n) < uintptr(1<<(bits.UintSize-3))/m.layout.size || allocator.CheckSize[T](n) == nil {
		n = math.MaxInt // what a machine may have, as one of 32 bits has 700 MB
	}
	m.write("a.Allocate(%d)", n)
	var s []T
	var err error
	values := m.books.values
	if p := try(func() { s, err = m.a.Allocate(n) }); p != "" {
		m.fail(hugeSize, "Allocate(%d) panics: %s", n, p)
	}
	if err == nil {
		m.fail(hugeSize, "Allocate(%d) has len %d and no error", n, len(s))
	}
	m.failed(n, s, err, values, m.books.refused)
}

// resize resizes a live block, which it passes on with the given length.
func (m *machine[T]) resize(b *block[T], length, n int) {
	if length == b.n {
		m.write("%v, ok := a.Resize(%v, %d)", b, b, n)
	} else {
		m.write("%v, ok := a.Resize(%v[:%d], %d)", b, b, length, n)
	}
	m.last = nil
	old, values := b.s[:length], m.books.values
	var s []T
	var ok bool
	m.call(func() { s, ok = m.resizer.Resize(old, n) })
	m.record(step{what: stepResize, block: b.number, n: n, length: length, failed: !ok})
	if !ok {
		m.remark("false")
		if m.books.values != values {
			m.fail(failureChangesNothing, "Resize, which failed, took %d values from the parent", m.books.values-values)
		}
		m.intact(failureChangesNothing, b)
		return
	}
	if n < 1 || m.layout.size != 0 && n > largest[T]() {
		m.fail(resizesInPlace, "Resize to %d values succeeds", n)
	}
	if len(s) != n || cap(s) < n {
		m.fail(resizesInPlace, "Resize to %d values has len %d and cap %d", n, len(s), cap(s))
	}
	if m.layout.size != 0 && address(s) != address(old) {
		m.fail(resizesInPlace, "Resize moved %v", b)
	}
	kept := min(n, len(old))
	b.s, b.n = s[:cap(s)], n
	if value, is := m.layout.changed(unsafe.Pointer(unsafe.SliceData(s)), kept, b.seed, b.at); is {
		m.fail(resizesInPlace, "value %d of %v changed when it was resized", value, b)
	}
	m.place(b)
	// What was the block's before may have its own pointers still.
	was := min(cap(old), cap(s))
	if value, is := m.layout.strange(unsafe.Pointer(unsafe.SliceData(b.s[kept:])), was-kept, b.at); is {
		m.fail(noStalePointers, "value %d of %v, which was resized, has a pointer that is not its own", kept+value, b)
	}
	added := b.s[was:]
	if value, is := m.layout.stale(unsafe.Pointer(unsafe.SliceData(added)), len(added)); is {
		m.fail(noStalePointers, "value %d of what was added to %v has a pointer", value, b)
	}
	if value, is := m.layout.nonZero(unsafe.Pointer(unsafe.SliceData(added)), len(added)); is && m.claims.Zeroed {
		m.fail(zeroed, "value %d of what was added to %v is not zero", value, b)
	}
	m.values += cap(s) - cap(old)
	if m.claims.Capacity != 0 && m.values > m.claims.Capacity && m.layout.size != 0 {
		m.fail(neverBeyondCapacity, "with the larger %v, %d values are live; the capacity is %d", b, m.values, m.claims.Capacity)
	}
	// What is cut off must keep nothing alive, what is left must.
	if b.at != 0 && cap(s) < cap(old) {
		m.released = append(m.released, b.points)
	}
	m.fill(b)
	m.owned(b)
}

func (m *machine[T]) trim() {
	m.write("a.Trim()")
	values := m.books.values
	m.record(step{what: stepTrim})
	m.call(m.trimmer.Trim)
	if m.books.values > values {
		m.fail(usableAfterTrim, "Trim took %d values from the parent", m.books.values-values)
	}
}

func (m *machine[T]) reset() {
	m.write("a.Reset()")
	for len(m.live) != 0 {
		m.forget(m.live[0])
	}
	m.last = nil
	m.record(step{what: stepReset})
	m.call(m.resetter.Reset)
}

// static is storage of this package that no allocator hands out, and that stays
// where it is.
var static struct {
	_     [8]uint64
	bytes [1 << 13]byte
}

// ask calls the methods that change nothing.
func (m *machine[T]) ask(n int) {
	if m.sizer != nil {
		m.write("a.GoodSize(%d)", n)
		var got int
		m.call(func() { got = m.sizer.GoodSize(n) })
		if got < n {
			m.fail(goodSize, "GoodSize(%d) is %d", n, got)
		}
	}
	if m.owner == nil || m.layout.size == 0 {
		return
	}
	m.write("a.Owns(…)")
	var ownsNil, ownsEmpty bool
	m.call(func() { ownsNil, ownsEmpty = m.owner.Owns(nil), m.owner.Owns([]T{}) })
	if ownsNil || ownsEmpty {
		m.fail(owns, "owns an empty slice")
	}
	for _, b := range m.live {
		m.owned(b)
	}
	m.foreign("a block of the Go heap", make([]T, 1))
	if !allocator.HasPointers[T]() && m.layout.size <= uintptr(len(static.bytes)) {
		m.foreign("a variable", unsafe.Slice((*T)(unsafe.Pointer(&static.bytes)), 1))
	}
	another := m.another()
	var s []T
	m.call(func() { s, _ = another.Allocate(1) })
	if cap(s) != 0 {
		m.foreign("a block of another such allocator", s)
		m.call(func() { another.Deallocate(s) })
	}
}

func (m *machine[T]) foreign(what string, s []T) {
	var yes bool
	m.call(func() { yes = m.owner.Owns(s) })
	if yes {
		m.fail(ownsNothingForeign, "owns %s", what)
	}
}

// another returns another such allocator.
func (m *machine[T]) another() allocator.Allocator[T] {
	b := blankBooks[T]()
	m.closers = append(m.closers, b.close)
	return m.plan.build(b)
}
