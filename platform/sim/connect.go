package sim

import (
	"net/netip"
	"os"
	"syscall"
)

// backlog is how many connections may wait to be accepted. As on Windows, a
// further one is refused.
const backlog = 128

var (
	errRefused       = os.NewSyscallError("connect", syscall.ECONNREFUSED)
	errNoPath        = os.NewSyscallError("connect", syscall.ENOENT)
	errNoRoom        = os.NewSyscallError("connect", syscall.ENOBUFS)
	errSourceInUse   = os.NewSyscallError("bind", syscall.EADDRINUSE)
	errNoDescriptors = os.NewSyscallError("accept4", syscall.EMFILE)
)

// connect connects an endpoint to the listener at the address asked for.
func (b *kernel) connect(r *request) result {
	e, w := r.e, b.w
	if w.happens(w.weather.NoBuffers, "no buffers") {
		return result{err: errNoRoom}
	}
	to := here(r.to)
	var l *endpoint
	if r.path != "" {
		if l = w.places.paths[r.path]; l == nil {
			w.touchAddresses()
			return result{err: errNoPath}
		}
	} else if l = w.places.find(false, to); l == nil {
		w.touchAddresses()
	}
	if l != nil {
		l.touch(w)
	}
	if l == nil || len(l.backlog) == backlog || w.happens(w.weather.Refuse, "refuse") {
		return result{err: errRefused}
	}
	from, free := w.places.source(r.from, to)
	if !free {
		return result{err: errSourceInUse}
	}
	accepted := w.newEndpoint(nil)
	join(e, accepted)
	e.unix, e.path = l.unix, l.path
	accepted.unix, accepted.path = l.unix, l.path
	if !l.unix {
		if from.Port() == 0 {
			from = netip.AddrPortFrom(from.Addr(), w.places.ephemeral())
		}
		e.local, e.remote = from, to
		accepted.local, accepted.remote = e.remote, e.local
	}
	l.backlog = append(l.backlog, accepted)
	l.wake(reading)
	return result{}
}

// source returns the address that a connection comes from. It is free unless
// somebody listens there.
func (p *places) source(from, to netip.AddrPort) (at netip.AddrPort, free bool) {
	addr := to.Addr()
	if from.IsValid() && !from.Addr().IsUnspecified() {
		addr = from.Addr()
	}
	at = netip.AddrPortFrom(addr, from.Port())
	return at, at.Port() == 0 || p.find(false, at) == nil
}

// accept takes the first connection that waits at a listener.
func (b *kernel) accept(r *request) result {
	l, w := r.e, b.w
	if w.happens(w.weather.NoDescriptors, "no descriptors") {
		return result{err: errNoDescriptors}
	}
	c := l.backlog[0]
	l.backlog[0] = nil
	if l.backlog = l.backlog[1:]; len(l.backlog) == 0 {
		l.backlog = nil
	}
	c.b = b
	c.touch(w)
	return result{conn: c}
}
