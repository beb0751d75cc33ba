package proptest

import (
	"slices"
	"time"
)

// A step is what a program does. It can be done again on another allocator.
type step struct {
	what   stepKind
	block  int  // the number of the block that it makes or is about
	n      int  // the size that is asked for
	length int  // the length that is passed on
	hoard  bool // if it fails, what is kept has to be of no use
	skip   bool // it does nothing
	failed bool // as it ended
}

type stepKind uint8

const (
	stepAllocate stepKind = iota
	stepDeallocate
	stepResize
	stepTrim
	stepReset
	stepAllocateNothing
	stepAllocateLess
	stepAllocateMore
	stepAsk
	stepCollect
	stepCollectOften
)

// do does a step. It skips a step about a block that is not there, as in a
// program that was made smaller, or for which the allocator has no method.
func (m *machine[T]) do(s step) {
	if s.skip {
		return
	}
	switch s.what {
	case stepAllocate:
		if m.allocate(s.block, s.n) == nil && s.hoard {
			m.hoards(s.block, s.n)
		}
	case stepDeallocate:
		if b := m.find(s.block); b != nil {
			m.deallocate(b, min(s.length, len(b.s)), false)
		}
	case stepResize:
		if b := m.find(s.block); b != nil && m.resizer != nil {
			m.resize(b, min(s.length, len(b.s)), s.n)
		}
	case stepTrim:
		if m.trimmer != nil {
			m.trim()
		}
	case stepReset:
		if m.resetter != nil {
			m.reset()
		}
	case stepAllocateNothing:
		m.allocateNothing()
	case stepAllocateLess:
		m.allocateLess(s.n)
	case stepAllocateMore:
		m.allocateMore(s.n)
	case stepAsk:
		m.ask(s.n)
	case stepCollect:
		m.write("runtime.GC()")
		m.collect()
	case stepCollectOften:
		m.collectOften(s.n)
	}
}

func (m *machine[T]) find(number int) *block[T] {
	for _, b := range m.live {
		if b.number == number && number != 0 {
			return b
		}
	}
	return nil
}

// A program is a program as data. Without an ending it ends where it failed.
type program[T any] struct {
	on    *tree[T]
	steps []step
	end   *ending
}

// replayProgram runs a program again and returns what it finds.
func replayProgram[T any](p program[T]) *failure {
	m := newMachine(p.on.plan())
	return failureOf(func() {
		defer m.close()
		m.open()
		for _, s := range p.steps {
			m.act(s)
		}
		if p.end != nil {
			m.finish(*p.end)
		}
	})
}

// smallerProgram makes a program that failed smaller, as long as the same
// property fails: it leaves out steps, makes the composition simpler, then sizes
// smaller, until nothing helps.
func smallerProgram[T any](p program[T], f *failure, until time.Time, replay func(program[T]) *failure) *failure {
	fails := func(try program[T]) bool {
		again := replay(try)
		if again == nil || again.property != f.property {
			return false
		}
		p, f = try, again
		return true
	}
	with := func(change func(*program[T])) bool {
		try := p
		change(&try)
		return time.Now().Before(until) && fails(try)
	}
	for again := true; again; {
		again = false
		before := len(p.steps)
		fewer(p.steps, until, func(steps []step) bool { return with(func(p *program[T]) { p.steps = steps }) })
		again = len(p.steps) < before
		if p.end != nil {
			for _, end := range []*ending{nil, {again: []int{1}}, {again: p.end.again[:1]}} {
				if end != nil && len(p.end.again) == 1 && p.end.replaced == 0 && p.end.orders == end.orders && end.again[0] >= p.end.again[0] {
					continue
				}
				if with(func(p *program[T]) { p.end = end }) {
					again = true
					break
				}
			}
		}
		for p.on.simpler(func(on *tree[T]) bool { return with(func(p *program[T]) { p.on = on }) }) {
			again = true
		}
		for i := range p.steps {
			s := p.steps[i]
			if s.what == stepAllocate || s.what == stepResize {
				smallerInt(s.n, 1, func(n int) bool {
					smaller := with(func(p *program[T]) {
						p.steps = slices.Clone(p.steps)
						p.steps[i].n = n
					})
					again = again || smaller
					return smaller
				})
			}
		}
	}
	// Without those that were left out the numbers have gaps.
	numbers := map[int]int{}
	with(func(p *program[T]) {
		p.steps = slices.Clone(p.steps)
		for i, s := range p.steps {
			if s.what == stepAllocate {
				numbers[s.block] = len(numbers) + 1
			}
			p.steps[i].block = numbers[s.block]
		}
	})
	return f
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
	twin := m.twin()
	for _, s := range m.steps[:last] {
		if !s.failed {
			twin.do(s)
		}
	}
	n := m.steps[last].n
	if twin.allocate(0, n) != nil {
		m.fail(failureChangesNothing, "the last Allocate(%d) that failed does not fail if the requests that failed before are left out", n)
	}
}
