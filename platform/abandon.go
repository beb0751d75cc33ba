package platform

import (
	"net"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// This file ends a proactor.

// Close closes all sockets and abandons all outstanding operations. It waits
// until the kernel has finished with every operation. Then it releases their
// memory without calling their handlers, and calls Abandon of each handler that
// is an ops.Abandoner. Any goroutine may call Close. While Run is active, even
// if the caller is a handler, Close returns at once, and the last Run to return
// does all this before it returns net.ErrClosed.
//
// An operation that is started afterwards is refused: its memory is released at
// once. If Run is called again, it calls the handler with net.ErrClosed, and
// returns net.ErrClosed itself.
func (p *Proactor) Close() error {
	c := &p.control
	c.mu.Lock()
	if p.closed.Swap(true) {
		c.mu.Unlock()
		return net.ErrClosed
	}
	p.halt.Store(true)
	abandon := p.mayAbandon()
	c.mu.Unlock()
	if abandon {
		p.abandon()
	} else {
		p.wakeAll()
	}
	return nil
}

// Done returns a channel that is closed when [Proactor.Close] has been called and
// all operations are abandoned. From then on a handler is called only with the error of
// an operation that was refused. Any goroutine may call it.
func (p *Proactor) Done() <-chan struct{} {
	c := &p.control
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.abandoned == nil {
		c.abandoned = make(chan struct{})
		if c.over {
			close(c.abandoned)
		}
	}
	return c.abandoned
}

// mayAbandon reports whether the caller must abandon what is outstanding: the
// proactor was closed, nobody is in Run, and nobody else does it. The caller
// holds the lock of control.
func (p *Proactor) mayAbandon() bool {
	c := &p.control
	if !p.closed.Load() || c.runners > 0 || c.abandons {
		return false
	}
	c.abandons = true
	return true
}

// abandon abandons everything and releases the backend.
func (p *Proactor) abandon() {
	defer p.isOver()
	if p.single {
		defer p.publish()
	}
	defer p.backend.Shutdown()
	defer p.halt.Store(false) // a later Run calls the handlers that are refused
	p.abandonAll()
}

// abandonAll closes all sockets, waits until the kernel has let go of what is
// outstanding, and abandons it. What an Abandoner starts meanwhile is abandoned as
// well. Coroutines that wait for none of that come last.
// If a handler or an allocator panics, so does this, once everything is abandoned.
func (p *Proactor) abandonAll() {
	var out record.Queue
	panicked := false
	defer func() {
		p.abandonQueue(&out) // what was taken when the backend has panicked
		if panicked {
			p.abandonAll()
		}
	}()
	for p.takeAll(&out) {
		panicked = true
		if out.Empty() {
			p.coroutines.Abandon() // one at a time: others may wait for it
		}
		p.abandonQueue(&out)
		panicked = false
	}
}

// abandonQueue abandons the operations of a queue. If one of them panics, so does
// this, once the others are abandoned.
func (p *Proactor) abandonQueue(q *record.Queue) {
	var op *ops.Operation
	defer func() {
		if op != nil { // else it is done, or the queue itself is broken
			p.abandonQueue(q)
		}
	}()
	for op = q.Pop(); op != nil; op = q.Pop() {
		p.abandoned()
		op.Abandon()
	}
}

// takeAll takes every operation off the proactor. If there are none it reports
// false, and from then on nothing is started any more.
func (p *Proactor) takeAll(out *record.Queue) (more bool) {
	for s, number := p.anySocket(); s != nil; s, number = p.anySocket() {
		s.shutNumber(number, out)
		for !s.quiet(number) {
			reach.Sometimes(true, reach.AbandonWaited)
			p.backend.Poll(-1)
			out.Splice(&p.polled)
		}
	}
	for s := p.anySignals(); s != nil; s = p.anySignals() {
		s.close(out)
	}

	p.lock()
	defer p.unlock()
	if len(p.sockets) > 0 || len(p.signals) > 0 {
		return true // opened meanwhile, and may have what takes too long
	}
	for len(p.timers) > 0 {
		op := p.timers[0].op
		p.timers.remove(op)
		p.endWait(op)
		out.Push(op)
	}
	p.held += p.inbox.moveTo(&p.ready)
	out.Splice(&p.ready)
	p.drained = out.Empty() && !p.coroutines.Pending() && p.inbox.close()
	return !p.drained
}

// anySocket returns a socket that is registered, and its number, or nil.
func (p *Proactor) anySocket() (s *socket, number uint64) {
	p.lock()
	defer p.unlock()
	if n := len(p.sockets); n > 0 {
		s = p.sockets[n-1]
		return s, s.Number.Load()
	}
	return nil, 0
}

// isOver notes that nothing is left.
func (p *Proactor) isOver() {
	c := &p.control
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.end.Broadcast()
	if c.abandoned != nil {
		close(c.abandoned)
	}
}

// wasAbandoned reports whether the proactor was closed and has nothing left.
func (p *Proactor) wasAbandoned() bool {
	p.control.mu.Lock()
	defer p.control.mu.Unlock()
	return p.control.over
}
