package chains

import (
	"runtime"
	"slices"
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
