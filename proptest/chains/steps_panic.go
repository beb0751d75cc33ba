package chains

import (
	"runtime"
	"slices"
	"sync"
)

// The handler of a step "panic" ends the Run that has called it, by a panic or together with its
// goroutine. What its chain and others have started goes on: on the runners that are left, and
// where the same number of goroutines runs the proactor again.

// plannedPanic is what the handler of a step "panic" panics with.
type plannedPanic struct{}

func (r *run) die(exit bool) {
	if !exit {
		panic(plannedPanic{})
	}
	r.toReplace.Add(1)
	runtime.Goexit()
}

// exits reports whether the program has handlers end their goroutines.
func (p Program) exits() bool {
	return slices.ContainsFunc(p.Chains, func(c Chain) bool {
		return slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Exit })
	})
}

// work runs the proactor. Where the program has handlers end their goroutine, it does so on
// one goroutine after another.
func (r *run) work() {
	if !r.program.exits() {
		r.runProactor()
		return
	}
	for returned := false; !returned; {
		var goroutine sync.WaitGroup
		goroutine.Go(func() {
			r.runProactor()
			returned = true
		})
		goroutine.Wait()
		if !returned && r.toReplace.Add(-1) < 0 {
			r.toReplace.Add(1)
			runtime.Goexit() // it was no step that has ended the goroutine
		}
	}
}
