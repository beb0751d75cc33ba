package proptest

// A step is what a program did, so that it can be done again on another
// allocator.
type step struct {
	what   stepKind
	block  int // the number of the block that it made or is about
	n      int // the size that is asked for
	length int // the length that is passed on
	failed bool
}

type stepKind uint8

const (
	stepAllocate stepKind = iota
	stepDeallocate
	stepResize
	stepTrim
	stepReset
)

// replay does a step of another machine's program. blocks has the live blocks
// by the number that they have there.
func (m *machine[T]) replay(s step, blocks map[int]*block[T], probe bool) {
	switch s.what {
	case stepAllocate:
		if b := m.allocate(s.n, probe); b != nil {
			blocks[s.block] = b
		}
	case stepDeallocate:
		if b := blocks[s.block]; b != nil {
			delete(blocks, s.block)
			m.deallocate(b, min(s.length, len(b.s)), probe)
		}
	case stepResize:
		if b := blocks[s.block]; b != nil && m.resizer != nil {
			m.resize(b, min(s.length, len(b.s)), s.n)
		}
	case stepTrim:
		if m.trimmer != nil {
			m.trim()
		}
	case stepReset:
		if m.resetter != nil {
			clear(blocks)
			m.reset()
		}
	}
}

// withoutFailures looks whether the last request that failed fails on a new
// allocator that did the same but for the requests that failed before. That
// is so if those changed nothing. A cache may give up what it keeps before it
// fails, so this is for allocators of a fixed capacity.
func (m *machine[T]) withoutFailures() {
	if m.claims.Capacity == 0 || m.layout.size == 0 {
		return
	}
	last, failures := 0, 0
	for i, s := range m.steps {
		if s.failed && s.what == stepAllocate && s.n > 0 {
			last = i
			failures++
		}
	}
	if failures < 2 {
		return
	}
	twin := newMachine(m.t, m.plan, newBooks[T](m.t))
	blocks := map[int]*block[T]{}
	for _, s := range m.steps[:last] {
		if !s.failed {
			twin.replay(s, blocks, true)
		}
	}
	n := m.steps[last].n
	if twin.allocate(n, true) != nil {
		m.fail(failureChangesNothing, "the last Allocate(%d) that failed does not fail if the requests that failed before are left out", n)
	}
}
