package platform

// mayAbandon reports whether the caller is to abandon what is outstanding: the
// proactor was closed, nobody is in Run, and nobody else does it. The caller
// holds the lock of control.
func (p *Proactor) mayAbandon() bool {
	c := &p.control
	if !p.closed.Load() || c.runners > 0 || c.abandoned != nil {
		return false
	}
	c.abandoned = make(chan struct{})
	return true
}

// abandon abandons everything and releases the backend.
func (p *Proactor) abandon() {
	defer close(p.control.abandoned)
	defer p.backend.Shutdown()
	defer p.halt.Store(false) // a later Run tells those who are refused
	p.abandonAll()
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
	if p.sockets != nil {
		return out, true // opened meanwhile, and may have what takes too long
	}
	for len(p.timers) > 0 {
		op := p.timers[0].op
		p.timers.remove(op)
		timerOf(op).waits.remove(op)
		out.push(op)
	}
	p.held += p.inbox.moveTo(&p.ready)
	out.take(&p.ready)
	p.drained = out.empty() && p.inbox.close()
	return out, !p.drained
}

// anySocket returns a socket that is registered, or nil.
func (p *Proactor) anySocket() *Socket {
	p.lock()
	defer p.unlock()
	return p.sockets
}
