package fakering

import (
	"slices"
	"sync/atomic"
)

// A completion is what came of a request, or of one that has none here any more.
type completion struct {
	cqe
	of    *request
	last  bool // of the request
	inRow bool // it names a buffer whose order matters
}

// follows reports whether a completion does not come before one that was there earlier.
func (c completion) follows(earlier completion) bool {
	return earlier.of != nil && earlier.of == c.of || earlier.inRow && c.inRow
}

// end ends a request.
func (r *Ring) end(x *request, res int32, flags uint32) {
	x.ended = true
	if x.runnable {
		x.runnable = false
		r.runnable = remove(r.runnable, x)
	}
	r.post(completion{cqe: cqe{x.userData, res, flags}, of: x, last: true})
}

// post has a completion come now or later.
func (r *Ring) post(c completion) {
	behind := slices.ContainsFunc(r.held, c.follows)
	if behind || c.of != nil && c.of.fd >= 0 && r.oneIn(4) {
		if c.of != nil {
			c.of.held++
		}
		r.held = append(r.held, c)
		return
	}
	r.deliver(c)
}

// unhold has some of the completions come that were held back.
func (r *Ring) unhold() {
	for n := len(r.held); n > 0 && !r.oneIn(4); n-- {
		i := r.random.IntN(len(r.held))
		for j := i - 1; j >= 0; j-- { // what it is behind of comes first
			if r.held[i].follows(r.held[j]) {
				i = j
			}
		}
		c := r.held[i]
		if c.flags&cqeMore != 0 && !r.hasRoom() {
			return
		}
		r.held = append(r.held[:i], r.held[i+1:]...)
		if c.of != nil {
			c.of.held--
		}
		r.deliver(c)
	}
}

// hasRoom reports whether there is room for a completion that is not its request's last.
func (r *Ring) hasRoom() bool {
	return len(r.backlog) == 0 && atomic.LoadUint32(r.cqTail)-atomic.LoadUint32(r.cqHead) < uint32(len(r.cqes))
}

// deliver puts a completion into the queue.
func (r *Ring) deliver(c completion) {
	keeps := true
	if r.planted != nil && r.planted.says != nil && c.of != nil {
		keeps = r.planted.says(c.of, &c.cqe)
	}
	switch {
	case !keeps:
	case r.hasRoom():
		r.put(c.cqe)
	default:
		r.backlog = append(r.backlog, c.cqe)
	}
	if c.last && c.of != nil {
		r.release(c.of)
	}
}

func (r *Ring) put(c cqe) {
	tail := atomic.LoadUint32(r.cqTail)
	r.cqes[tail&uint32(len(r.cqes)-1)] = c
	atomic.StoreUint32(r.cqTail, tail+1)
}

// flush puts what had no room into the queue.
func (r *Ring) flush() {
	n := 0
	for n < len(r.backlog) && atomic.LoadUint32(r.cqTail)-atomic.LoadUint32(r.cqHead) < uint32(len(r.cqes)) {
		r.put(r.backlog[n])
		n++
	}
	r.backlog = append(r.backlog[:0], r.backlog[n:]...)
}
