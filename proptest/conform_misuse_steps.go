package proptest

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// A misstep is a step of a program that misuses its blocks; see misuser.
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

// do does a step. It skips a step about a slice that is not there, as in a
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

// drop takes a holding away from the program.
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
