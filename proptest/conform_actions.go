package proptest

import (
	"math"
	"math/bits"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// actions are what a program is made of, with their weights: an action is
// drawn as often as it is listed. The harmless ones come first, because a
// failing program shrinks towards them.
func (m *machine[T]) actions() []func(*rapid.T) {
	return []func(*rapid.T){
		m.actAllocate, m.actAllocate, m.actAllocate, m.actAllocate, m.actAllocate, m.actAllocate,
		m.actDeallocate, m.actDeallocate, m.actDeallocate, m.actDeallocate,
		m.actResize, m.actResize,
		m.actTrim, m.actAllocateNothing, m.actAllocateLess, m.actAllocateMore,
		m.actAsk, m.actReset, m.actCollect, m.actCollectOften,
	}
}

// run runs a random program and ends it.
func (m *machine[T]) run() {
	actions := m.actions()
	m.t.Repeat(map[string]func(*rapid.T){
		"act": func(t *rapid.T) { actions[rapid.IntRange(0, len(actions)-1).Draw(t, "what")](t) },
		"": func(*rapid.T) {
			for _, b := range m.live {
				m.intact(contents, b)
			}
		},
	})
	m.finish()
}

// size draws the size of a request: small ones, those round powers of two, any.
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

func (m *machine[T]) actAllocate(t *rapid.T) { m.allocate(size[T](t), false) }

func (m *machine[T]) actDeallocate(t *rapid.T) {
	b := m.pick(t)
	if b == nil {
		return
	}
	m.deallocate(b, length(t, b), false)
}

// length draws how much of a block is passed on as the length: any length is
// right.
func length[T any](t *rapid.T, b *block[T]) int {
	if cut := rapid.IntRange(0, 3).Draw(t, "cut"); cut == 3 {
		return rapid.IntRange(0, len(b.s)).Draw(t, "len")
	}
	return b.n
}

// actAllocateNothing asks for an empty block and releases it, and others.
func (m *machine[T]) actAllocateNothing(*rapid.T) {
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

// actAllocateLess asks for less than nothing.
func (m *machine[T]) actAllocateLess(t *rapid.T) {
	n := rapid.SampledFrom([]int{-1, -2, -largest[T](), math.MinInt + 1, math.MinInt}).Draw(t, "n")
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

// actAllocateMore asks for more than any machine has.
func (m *machine[T]) actAllocateMore(t *rapid.T) {
	if m.layout.size == 0 {
		m.deallocateIf(m.allocate(math.MaxInt, false))
		return
	}
	n := rapid.SampledFrom([]int{math.MaxInt, math.MaxInt - 1, math.MaxInt/2 + 2, math.MaxInt / 3, math.MaxInt>>16 + 1}).Draw(t, "n")
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

func (m *machine[T]) deallocateIf(b *block[T]) {
	if b != nil {
		m.deallocate(b, b.n, false)
	}
}

func (m *machine[T]) actResize(t *rapid.T) {
	if m.resizer == nil || len(m.live) == 0 {
		return
	}
	b := m.pick(t)
	n := size[T](t)
	if rapid.IntRange(0, 7).Draw(t, "edge") == 7 {
		n = rapid.SampledFrom([]int{0, -1, math.MinInt, math.MaxInt}).Draw(t, "edge size")
	}
	m.resize(b, length(t, b), n)
}

// resize resizes a live block, of which it passes on some length.
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
	m.steps = append(m.steps, step{what: stepResize, block: b.number, n: n, length: length, failed: !ok})
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

func (m *machine[T]) actTrim(*rapid.T) {
	if m.trimmer != nil {
		m.trim()
	}
}

func (m *machine[T]) trim() {
	m.write("a.Trim()")
	values := m.books.values
	m.steps = append(m.steps, step{what: stepTrim})
	m.call(m.trimmer.Trim)
	if m.books.values > values {
		m.fail(usableAfterTrim, "Trim took %d values from the parent", m.books.values-values)
	}
}

func (m *machine[T]) actReset(t *rapid.T) {
	if m.resetter != nil && rapid.IntRange(0, 2).Draw(t, "really") == 2 {
		m.reset()
	}
}

func (m *machine[T]) reset() {
	m.write("a.Reset()")
	for len(m.live) != 0 {
		m.forget(m.live[0])
	}
	m.last = nil
	m.steps = append(m.steps, step{what: stepReset})
	m.call(m.resetter.Reset)
}

// Storage of this package that no allocator hands out, and that stays where it
// is.
var static struct {
	_     [8]uint64
	bytes [1 << 13]byte
}

// actAsk asks questions that change nothing.
func (m *machine[T]) actAsk(t *rapid.T) {
	if m.sizer != nil {
		n := rapid.OneOf(rapid.IntRange(0, 4*largest[T]()), rapid.SampledFrom([]int{1 << 20, math.MaxInt - 1, math.MaxInt})).Draw(t, "n")
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
	another := m.plan.build(newBooks[T](m.t))
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
