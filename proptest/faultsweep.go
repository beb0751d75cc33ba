package proptest

import (
	"runtime/debug"
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// FaultSweep checks that an allocator survives each failure of its parent.
//
// It draws random programs and runs each of them once for every request to the
// parent that may fail, requests to grow a block in place among them. In the
// first run the first of these fails, in the second run the second, and in a
// last one, that goes one past the end, none does. Each run has a new
// allocator on new parents, so the k-th request of one run is that of the
// others; if it is not, that is reported, unless the allocator claims that its
// course varies.
//
// In each run the request that meets the failure has to fail, with an error
// that wraps allocator.ErrExhausted or allocator.ErrTooLarge, and to change
// nothing; or to be served from elsewhere with a block that is as good as any.
// From then on all properties of [Conform] have to hold, and in the end the
// parent has to have everything back.
//
// make and claims are as in [Conform].
func FaultSweep[T any](t *testing.T, make func(parent allocator.Allocator[T]) allocator.Allocator[T], claims ...Claims) {
	t.Helper()
	rapid.Check(t, FaultSweeps(make, claims...))
}

// FaultSweeps returns the sweeps of [FaultSweep] as a property, to be given to
// rapid.Check or rapid.MakeFuzz.
func FaultSweeps[T any](make func(parent allocator.Allocator[T]) allocator.Allocator[T], claims ...Claims) func(*rapid.T) {
	made := merge(claims)
	return func(t *rapid.T) { sweep(t, drawAround(t, make, made)) }
}

func sweep[T any](t *rapid.T, p plan[T]) {
	t.Helper()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	course := newMachine(t, p, newBooks[T](t))
	actions := []func(*rapid.T){
		course.actAllocate, course.actAllocate, course.actAllocate, course.actAllocate,
		course.actDeallocate, course.actDeallocate, course.actResize, course.actTrim, course.actReset,
	}
	t.Repeat(map[string]func(*rapid.T){
		"act": func(t *rapid.T) { actions[rapid.IntRange(0, len(actions)-1).Draw(t, "what")](t) },
	})
	course.releaseAll(course.order(), false)
	steps, asked := course.steps, course.books.asked
	course.settle()
	for k := 1; k <= asked+1; k++ {
		run := newMachine(t, p, newBooks[T](t))
		run.books.fail = k
		run.write("// the request number %d to the parent fails, of %d", k, asked)
		blocks := map[int]*block[T]{}
		for _, s := range steps {
			run.sweepStep(s, blocks)
		}
		if k > asked && !p.claims.Varies && !p.claims.Loses {
			run.repeats(steps, asked)
		}
		run.releaseAll(asAllocated, false)
		run.settle()
		run.books.untouched()
		run.call(func() {})
	}
}

// sweepStep does a step and says in the program if it met the failure.
func (m *machine[T]) sweepStep(s step, blocks map[int]*block[T]) {
	failed := m.books.failed
	m.replay(s, blocks, false)
	if !m.books.failed || failed {
		return
	}
	m.remark("here the parent failed")
	for _, b := range m.live {
		m.intact(contents, b)
	}
}

// repeats checks that the run past the end went as the first one did.
func (m *machine[T]) repeats(steps []step, asked int) {
	if m.books.failed || m.books.asked != asked {
		m.fail(repeatable, "the same program asked the parent for storage %d times, and now %d times", asked, m.books.asked)
	}
	for i, s := range m.steps {
		if i < len(steps) && (s.failed != steps[i].failed || s.what != steps[i].what) {
			m.fail(repeatable, "step %d of the same program had another outcome before", i+1)
		}
	}
}
