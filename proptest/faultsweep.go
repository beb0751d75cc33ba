package proptest

import (
	"runtime/debug"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// FaultSweep checks that an allocator survives each failure of its parent.
//
// It draws random programs, and runs each of them once for every request to the
// parent that may fail, which includes requests to grow a block in place. In the
// first run the first request fails, in the second run the second, and so on; in
// the last run none fails. Each run has a new allocator on new parents, so the k-th
// request of one run is that of the others. If the last run differs from a run of
// the same program before the sweep, FaultSweep reports that, unless the allocator
// claims Varies or Loses.
//
// The allocator must do one of two things with the request that meets the failure:
// fail, with an error that wraps allocator.ErrExhausted or allocator.ErrTooLarge,
// and change nothing; or serve it from elsewhere, with a block as good as any
// other. From then on all properties of [Conform] must hold, and in the end the
// parent must have everything back.
//
// build and claims are as in [Conform].
func FaultSweep[T any](t *testing.T, build Builder[T], claims ...Claims) {
	t.Helper()
	rapid.Check(t, FaultSweepCheck(build, claims...))
}

// FaultSweepCheck returns the sweeps of [FaultSweep] as a property, for
// rapid.Check or rapid.MakeFuzz.
func FaultSweepCheck[T any](build Builder[T], claims ...Claims) func(*rapid.T) {
	made := merge(claims)
	return property(func(t *rapid.T) *found { return drawAndSweep(t, drawAround(t, build, made)) })
}

// sweepKinds are what the programs of a sweep are made of.
var sweepKinds = []stepKind{
	stepAllocate, stepAllocate, stepAllocate, stepAllocate,
	stepDeallocate, stepDeallocate, stepResize, stepTrim, stepReset,
}

// drawAndSweep draws a program and sweeps it.
func drawAndSweep[T any](t *rapid.T, on *tree[T]) *found {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	course := newMachine(on.plan())
	end := new(ending)
	f := failureOf(func() {
		defer course.close()
		course.open()
		t.Repeat(map[string]func(*rapid.T){"act": func(t *rapid.T) {
			s := course.draw(t, sweepKinds)
			s.hoard = false // a Trim in between would be another course
			course.act(s)
		}})
		end.orders[0] = drawOrder(t)
	})
	p := program[T]{on, course.drawn, end}
	if f == nil {
		f = sweep(p)
	}
	if f == nil {
		return nil
	}
	end.again = []int{1} // of no meaning here
	return &found{f, func(until time.Time) *failure { return smallerProgram(p, f, until, sweep) }}
}

// sweep runs a program once without a failure of the parent, and then once with
// each.
func sweep[T any](p program[T]) *failure {
	return failureOf(func() {
		made := p.on.plan()
		course := newMachine(made)
		defer course.close()
		course.open()
		for _, s := range p.steps {
			course.act(s)
		}
		order := asAllocated
		if p.end != nil {
			order = p.end.orders[0]
		}
		steps := course.steps
		course.releaseAll(order, false)
		asked := course.books.asked
		course.settle()
		for k := 1; k <= asked+1; k++ {
			sweepOnce(made, p.steps, steps, k, asked)
		}
	})
}

// sweepOnce runs a program with a failure of the k-th request to the parent.
func sweepOnce[T any](made plan[T], steps, before []step, k, asked int) {
	run := newMachine(made)
	defer run.close()
	run.open()
	run.books.fail = k
	run.write("// the request number %d to the parent fails, of %d", k, asked)
	for _, s := range steps {
		failed := run.books.failed
		run.do(s)
		if run.books.failed && !failed {
			run.remark("here the parent failed")
			for _, b := range run.live {
				run.intact(contents, b)
			}
		}
	}
	if k > asked && !made.claims.Varies && !made.claims.Loses {
		run.repeats(before, asked)
	}
	run.releaseAll(asAllocated, false)
	run.settle()
	run.books.untouched()
	run.call(func() {})
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
