package load

import "time"

// times is a queue, which grows as it needs to.
type times struct {
	slots       []time.Duration
	first, last int // count what was taken out and put in
}

func (q *times) len() int { return q.last - q.first }

func (q *times) clear() { q.first, q.last = 0, 0 }

func (q *times) push(t time.Duration) {
	if q.len() == len(q.slots) {
		larger := make([]time.Duration, max(1, 2*len(q.slots)))
		n := 0
		for ; q.len() > 0; n++ {
			larger[n] = q.pop()
		}
		q.slots, q.first, q.last = larger, 0, n
	}
	q.slots[q.last%len(q.slots)] = t
	q.last++
}

func (q *times) pop() time.Duration {
	t := q.slots[q.first%len(q.slots)]
	q.first++
	return t
}
