package combinators

import (
	"math"
	"slices"
)

// Trim removes the places without a value from the end of the table, and trims
// the parent. Old keys still find nothing: a place that is added again starts
// with a generation that no removed place had. (A place that had more than 2³¹
// values is therefore not removed.) The time it takes grows with the number of
// places.
func (a *Handles[T]) Trim() {
	end := len(a.places)
	for end != 0 && a.places[end-1].value == nil && !a.places[end-1].isRetired() && a.places[end-1].generation <= math.MaxInt32 {
		end--
		a.fresh = max(a.fresh, a.places[end].generation)
	}
	if end != len(a.places) {
		a.places = slices.Clone(a.places[:end])
		a.relink()
	}
	a.can.trim()
}

// relink makes the list of the free places anew, the first ones first, so that
// the next Trim finds the others at the end.
func (a *Handles[T]) relink() {
	a.free = 0
	for i := len(a.places) - 1; i >= 0; i-- {
		if p := &a.places[i]; p.value == nil && !p.isRetired() {
			p.next, a.free = a.free, uint32(i)+1
		}
	}
}

// isRetired reports whether the place had all generations.
func (p *place[T]) isRetired() bool { return p.generation == 0 }
