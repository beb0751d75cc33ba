package combinators

// Places returns the length of the list of blocks.
func (a *Scoped[T]) Places() int { return len(a.blocks) }
