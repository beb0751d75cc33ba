package platform

// abandonIfClosed abandons what is outstanding if the proactor was closed,
// nobody is in Run, and nobody else does it.
func (p *Proactor) abandonIfClosed() {
	c := &p.control
	c.mu.Lock()
	if !p.closed.Load() || c.runners > 0 || c.abandoned != nil {
		c.mu.Unlock()
		return
	}
	c.abandoned = make(chan struct{})
	c.mu.Unlock()
	defer close(c.abandoned)
	defer p.backend.Shutdown()
	defer p.halt.Store(false) // a later Run tells those who are refused
	p.abandonAll()
}

// isClosed reports whether ch, on which nothing is sent, was closed.
func isClosed(ch chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// abandonAll closes all sockets, waits until the kernel has let go of what is
// outstanding, and abandons it. What a handler starts while it is told so is
// abandoned as well.
func (p *Proactor) abandonAll() {
	for {
		out, more := p.takeAll()
		if !more {
			return
		}
		for op := out.pop(); op != nil; op = out.pop() {
			op.Abandon()
		}
	}
}

// takeAll takes every operation off the proactor. If there are none it reports
// false, and from then on nothing is started any more.
func (p *Proactor) takeAll() (out queue, more bool) {
	for s := p.anySocket(); s != nil; s = p.anySocket() {
		s.lock()
		s.shut(&out)
		s.unlock()
		for !s.quiet() {
			p.backend.Poll(-1)
			out.take(&p.polled)
		}
	}

	p.lock()
	defer p.unlock()
	for len(p.timers) > 0 {
		op := p.timers[0].op
		p.timers.remove(op)
		op.Target.(*Timer).waits.remove(op)
		out.push(op)
	}
	p.empty()
	out.take(&p.ready)
	p.drained = out.head == nil && p.sockets == nil
	return out, !p.drained
}

// anySocket returns a socket that is registered, or nil.
func (p *Proactor) anySocket() *Socket {
	p.lock()
	defer p.unlock()
	return p.sockets
}
