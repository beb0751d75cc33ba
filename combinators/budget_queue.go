package combinators

import (
	"sync"
	"sync/atomic"
)

// funds are what all accounts of a [Budget] share: the bytes, and the queue of
// those who wait for some.
type funds struct {
	limit int64
	run   func() // callAll, made once

	_       [cacheLine]byte // what is above is read by all and written by nobody
	used    atomic.Int64    // bytes handed out or reserved
	waiting atomic.Int64    // those in the queue, and one who is about to enter it

	mu      sync.Mutex
	queue   waiters // first come, first served
	due     waiters // functions that have their bytes and are not called yet
	calling bool    // there is a goroutine that calls them
	spare   *waiter
}

// A waiter waits for bytes: a goroutine if call is nil.
type waiter struct {
	funds      *funds
	account    *Budget
	bytes      int64
	ready      chan struct{} // has room for one
	call       func()
	generation uint64   // goes up when it is used again
	list       *waiters // that it is in
	prev, next *waiter
}

// take takes n bytes if there is room for them and nobody waits.
func (f *funds) take(n int64) bool { return f.waiting.Load() == 0 && f.takeInTurn(n) }

// takeInTurn takes n bytes if there is room for them. It does not count first
// and look then, or a large request that fails would be in the way of a small
// one.
func (f *funds) takeInTurn(n int64) bool {
	for {
		used := f.used.Load()
		if n > f.limit-used {
			return false
		}
		if f.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// release makes room. No waiter misses it: one that enters the queue counts
// itself in waiting before it looks for room the last time, and here there is
// room before waiting is looked at.
func (f *funds) release(n int64) {
	f.used.Add(-n)
	if f.waiting.Load() != 0 {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.grant()
	}
}

// grant serves the queue, as far as there is room for its first. The caller
// holds the lock.
func (f *funds) grant() {
	for w := f.queue.first; w != nil && f.takeInTurn(w.bytes); w = f.queue.first {
		f.queue.remove(w)
		f.waiting.Add(-1)
		f.wake(w)
	}
}

// wake lets a waiter know that it has its bytes. The caller holds the lock.
func (f *funds) wake(w *waiter) {
	if w.call == nil {
		w.ready <- struct{}{}
		return
	}
	f.due.add(w)
	if !f.calling {
		f.calling = true
		go f.run()
	}
}

// wait takes n bytes and returns nil, or returns a waiter for them.
func (f *funds) wait(account *Budget, n int64) *waiter {
	if f.take(n) {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.takeFirst(n) {
		return nil
	}
	w := f.unused(account, n, nil)
	f.enter(w)
	return w
}

func (f *funds) whenRoom(account *Budget, n int64, call func()) Waiting {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.unused(account, n, call)
	if f.takeFirst(n) {
		f.wake(w)
	} else {
		f.enter(w)
	}
	return Waiting{w, w.generation}
}

// takeFirst takes n bytes if there is room for them and nobody is in the queue. The
// caller holds the lock, and has not counted itself in waiting, or others would be
// refused meanwhile for want of nothing.
func (f *funds) takeFirst(n int64) bool { return f.queue.first == nil && f.takeInTurn(n) }

// enter puts a waiter into the queue that has found no room. It looks again when it
// is counted, for what was released between. The caller holds the lock.
func (f *funds) enter(w *waiter) {
	f.waiting.Add(1)
	f.queue.add(w)
	f.grant()
}

// leave is for a goroutine that has its bytes.
func (f *funds) leave(w *waiter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reuse(w)
}

// abandon takes a waiter out and reports whether it was still one. Whoever is
// next may have room then.
func (f *funds) abandon(w *waiter, generation uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w.generation != generation {
		return false
	}
	if w.list == &f.queue {
		f.waiting.Add(-1)
	} else { // it has its bytes, and has not done anything with them
		f.used.Add(-w.bytes)
	}
	if w.list != nil {
		w.list.remove(w)
	}
	select {
	case <-w.ready:
	default:
	}
	f.reuse(w)
	f.grant()
	return true
}

// callAll calls the functions that have their bytes, one after another, until
// there are none.
func (f *funds) callAll() {
	ended := false
	defer func() {
		if !ended { // the function has ended the goroutine
			go f.run()
		}
	}()
	for {
		f.mu.Lock()
		w := f.due.first
		if w == nil {
			ended, f.calling = true, false
			f.mu.Unlock()
			return
		}
		f.due.remove(w)
		w.account.reserved.Add(w.bytes)
		call := w.call
		f.reuse(w)
		f.mu.Unlock()
		call()
	}
}

// unused returns a waiter that is in no list.
func (f *funds) unused(account *Budget, n int64, call func()) *waiter {
	w := f.spare
	if w == nil {
		w = &waiter{funds: f, ready: make(chan struct{}, 1)}
	} else {
		f.spare, w.next = w.next, nil
	}
	w.account, w.bytes, w.call = account, n, call
	return w
}

func (f *funds) reuse(w *waiter) {
	w.generation++
	w.account, w.call = nil, nil
	w.next, f.spare = f.spare, w
}

// waiters is a list that one can leave from anywhere.
type waiters struct{ first, last *waiter }

func (l *waiters) add(w *waiter) {
	w.list, w.prev = l, l.last
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
}

func (l *waiters) remove(w *waiter) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.list, w.prev, w.next = nil, nil, nil
}
