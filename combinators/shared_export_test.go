package combinators

// SetState makes r the reference to a block with so many references that has
// come to a generation, and returns it.
func (r Ref[T]) SetState(generation, count uint32) Ref[T] {
	r.block.state.Store(uint64(generation)<<32 | uint64(count))
	r.generation = generation
	return r
}
