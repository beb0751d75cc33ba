package combinators

import (
	"math/rand/v2"
	"testing"
)

// TestQueue compares a queue with a plain list. It keeps nothing of what was taken out, and
// moves its elements seldom, however many there are.
func TestQueue(t *testing.T) {
	for _, most := range []int{1, 2, 3, 10, 100} {
		r := rand.New(rand.NewPCG(1, uint64(most)))
		var q queue[int]
		var list []int
		pushes, moved := 0, 0
		for i := range 10_000 {
			if len(list) > 0 && (len(list) == most || r.IntN(4) == 0) {
				if got := q.pop(); got != list[0] {
					t.Fatalf("up to %d: popped %d, want %d", most, got, list[0])
				}
				list = list[1:]
			} else {
				before := q.head
				q.push(i + 1)
				list = append(list, i+1)
				if pushes++; q.head != before {
					moved += q.len()
				}
			}
			if q.len() != len(list) {
				t.Fatalf("up to %d: its length is %d, want %d", most, q.len(), len(list))
			}
			all := q.all[:cap(q.all)]
			for at, v := range all {
				if free := at < q.head || at >= len(q.all); free && v != 0 {
					t.Fatalf("up to %d: it keeps %d, which was taken out", most, v)
				}
			}
		}
		if moved > 2*pushes {
			t.Errorf("up to %d: %d pushes have moved %d elements", most, pushes, moved)
		}
		if cap(q.all) > 4*most+4 {
			t.Errorf("up to %d: it has room for %d", most, cap(q.all))
		}
	}
}
