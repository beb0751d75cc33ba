package chains

import (
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// oneBlock hands out its block again and again, and clears it when it is released, also while
// others have it.
type oneBlock [1]ops.Operation

func (b *oneBlock) Allocate(n int) ([]ops.Operation, error) {
	if n != 1 {
		return nil, allocator.ErrExhausted
	}
	return b[:], nil
}

func (b *oneBlock) Deallocate([]ops.Operation) { clear(b[:]) }

// TestBlockInUse says that an allocator which hands out what is in use is reported, and does
// not get to spoil the queues of the platform: it would go round in them without end.
func TestBlockInUse(t *testing.T) {
	skipUnderRace(t) // which reports the accesses of that allocator
	const programs = 20
	found := 0
	for n := range uint64(programs) {
		one := new(oneBlock)
		program := draw(Seed(n), 1)
		report, err := Run(program, openSimplest, Memory(func() allocator.Allocator[ops.Operation] { return one }))
		if err != nil {
			t.Fatal(err)
		}
		if v := report.Violations; len(v) > 0 {
			if found++; v[0].Clause != contract.Stable {
				t.Errorf("program %d: %v", n, v[0])
			}
		}
	}
	if found < programs/2 {
		t.Errorf("found by %d programs of %d", found, programs)
	}
}
