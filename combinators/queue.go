package combinators

// A queue is first in, first out. The zero value is empty. To push and to pop
// costs the same however long it is, and allocates nothing once it was as long.
type queue[E any] struct {
	all  []E
	head int // the first one; those before it are zero
}

func (q *queue[E]) len() int { return len(q.all) - q.head }

func (q *queue[E]) push(e E) {
	if len(q.all) == cap(q.all) && q.head >= len(q.all)/2 {
		n := copy(q.all, q.all[q.head:])
		clear(q.all[n:])
		q.all, q.head = q.all[:n], 0
	}
	q.all = append(q.all, e)
}

// pop takes the first one out, of which there is one.
func (q *queue[E]) pop() E {
	e := q.all[q.head]
	var zero E
	q.all[q.head] = zero
	if q.head++; q.head == len(q.all) {
		q.all, q.head = q.all[:0], 0
	}
	return e
}
