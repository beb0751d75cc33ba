package proptest

import (
	"fmt"
	"testing"
)

// TestSimulated runs arbitrary chains in arbitrary weather.
func TestSimulated(t *testing.T) {
	for runners := range 3 {
		t.Run(fmt.Sprintf("%d runners", runners), func(t *testing.T) { Simulated(t, Runners(runners)) })
	}
}

// BenchmarkSimulated measures random chain steps, with all that judges them.
func BenchmarkSimulated(b *testing.B) {
	steps := 0
	seed := uint64(0)
	for b.Loop() {
		s := simulate(Seed(seed), []Option{Runners(0)})
		seed++
		s.verify(b, new(*Report))
		steps += s.operations()
		s.discard()
	}
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
}
