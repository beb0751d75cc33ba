package sim

import (
	"net/netip"
	"os"
	"syscall"
)

// As many connections may wait to be accepted; as on Windows a further one is
// refused.
const backlog = 128

var (
	errRefused       = os.NewSyscallError("connect", syscall.ECONNREFUSED)
	errNoPath        = os.NewSyscallError("connect", syscall.ENOENT)
	errNoRoom        = os.NewSyscallError("connect", syscall.ENOBUFS)
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
			return result{err: errNoPath}
		}
	} else {
		l = w.places.find(false, to)
	}
	if l == nil || len(l.backlog) == backlog || w.happens(w.weather.Refuse, "refuse") {
		return result{err: errRefused}
	}
	accepted := w.newEndpoint(nil)
	join(e, accepted)
	e.unix, e.path = l.unix, l.path
	accepted.unix, accepted.path = l.unix, l.path
	if !l.unix {
		e.local = netip.AddrPortFrom(to.Addr(), w.places.ephemeral())
		e.remote = to
		accepted.local, accepted.remote = e.remote, e.local
	}
	l.backlog = append(l.backlog, accepted)
	l.wake(reading)
	return result{}
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
	return result{conn: c}
}
