package combinators

import (
	"fmt"
	"slices"
	"sync"
	"weak"
)

// ledgers are all that there are, to find out whose a foreign block is.
var ledgers struct {
	mu   sync.Mutex
	all  []weak.Pointer[ledger]
	full int // how many there may be before those that are gone are looked for
}

func newLedger(size uintptr, plan string) *ledger {
	l := &ledger{size: size, plan: plan, live: map[uintptr]*entry{}, released: map[uintptr]*entry{}}
	ledgers.mu.Lock()
	defer ledgers.mu.Unlock()
	if len(ledgers.all) >= ledgers.full {
		ledgers.all = slices.DeleteFunc(ledgers.all, func(p weak.Pointer[ledger]) bool { return p.Value() == nil })
		ledgers.full = 2*len(ledgers.all) + 16 // so the search costs each new one the same
	}
	ledgers.all = append(ledgers.all, weak.Make(l))
	return l
}

// problem says what is wrong with a block that is released or resized and is
// not handed out so, and shows the call stacks. It is empty if the block may be
// one that is not checked. The caller holds the lock, and was called by a
// method of Checked.
func (l *ledger) problem(verb string, start uintptr, sample int) string {
	live, released := l.live[start], l.released[start]
	if sample > 1 && live == nil && released == nil {
		return ""
	}
	var by callers
	by.record(3)
	now := fmt.Sprintf("\n%s by:%s", verb, &by)
	switch {
	case live != nil:
		return fmt.Sprintf("%s with another capacity than it was handed out with, which is %d%s%s", verb, live.n, live, now)
	case released != nil && verb == "released":
		return fmt.Sprintf("%s%s\nreleased again by:%s", freedTwice, released, &by)
	case released != nil:
		return verb + " after its release" + released.String() + now
	}
	for _, e := range l.live {
		if offset := start - e.start; offset < uintptr(e.n)*l.size {
			return fmt.Sprintf("%s without its start, which is %d bytes before%s%s", verb, offset, e, now)
		}
	}
	if owner, stack := l.ownerElsewhere(start); owner != "" {
		return fmt.Sprintf("%s by the wrong allocator; it is of %s%s%s", verb, owner, stack, now)
	}
	return verb + " by an allocator that did not give it" + now
}

// ownerElsewhere returns what another ledger, the latest one that has this
// block, knows of it.
func (l *ledger) ownerElsewhere(start uintptr) (owner, stack string) {
	ledgers.mu.Lock()
	all := slices.Clone(ledgers.all)
	ledgers.mu.Unlock()
	for _, p := range slices.Backward(all) {
		other := p.Value()
		if other == nil || other == l || !other.mu.TryLock() {
			continue // one that is in use now is not worth a deadlock
		}
		if e := other.live[start]; e != nil {
			owner, stack = other.plan, e.String()
		}
		other.mu.Unlock()
		if owner != "" {
			break
		}
	}
	return owner, stack
}
