package combinators

// Mark returns the current state, for Rewind.
func (a *Arena[T]) Mark() Mark {
	if a.isEmpty() {
		return Mark{owner: a}
	}
	a.current.marked = a.current.used
	return a.marks.mark(a, state{chunk: a.current.serial, last: a.serial, used: a.current.used})
}

// Rewind releases all blocks that were handed out since m was taken, and keeps the
// chunks. All later marks become void. A mark also becomes void when the block that
// was the last one when it was taken is released, or is resized while it is the
// last one of its chunk. Rewind panics if m is void.
func (a *Arena[T]) Rewind(m Mark) {
	s, ok := a.marks.find(a, m)
	if !ok {
		panicVoid(a)
	}
	a.marks.cut(m)
	for i := len(a.older) - 1; i >= 0; i-- {
		if c := &a.older[i]; c.serial > s.last {
			c.rewind(0)
			a.detach(c)
		}
	}
	if a.current.serial != s.chunk {
		a.current.rewind(0)
		a.spareCurrent()
		a.resume(s.chunk)
	}
	a.current.rewind(s.used)
	a.current.marked = s.used
}

func (a *Arena[T]) isVoid(m Mark) bool {
	_, ok := a.marks.find(a, m)
	return !ok
}

// resume makes a chunk of older the one in use again, where there is none. The
// chunk is not there any more if it had no blocks.
func (a *Arena[T]) resume(chunk uint64) {
	for i := range a.older {
		if c := &a.older[i]; c.serial == chunk {
			a.current = *c
			last := len(a.older) - 1
			*c = a.older[last]
			a.older[last] = bump[T]{}
			a.older = a.older[:last]
			return
		}
	}
}

func (a *Arena[T]) isEmpty() bool { return a.current.used == 0 && len(a.older) == 0 }
