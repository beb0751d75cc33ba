package proptest

import (
	"fmt"
	"unsafe"
)

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

// block reports whether the program still has all of the block.
func (h *holding[T]) block() bool {
	return address(h.view) == address(h.whole) && cap(h.view) == cap(h.whole)
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

// check checks that everything that the program has is as it was.
func (m *misuser[T]) check() {
	for _, s := range m.sides {
		for _, w := range s.books.violations {
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
