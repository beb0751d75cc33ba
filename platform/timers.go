package platform

import "github.com/heirloom-go/heirloom/ops"

// timers is a heap of the operations that are due at some time, earliest
// first. It has four children a node: half the depth of a binary heap, and the
// children of a node share a cache line. An operation knows its place in it,
// counted from 1, so it can be taken out again.
type timers []timerEntry

type timerEntry struct {
	when int64
	op   *ops.Operation
}

// next returns the earliest time at which an operation is due.
func (t timers) next() (when int64, ok bool) {
	if len(t) == 0 {
		return 0, false
	}
	return t[0].when, true
}

func (t *timers) push(op *ops.Operation) {
	*t = append(*t, timerEntry{})
	t.up(len(*t)-1, timerEntry{op.When, op})
}

// due removes an operation that is due at now and returns it, or nil.
func (t *timers) due(now int64) *ops.Operation {
	if len(*t) == 0 || (*t)[0].when > now {
		return nil
	}
	op := (*t)[0].op
	t.remove(op)
	return op
}

func (t *timers) remove(op *ops.Operation) {
	i, h := int(op.Index)-1, *t
	op.Index = 0
	last := h[len(h)-1]
	h[len(h)-1] = timerEntry{}
	*t = h[:len(h)-1]
	switch {
	case last.op == op:
	case i > 0 && last.when < h[(i-1)/4].when:
		t.up(i, last)
	default:
		t.down(i, last)
	}
}

// advance moves op, whose time has become an earlier one, further to the front.
func (t timers) advance(op *ops.Operation) {
	t.up(int(op.Index)-1, timerEntry{op.When, op})
}

func (t timers) up(i int, e timerEntry) {
	for i > 0 {
		parent := (i - 1) / 4
		if t[parent].when <= e.when {
			break
		}
		t.set(i, t[parent])
		i = parent
	}
	t.set(i, e)
}

func (t timers) down(i int, e timerEntry) {
	for {
		first := 4*i + 1
		if first >= len(t) {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, len(t)); c++ {
			if t[c].when < t[least].when {
				least = c
			}
		}
		if t[least].when >= e.when {
			break
		}
		t.set(i, t[least])
		i = least
	}
	t.set(i, e)
}

func (t timers) set(i int, e timerEntry) {
	t[i] = e
	e.op.Index = int32(i + 1)
}
