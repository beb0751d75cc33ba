package combinators

import "fmt"

// A Mark is a state of a [Region], an [Arena] or a [Scope] that it can be
// rewound to. The zero Mark is the state in which nothing is handed out.
type Mark struct {
	owner  any // nil for the zero Mark, which is everybody's
	index  int // of the state, among those of the marks that are not void
	serial uint64
}

// marks are the states that a Rewind can go back to, in the order in which they
// were. Each has another block below it than the one before, so there are never
// more of them than blocks.
type marks struct {
	states []state
	serial uint64 // of the mark taken last
}

// A state is where the cursor of a [Region] or an [Arena] was.
type state struct {
	serial uint64 // of the mark; 0 if it is void
	chunk  uint64 // the chunk in use
	last   uint64 // the chunk taken last
	used   int    // of the chunk in use
}

// mark returns the mark of s for a.
func (m *marks) mark(a any, s state) Mark {
	top := len(m.states) - 1
	if top >= 0 {
		s.serial = m.states[top].serial
	}
	if top < 0 || m.states[top] != s {
		m.serial++
		s.serial = m.serial
		m.states = append(m.states, s)
		top++
	}
	return Mark{owner: a, index: top, serial: s.serial}
}

// find returns the state of k, a mark of a. It is false if k is void.
func (m *marks) find(a any, k Mark) (s state, ok bool) {
	if k.serial == 0 {
		return state{}, k.owner == nil || k.owner == a
	}
	if k.owner != a || k.index >= len(m.states) || m.states[k.index].serial != k.serial {
		return state{}, false
	}
	return m.states[k.index], true
}

// cut makes all marks after k void.
func (m *marks) cut(k Mark) {
	if k.serial == 0 {
		m.states = m.states[:0]
		return
	}
	m.states = m.states[:k.index+1]
}

// void makes the marks in a chunk void that are above value used of it, and
// returns the highest one that is left there.
func (m *marks) void(chunk uint64, used int) int {
	left := 0
	for i := len(m.states) - 1; i >= 0; i-- {
		if s := &m.states[i]; s.serial != 0 && s.chunk == chunk {
			if s.used <= used {
				left = s.used
				break
			}
			s.serial = 0
		}
	}
	top := len(m.states)
	for top != 0 && m.states[top-1].serial == 0 {
		top--
	}
	m.states = m.states[:top]
	return left
}

// panicVoid is what Rewind does with a mark that is void.
func panicVoid(a any) {
	panic(fmt.Sprintf("combinators: %v: Rewind to a mark that is void or of another allocator", a))
}
