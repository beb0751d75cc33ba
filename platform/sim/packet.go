package sim

import (
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
)

// A packetQueue is what a packet socket has received and the program has not
// read.
type packetQueue struct{ queue []packet }

type packet struct {
	data []byte
	from netip.AddrPort
}

// Bounds of UDP: of what a socket keeps, in packets, beyond which they are lost;
// and of a packet over IPv4, in bytes.
const (
	maxPackets = 64
	maxPacket  = 65507
)

var (
	errTooLong   = os.NewSyscallError("sendto", syscall.EMSGSIZE)
	errNoSending = os.NewSyscallError("sendto", syscall.ENOBUFS)
)

// readFrom takes the first packet. What does not fit into the buffer is lost.
func (b *kernel) readFrom(r *request) result {
	q := r.e.packets
	p := q.queue[0]
	q.queue = slices.Delete(q.queue, 0, 1)
	res := result{n: b.fill(r.single[0], p.data), from: p.from}
	if len(p.data) > len(r.single[0]) {
		res.err = io.ErrShortBuffer
	}
	return res
}

// writeTo sends a packet. The network may do to it what it likes, and the
// sender never knows.
func (b *kernel) writeTo(r *request) result {
	e, w := r.e, b.w
	to := r.to.Addr().Unmap()
	switch {
	case e.local.Addr().Is4() && !to.Is4():
		return result{err: &net.AddrError{Err: "sim: not an IPv4 address", Addr: r.to.String()}}
	case len(r.single[0]) > maxPacket:
		return result{err: errTooLong}
	case w.happens(w.weather.NoBuffers, "no buffers"):
		return result{err: errNoSending}
	}
	w.deliver(e, here(netip.AddrPortFrom(to, r.to.Port())), r.single[0])
	return result{n: len(r.single[0])}
}

// deliver brings a packet to whoever is at an address.
func (w *World) deliver(e *endpoint, to netip.AddrPort, data []byte) {
	target := w.places.find(true, to)
	if target == nil || w.happens(w.weather.Loss, "packet loss") {
		w.saw(Lost, e, len(data))
		return
	}
	from := e.local
	if from.Addr().IsUnspecified() {
		from = netip.AddrPortFrom(to.Addr(), from.Port())
	}
	w.arrive(target, packet{slices.Clone(data), from})
	if w.happens(w.weather.Duplicate, "packet twice") {
		w.saw(Duplicated, e, len(data))
		w.arrive(target, packet{slices.Clone(data), from})
	}
}

// arrive puts a packet into the queue of its receiver.
func (w *World) arrive(target *endpoint, p packet) {
	q := target.packets
	if len(q.queue) == maxPackets {
		w.saw(Lost, target, len(p.data))
		return
	}
	at := len(q.queue)
	if at > 0 && w.happens(w.weather.Disorder, "packet overtakes") {
		at -= 1 + w.choose(at, "how many")
		w.saw(Overtook, target, len(p.data))
	}
	q.queue = slices.Insert(q.queue, at, p)
	target.wake(reading)
}
