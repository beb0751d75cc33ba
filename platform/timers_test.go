package platform

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// TestTimersModel drives the heap with random insertions, removals and
// expiries, and checks it against a plain list.
func TestTimersModel(t *testing.T) {
	const n = 100_000
	var heap timers
	waiting := make([]*ops.Operation, 0, n) // in any order; each knows its place as N
	take := func(i int) *ops.Operation {
		op := waiting[i]
		waiting[i] = waiting[len(waiting)-1]
		waiting[i].N = i
		waiting = waiting[:len(waiting)-1]
		return op
	}
	now := int64(0)
	started, canceled, expired := 0, 0, 0
	for started < n || len(waiting) > 0 {
		switch r := rand.IntN(10); {
		case r < 6 && started < n:
			op := at(now + int64(rand.IntN(5000)))
			op.N = len(waiting)
			waiting = append(waiting, op)
			heap.push(op)
			started++
		case r < 8 && len(waiting) > 0:
			op := take(rand.IntN(len(waiting)))
			heap.remove(op)
			canceled++
		default:
			now += int64(rand.IntN(50))
			last := int64(-1)
			for op := heap.due(now); op != nil; op = heap.due(now) {
				if op.When > now {
					t.Fatalf("an operation for %d is due at %d", op.When, now)
				}
				if op.When < last {
					t.Fatalf("an operation for %d came after one for %d", op.When, last)
				}
				last = op.When
				if waiting[op.N] != op {
					t.Fatalf("an operation that does not wait is due")
				}
				take(op.N)
				expired++
			}
			if when, ok := heap.next(); ok && when <= now {
				t.Fatalf("the next is due at %d and was not found at %d", when, now)
			}
		}
		if len(heap) != len(waiting) {
			t.Fatalf("%d operations are in the heap, want %d", len(heap), len(waiting))
		}
		if (started+canceled)%10_000 == 0 {
			least := slices.MinFunc(append(waiting, at(math.MaxInt64)), byTime)
			if when, ok := heap.next(); ok && when != least.When {
				t.Fatalf("the earliest is at %d, want %d", when, least.When)
			}
		}
	}
	if _, ok := heap.next(); ok {
		t.Error("an empty heap has a next")
	}
	t.Logf("%d expired, %d were cancelled", expired, canceled)
}

func byTime(a, b *ops.Operation) int { return cmp.Compare(a.When, b.When) }

// BenchmarkTimers starts and cancels a wait among others.
func BenchmarkTimers(b *testing.B) {
	for _, others := range []int{0, 1000, 1_000_000} {
		b.Run(fmt.Sprintf("among %d", others), func(b *testing.B) {
			var heap timers
			for range others {
				heap.push(at(rand.Int64N(1 << 40)))
			}
			op := new(ops.Operation)
			for b.Loop() {
				op.When = rand.Int64N(1 << 40)
				heap.push(op)
				heap.remove(op)
			}
		})
	}
}

// at returns an operation that is due at a time.
func at(when int64) *ops.Operation {
	op := new(ops.Operation)
	op.When = when
	return op
}
