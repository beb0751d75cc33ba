package record

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// TestQueueModel drives two queues with random calls and compares them with lists.
func TestQueueModel(t *testing.T) {
	var q, other Queue
	var list, otherList []*ops.Operation
	for step := range 3_000 {
		switch rand.IntN(6) {
		case 0, 1:
			op := new(ops.Operation)
			q.Push(op)
			list = append(list, op)
		case 2:
			op := new(ops.Operation)
			other.Push(op)
			otherList = append(otherList, op)
		case 3:
			var want *ops.Operation
			if len(list) > 0 {
				want, list = list[0], list[1:]
			}
			if got := q.Pop(); got != want {
				t.Fatalf("step %d: Pop returns another operation than the first", step)
			} else if got != nil && (got.Next != nil || got.Prev != nil) {
				t.Fatalf("step %d: what Pop returns is linked", step)
			}
		case 4:
			if len(list) > 0 {
				i := rand.IntN(len(list))
				op := list[i]
				list = slices.Delete(slices.Clone(list), i, i+1)
				if q.Remove(op); op.Next != nil || op.Prev != nil {
					t.Fatalf("step %d: what was removed is linked", step)
				}
			}
		case 5:
			q.Splice(&other)
			list, otherList = append(list, otherList...), nil
		}
		check(t, step, &q, list)
		check(t, step, &other, otherList)
	}
}

// check compares a queue with what should be in it.
func check(t *testing.T, step int, q *Queue, want []*ops.Operation) {
	t.Helper()
	var got []*ops.Operation
	before := (*ops.Operation)(nil)
	for op := q.First(); op != nil; op = q.Next(op) {
		if op.Prev != before {
			t.Fatalf("step %d: operation %d does not know the one before it", step, len(got))
		}
		got, before = append(got, op), op
	}
	if q.Last() != before || q.Empty() != (before == nil) || !slices.Equal(got, want) {
		t.Fatalf("step %d: %d operations, want %d, or in another order", step, len(got), len(want))
	}
}

// TestQueueReverse makes queues of lists that are linked by Next alone.
func TestQueueReverse(t *testing.T) {
	for n := 1; n < 5; n++ {
		var last *ops.Operation
		var want []*ops.Operation
		for range n {
			op := new(ops.Operation)
			op.Next, last = last, op
			want = append(want, op)
		}
		var q Queue
		if got := q.Reverse(last); got != int64(n) {
			t.Errorf("%d operations are counted as %d", n, got)
		}
		check(t, n, &q, want)
	}
}
