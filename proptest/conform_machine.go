package proptest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unsafe"
	"weak"

	"github.com/heirloom-go/heirloom/allocator"
)

// A machine runs a program on an allocator and compares it with a model.
type machine[T any] struct {
	plan   plan[T]
	claims Claims
	layout *layout

	books    *books[T]
	a        allocator.Allocator[T]
	owner    allocator.Owner[T]
	resizer  allocator.Resizer[T]
	resetter allocator.Resetter
	trimmer  allocator.Trimmer
	sizer    allocator.Sizer

	live     []*block[T]
	values   int // in live blocks
	blocks   int // so far
	numbers  int // of the blocks that were drawn
	closers  []func()
	starved  bool // the last request failed because the parent had no more
	released []weak.Pointer[pointee]
	last     []T          // the block that was released last, if nothing happened since
	served   map[int]bool // sizes that were served
	refused  map[int]bool // sizes that were ErrTooLarge
	text     []string     // the program
	drawn    []step       // the same, as it was drawn
	steps    []step       // what of it changed something, or tried to
}

// A block is a live block. What its pointers point to is held by nobody else.
type block[T any] struct {
	number int
	s      []T // all of it, up to its capacity
	n      int // values that were asked for
	seed   uint64
	points weak.Pointer[pointee]
	at     uintptr // where it points
}

func (b *block[T]) String() string {
	if b.number == 0 {
		return "one of the last blocks"
	}
	return fmt.Sprintf("b%d", b.number)
}

// newMachine returns a machine on what p builds. Open it before it is used, and
// close it after that.
func newMachine[T any](p plan[T]) *machine[T] {
	b := blankBooks[T]()
	return &machine[T]{
		plan: p, claims: p.claims, layout: b.layout, books: b, closers: []func(){b.close},
		served: map[int]bool{}, refused: map[int]bool{},
	}
}

// twin returns another machine on what the same plan builds.
func (m *machine[T]) twin() *machine[T] {
	twin := newMachine(m.plan)
	m.closers = append(m.closers, twin.close)
	twin.open()
	return twin
}

func (m *machine[T]) close() {
	for _, f := range m.closers {
		f()
	}
}

func (m *machine[T]) open() {
	b := m.books
	if p := try(func() { m.a = m.plan.build(b) }); p != "" {
		m.fail(noPanic, "building the allocator panics: %s", p)
	}
	m.owner, _ = allocator.AsOwner(m.a)
	m.resetter, _ = allocator.AsResetter(m.a)
	m.resizer, _ = m.a.(allocator.Resizer[T])
	m.trimmer, _ = m.a.(allocator.Trimmer)
	m.sizer, _ = m.a.(allocator.Sizer)
}

// fail ends the run. The message has nothing in it that differs from run to
// run, such as an address.
func (m *machine[T]) fail(p Property, format string, args ...any) {
	panic(&failure{p, fmt.Sprintf(format, args...), m.books.describe(m.a), m.text})
}

// describe returns how a prints, and the parents of those allocators in it that do
// not print theirs. A Cascade may build any number of them.
func (b *books[T]) describe(a any) string {
	const most = 5
	text := describe(a)
	for i, under := range b.under {
		if i == most {
			return text + ", …"
		}
		if !slices.Contains(b.under[:i], under) {
			text += ", with " + under
		}
	}
	return text
}

func describe(a any) (text string) {
	if p := try(func() { text = allocator.Describe(a) }); p != "" {
		return "an allocator that cannot print: " + p
	}
	return text
}

// write adds a line to the program.
func (m *machine[T]) write(format string, args ...any) {
	m.text = append(m.text, fmt.Sprintf(format, args...))
}

// remark adds to the last line of the program.
func (m *machine[T]) remark(format string, args ...any) {
	m.text[len(m.text)-1] += " // " + fmt.Sprintf(format, args...)
}

// try calls f and returns what it panics with, without addresses and the places
// in the code that a misuse names, or nothing.
func try(f func()) (panicked string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *failure:
			panic(r)
		case *allocator.MisuseError:
			problem, _, _ := strings.Cut(r.Problem, "\n")
			panicked = fmt.Sprintf("%s: a block of %d × %s: %s", r.Allocator, r.Len, r.Type, problem)
		case interface{ Addr() uintptr }:
			panicked = "touches memory that is not there"
		default:
			panicked = addresses.ReplaceAllString(fmt.Sprint(r), "0x…")
		}
	}()
	f()
	return ""
}

var addresses = regexp.MustCompile(`0x[0-9a-f]+`)

// call calls the allocator and checks what holds after every call.
func (m *machine[T]) call(f func()) {
	if p := try(f); p != "" {
		m.fail(noPanic, "%s", p)
	}
	for _, w := range m.books.violations {
		m.fail(w.property, "%s", w.text)
	}
}

// allocate asks for n values and returns the block, or nil if that fails. A
// probe, which has the number 0, is not part of the program and has no line.
func (m *machine[T]) allocate(number, n int) *block[T] {
	probe := number == 0
	if !probe {
		m.write("b%d, err := a.Allocate(%d)", number, n)
	}
	m.last = nil
	var s []T
	var err error
	values, refusals := m.books.values, m.books.refused
	m.call(func() { s, err = m.a.Allocate(n) })
	m.record(step{what: stepAllocate, block: number, n: n, failed: err != nil})
	if err != nil {
		if !probe {
			m.remark("%v", err)
		}
		m.failed(n, s, err, values, refusals)
		return nil
	}
	if refusals < m.books.refused && len(s) != n {
		m.fail(faultSurfaces, "Allocate(%d) has len %d and no error, though the parent failed", n, len(s))
	}
	if wrongSize(s, n) {
		m.fail(rightSize, "Allocate(%d) has len %d and cap %d", n, len(s), cap(s))
	}
	if n == 0 {
		if m.books.values != values {
			m.fail(emptyBlock, "Allocate(0) took %d values from the parent", m.books.values-values)
		}
		return nil
	}
	if m.refused[n] && m.exact() {
		m.fail(tooLargeIsForever, "Allocate(%d) is served; it failed with ErrTooLarge before", n)
	}
	m.served[n] = true
	return m.adopt(number, s)
}

// record keeps a step that was done, with how it ended.
func (m *machine[T]) record(s step) { m.steps = append(m.steps, s) }

// wrongSize reports whether s is no block for a request for n values. One of a
// single value has to have room for one, because it is released through a
// pointer, which has no capacity.
func wrongSize[T any](s []T, n int) bool {
	return len(s) != n || cap(s) < n || n < 2 && cap(s) != n
}

// exact reports whether no cache can keep a block that is larger than was asked
// for, and serve with it what would otherwise be too large.
func (m *machine[T]) exact() bool { return !m.claims.Jagged && !m.books.gaveMore }

// adopt checks a fresh block and makes it a live one.
func (m *machine[T]) adopt(number int, s []T) *block[T] {
	m.blocks++
	b := &block[T]{number: number, s: s[:cap(s)], n: len(s), seed: uint64(m.blocks)}
	start, n := unsafe.Pointer(unsafe.SliceData(s)), cap(s)
	var zero T
	if align := max(unsafe.Alignof(zero), m.claims.Alignment); uintptr(start)%align != 0 && m.layout.size != 0 {
		m.fail(aligned, "%v starts at no multiple of %d bytes", b, align)
	}
	m.place(b)
	if value, is := m.layout.stale(start, n); is {
		m.fail(noStalePointers, "value %d of %v, which is fresh, has a pointer", value, b)
	}
	if value, is := m.layout.nonZero(start, n); is && m.claims.Zeroed {
		m.fail(zeroed, "value %d of %v, which is fresh, is not zero", value, b)
	}
	m.live = append(m.live, b)
	m.values += n
	if m.claims.Capacity != 0 && m.values > m.claims.Capacity && m.layout.size != 0 {
		m.fail(neverBeyondCapacity, "with %v, %d values are live; the capacity is %d", b, m.values, m.claims.Capacity)
	}
	m.fill(b)
	if number != 0 {
		m.owned(b)
	}
	return b
}

// place checks where a block lies.
func (m *machine[T]) place(b *block[T]) {
	if m.layout.size == 0 {
		return
	}
	for _, other := range m.live {
		if other != b && overlap(other.s, b.s) {
			m.fail(disjoint, "%v, %d values, overlaps %v, which is live and has %d", b, len(b.s), other, len(other.s))
		}
	}
	if g := m.books.touched(b.s); g != nil {
		m.fail(withinParent, "%v, %d values, lies in storage of %d values that %v has back", b, len(b.s), g.n, g.leaf)
	}
	if len(m.books.grants) != 0 && !m.claims.OwnStorage {
		if g, _ := m.books.holds(b.s); g == nil {
			m.fail(withinParent, "%v, %d values, lies in no storage that the parent gave", b, len(b.s))
		}
	}
}

// fill gives a block contents of its own.
func (m *machine[T]) fill(b *block[T]) {
	var p *pointee
	if len(m.layout.pointers) != 0 {
		p = new(pointee)
		b.points, b.at = weak.Make(p), uintptr(unsafe.Pointer(p))
	}
	m.layout.fill(unsafe.Pointer(unsafe.SliceData(b.s)), len(b.s), b.seed, p)
}

// intact checks the contents of a block.
func (m *machine[T]) intact(p Property, b *block[T]) {
	value, is := 0, false
	if try(func() {
		value, is = m.layout.changed(unsafe.Pointer(unsafe.SliceData(b.s)), len(b.s), b.seed, b.at)
	}) != "" {
		m.fail(p, "%v, which is live and has %d values, cannot be read: its storage is gone", b, len(b.s))
	}
	if is {
		m.fail(p, "value %d of %v, which is live and has %d, has changed", value, b, len(b.s))
	}
}

// failed checks a request that failed.
func (m *machine[T]) failed(n int, s []T, err error, values, refusals int) {
	exhausted, tooLarge := errors.Is(err, allocator.ErrExhausted), errors.Is(err, allocator.ErrTooLarge)
	switch {
	case s != nil:
		m.fail(errorValues, "Allocate(%d) returns %d values and the error %q", n, len(s), err)
	case n == 0:
		m.fail(emptyBlock, "Allocate(0) fails: %v", err)
	case n < 0 && !errors.Is(err, allocator.ErrSize):
		m.fail(negativeSize, "Allocate(%d) fails with the error %q, not with ErrSize", n, err)
	case n > 0 && !exhausted && !tooLarge:
		m.fail(errorValues, "Allocate(%d) fails with the error %q, which wraps neither ErrExhausted nor ErrTooLarge", n, err)
	case tooLarge && m.served[n] && m.exact():
		m.fail(tooLargeIsForever, "Allocate(%d) fails with ErrTooLarge; it was served before", n)
	case n > 0 && m.books.refused == refusals && !m.claims.mayRefuse() && allocator.CheckSize[T](n) == nil:
		m.fail(serves, "Allocate(%d) fails though the parent did not: %v", n, err)
	case m.books.values > values && !m.keptBelow(values):
		m.fail(failureChangesNothing, "Allocate(%d), which failed, took %d values from the parent", n, m.books.values-values)
	}
	if tooLarge {
		m.refused[n] = true
	}
	m.starved = exhausted && n > 0 && m.books.refused > refusals
	for _, b := range m.live {
		m.intact(failureChangesNothing, b)
	}
}

// hoards looks whether the last request, which failed because the parent had no
// more, is served once the allocator has given up what it keeps. Then it should
// have given that up by itself.
func (m *machine[T]) hoards(number, n int) {
	if !m.starved || m.trimmer == nil || m.claims.UntilReset || m.claims.Loses || m.books.varying || m.books.fail != 0 {
		return
	}
	m.trim()
	if m.allocate(number, n) != nil {
		m.fail(hoardsNothing, "Allocate(%d) fails for want of storage, and is served after a Trim", n)
	}
}

// keptBelow reports whether what a failed request took may be in a cache. A layer
// that gets more than it may hand out gives the block back, and what is below
// it may keep that.
func (m *machine[T]) keptBelow(values int) bool {
	if m.exact() {
		return false
	}
	if m.trimmer != nil {
		m.call(m.trimmer.Trim)
	}
	m.trimBelow()
	return m.books.values <= values || m.claims.Loses || m.claims.UntilReset || m.claims.Keeps != 0
}

// deallocate releases a live block, which it passes on with the given length.
func (m *machine[T]) deallocate(b *block[T], length int, probe bool) {
	if !probe {
		if length == b.n {
			m.write("a.Deallocate(%v)", b)
		} else {
			m.write("a.Deallocate(%v[:%d])", b, length)
		}
	}
	m.intact(contents, b)
	m.record(step{what: stepDeallocate, block: b.number, length: length})
	m.forget(b)
	m.call(func() { m.a.Deallocate(b.s[:length]) })
	m.last = b.s
}

// forget makes a block that is about to be released a released one.
func (m *machine[T]) forget(b *block[T]) {
	for i := range m.live {
		if m.live[i] == b {
			m.live = append(m.live[:i], m.live[i+1:]...)
			break
		}
	}
	m.values -= len(b.s)
	if b.at != 0 {
		m.released = append(m.released, b.points)
	}
}

// owned checks that the allocator owns a live block.
func (m *machine[T]) owned(b *block[T]) {
	if m.owner == nil {
		return
	}
	var yes bool
	m.call(func() { yes = m.owner.Owns(b.s) })
	if !yes {
		m.fail(owns, "does not own %v, which is live", b)
	}
}
