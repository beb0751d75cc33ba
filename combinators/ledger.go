package combinators

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
)

// A ledger is what a [Checked] knows of its blocks. It knows them by address,
// so that it keeps none of them from being collected.
type ledger struct {
	size uintptr // of a value
	plan string  // how the Checked prints whose ledger it is

	mu       sync.Mutex
	live     map[uintptr]*entry
	lost     []*entry           // never released, though their storage is in use again
	released map[uintptr]*entry // the latest, for those who release a block twice
	old      [history]*entry    // those of them whose block is not held back, as a ring
	oldest   int
	spare    []*entry
	requests uint64
}

// history is how many releases are remembered beyond the quarantine.
const history = 64

// An entry is the life of one block.
type entry struct {
	id         uint64 // the number of its request
	start      uintptr
	n          int
	allocation callers
	release    callers // empty before
	cleanup    runtime.Cleanup
	watched    bool // cleanup is set
}

// String returns the call stacks.
func (e *entry) String() string {
	s := "\nallocated by:" + e.allocation.String()
	if e.release[0] != 0 {
		s += "\nfirst released by:" + e.release.String()
	}
	return s
}

// open notes a block that is handed out. It returns nil if this one is not to
// be checked, and otherwise its entry and the number of the request.
func (l *ledger) open(start uintptr, n, sample int) (*entry, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.released, start)
	if e := l.live[start]; e != nil {
		l.lost = append(l.lost, e)
		delete(l.live, start)
	}
	l.requests++
	if (l.requests-1)%uint64(max(sample, 1)) != 0 {
		return nil, 0
	}
	e := l.unused()
	*e = entry{id: l.requests, start: start, n: n}
	e.allocation.record(2)
	l.live[start] = e
	return e, e.id
}

func (l *ledger) unused() *entry {
	last := len(l.spare) - 1
	if last < 0 {
		return new(entry)
	}
	e := l.spare[last]
	l.spare = l.spare[:last]
	return e
}

// close notes that a block is released. If no such block is handed out, it
// returns what is wrong; or neither an entry nor a problem, if the block may be
// one that is not checked.
func (l *ledger) close(start uintptr, n, sample int) (*entry, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.live[start]
	if e == nil || e.n != n {
		return nil, l.problem("released", start, sample)
	}
	delete(l.live, start)
	e.stop()
	e.release.record(2)
	l.released[start] = e
	return e, ""
}

// resize notes that a block of size values has n values now. If no such block
// is handed out, it returns what is wrong and does nothing.
func (l *ledger) resize(start uintptr, size, n, sample int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.live[start]
	if e == nil || e.n != size {
		return l.problem("resized", start, sample)
	}
	e.n = n
	return ""
}

// retire says that a released block is not held back any more.
func (l *ledger) retire(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, l.old[l.oldest] = l.old[l.oldest], e
	l.oldest = (l.oldest + 1) % history
	if e == nil {
		return
	}
	if l.released[e.start] == e {
		delete(l.released, e.start)
	}
	l.spare = append(l.spare, e)
}

// watch sets the cleanup that is stopped when the block is released.
func (l *ledger) watch(e *entry, id uint64, c runtime.Cleanup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.id == id && l.live[e.start] == e {
		e.cleanup, e.watched = c, true
		return
	}
	c.Stop()
}

// lose forgets a block that is unreachable, and reports whether it was handed
// out.
func (l *ledger) lose(e *entry, id uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch i := slices.Index(l.lost, e); {
	case e.id != id:
		return false // the entry is of another block by now
	case i >= 0:
		l.lost = slices.Delete(l.lost, i, i+1)
	case l.live[e.start] == e:
		delete(l.live, e.start)
	default:
		return false
	}
	return true
}

// forget forgets and returns the blocks that are handed out, in the order of
// their requests.
func (l *ledger) forget() []*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.lost
	for _, e := range l.live {
		all = append(all, e)
	}
	for _, e := range all {
		e.stop()
	}
	l.lost = nil
	clear(l.live)
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.id, b.id) })
	return all
}

func (e *entry) stop() {
	if e.watched {
		e.cleanup.Stop()
	}
}
