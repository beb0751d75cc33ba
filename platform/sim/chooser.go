package sim

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
)

// A Chooser makes every choice of a simulation, and so decides what happens. The
// same answers give the same run.
//
// A World asks one question at a time, so a Chooser needs no lock of its own. It
// must not call back into the world, and should not panic. A Chooser that has run
// out of answers should return 0, so that the run can end.
type Chooser interface {
	// Choose returns a number from 0 to n-1; n is at least 1. The text what names
	// the choice for those who read or draw the run. The plainest choice is always
	// 0, so in a run of zeros nothing unusual happens.
	Choose(n int, what string) int
}

// Calm is the Chooser that always makes the plainest choice.
var Calm Chooser = calm{}

type calm struct{}

func (calm) Choose(int, string) int { return 0 }

// Seeded returns a Chooser whose answers are random and uniformly distributed. The
// same seed gives the same answers, with every version of Go.
func Seeded(seed uint64) Chooser {
	return &seeded{*rand.NewPCG(seed, 0x48656972_6c6f6f6d)}
}

type seeded struct{ pcg rand.PCG }

func (s *seeded) Choose(n int, _ string) int {
	hi, _ := bits.Mul64(s.pcg.Uint64(), uint64(n))
	return int(hi)
}

// choose asks the chooser, unless there is only one answer. The caller holds
// the world's lock, as for everything that is chosen.
func (w *World) choose(n int, what string) int {
	if n <= 1 {
		return 0
	}
	answer := w.chooser.Choose(n, what)
	if answer < 0 || answer >= n {
		panic(fmt.Sprintf("sim: the Chooser answered %d to %q, which has %d answers", answer, what, n))
	}
	return answer
}

// happens reports whether something that happens once in rate times happens
// now. It never does with a rate of 0 and always does with a rate of 1; then
// nothing is asked.
func (w *World) happens(rate int, what string) bool {
	if rate <= 1 {
		return rate == 1
	}
	return w.choose(rate, what) == 1
}
