package combinators

import "slices"

// A level has what a mark of a [Scope] stands for: a mark of each of its arenas.
type level struct {
	serial uint64
	marks  []Mark
}

// Mark returns the current state, for Rewind.
func (s *Scope) Mark() Mark {
	if !slices.ContainsFunc(s.arenas, func(a typed) bool { return !a.isEmpty() }) {
		return Mark{owner: s}
	}
	top := len(s.levels)
	if top == cap(s.levels) {
		s.levels = append(s.levels, level{})
	} else {
		s.levels = s.levels[:top+1] // and it has the storage that it had before
	}
	l := &s.levels[top]
	l.marks = l.marks[:0]
	for _, a := range s.arenas {
		l.marks = append(l.marks, a.Mark())
	}
	if top > 0 && slices.Equal(l.marks, s.levels[top-1].marks) {
		s.levels = s.levels[:top]
		return Mark{owner: s, index: top - 1, serial: s.levels[top-1].serial}
	}
	s.serial++
	l.serial = s.serial
	return Mark{owner: s, index: top, serial: l.serial}
}

// Rewind releases all values that were handed out since m was taken, and keeps
// their storage. All later marks become void. A mark also becomes void when the
// block of a type that was the last one when it was taken is released, or is
// resized while it is the last one of its chunk. Rewind panics if m is void.
func (s *Scope) Rewind(m Mark) {
	var marks []Mark // the types that came later had nothing
	if m.serial == 0 {
		if m.owner != nil && m.owner != any(s) {
			panicVoid(s)
		}
		s.levels = s.levels[:0]
	} else {
		if m.owner != any(s) || m.index >= len(s.levels) || s.levels[m.index].serial != m.serial {
			panicVoid(s)
		}
		marks = s.levels[m.index].marks
		for i, k := range marks { // first, so that nothing is released if one is void
			if s.arenas[i].isVoid(k) {
				panicVoid(s)
			}
		}
		s.levels = s.levels[:m.index+1]
	}
	for i, a := range s.arenas {
		if i < len(marks) {
			a.Rewind(marks[i])
		} else {
			a.Rewind(Mark{})
		}
	}
}
