package combinators

// Skip makes the place of the value h the way it is after so many values that
// the generation is generation, and returns the value's key.
func (a *Handles[T]) Skip(h Handle[T], generation uint32) Handle[T] {
	a.places[h.index].generation = generation
	h.generation = generation
	return h
}

// Places returns the length of the table.
func (a *Handles[T]) Places() int { return len(a.places) }

// SetMostPlaces has the table have at most n places.
func (a *Handles[T]) SetMostPlaces(n uint64) { a.most = n }
