package sim

import (
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// A packetQueue is what a packet socket has received and the program has not
// read.
type packetQueue struct {
	queue   []packet
	info    bool // packets that are read in batches say where they were sent to
	refused bool // a packet to the peer has met nobody, and the program does not know yet
}

type packet struct {
	data []byte
	from netip.AddrPort
	to   netip.Addr
	ecn  uint8
}

// Bounds of UDP: of what a socket keeps, in packets, beyond which they are lost;
// and of a packet over IPv4, in bytes.
const (
	maxPackets = 64
	maxPacket  = 65507
)

var (
	errNoPeer    = os.NewSyscallError("sendto", syscall.EDESTADDRREQ)
	errNobody    = os.NewSyscallError("recvfrom", syscall.ECONNREFUSED)
	errTooLong   = os.NewSyscallError("sendto", syscall.EMSGSIZE)
	errNoSending = os.NewSyscallError("sendto", syscall.ENOBUFS)
)

// readFrom takes the first packet. What does not fit into the buffer is lost.
func (b *kernel) readFrom(r *request) result {
	q := r.e.packets
	if q.tellRefused() {
		return result{err: errNobody}
	}
	p := q.take()
	res := result{n: b.fill(r.single[0], p.data), from: p.from}
	if len(p.data) > len(r.single[0]) {
		res.err = io.ErrShortBuffer
	}
	return res
}

// take takes the first packet.
func (q *packetQueue) take() packet {
	p := q.queue[0]
	q.queue = slices.Delete(q.queue, 0, 1)
	return p
}

// tellRefused reports whether a packet has met nobody, and forgets it.
func (q *packetQueue) tellRefused() bool {
	refused := q.refused
	q.refused = false
	return refused
}

// readBatch takes as many packets as there are and there is room for.
func (b *kernel) readBatch(r *request) result {
	q := r.e.packets
	if q.tellRefused() {
		return result{err: errNobody}
	}
	n := b.w.part(min(len(r.packets), len(q.queue)))
	for i := range r.packets[:n] {
		to, p := &r.packets[i], q.take()
		*to = backend.Packet{Buf: to.Buf, N: b.fill(to.Buf, p.data), Peer: p.from, Truncated: len(p.data) > len(to.Buf)}
		if q.info {
			to.Local, to.Interface, to.ECN = p.to, 1, p.ecn
		}
	}
	return result{n: n}
}

// writeTo sends a packet. The network may do to it what it likes, and the
// sender never knows.
func (b *kernel) writeTo(r *request) result {
	return b.send(r.e, &backend.Packet{Buf: r.single[0], Peer: r.to})
}

// writeBatch sends packets until one cannot be sent.
func (b *kernel) writeBatch(r *request) (res result) {
	n := b.w.part(len(r.packets))
	for i := range r.packets[:n] {
		sent := b.send(r.e, &r.packets[i])
		if sent.err != nil {
			if i == 0 {
				res.err = sent.err
			}
			break
		}
		r.packets[i].N = sent.n
		res.n++
	}
	return res
}

func (b *kernel) send(e *endpoint, p *backend.Packet) result {
	w := b.w
	peer := p.Peer
	if !peer.IsValid() {
		if peer = e.remote; !peer.IsValid() {
			return result{err: errNoPeer}
		}
	}
	to := peer.Addr().Unmap()
	switch {
	case e.packets.tellRefused():
		return result{err: errNobody}
	case e.local.Addr().Is4() && !to.Is4():
		return result{err: &net.AddrError{Err: "sim: not an IPv4 address", Addr: peer.String()}}
	case len(p.Buf) > maxPacket:
		return result{err: errTooLong}
	case w.happens(w.weather.NoBuffers, "no buffers"):
		return result{err: errNoSending}
	}
	w.deliver(e, here(netip.AddrPortFrom(to, peer.Port())), p)
	return result{n: len(p.Buf)}
}

// deliver brings a packet to whoever is at an address.
func (w *World) deliver(e *endpoint, to netip.AddrPort, p *backend.Packet) {
	target := w.places.find(true, to)
	if target == nil {
		w.touchAddresses()
	} else {
		target.touch(w)
	}
	if target == nil || w.happens(w.weather.Loss, "packet loss") {
		w.saw(Lost, e, len(p.Buf))
		if target == nil && e.remote == to {
			e.packets.refused = true
			e.wake(reading)
		}
		return
	}
	from := e.local
	if p.Local.IsValid() {
		from = netip.AddrPortFrom(p.Local.Unmap(), from.Port())
	}
	if from.Addr().IsUnspecified() {
		from = netip.AddrPortFrom(to.Addr(), from.Port())
	}
	if target.remote.IsValid() && target.remote != from {
		w.saw(Lost, e, len(p.Buf)) // it is connected to somebody else
		return
	}
	w.arrive(target, packet{slices.Clone(p.Buf), from, to.Addr(), p.ECN})
	if w.happens(w.weather.Duplicate, "packet twice") {
		w.saw(Duplicated, e, len(p.Buf))
		w.arrive(target, packet{slices.Clone(p.Buf), from, to.Addr(), p.ECN})
	}
}

// ConnectPacket implements backend.PacketNetwork.
func (b *kernel) ConnectPacket(s *backend.Socket, to netip.AddrPort) error {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	e := endpointOf(s)
	e.touch(b.w)
	to = here(netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
	if e.local.Addr().Is4() && !to.Addr().Is4() {
		return &net.AddrError{Err: "sim: not an IPv4 address", Addr: to.String()}
	}
	e.remote, e.packets.refused = to, false
	if e.local.Addr().IsUnspecified() && e.local.Addr().Is4() == to.Addr().Is4() {
		e.local = netip.AddrPortFrom(to.Addr(), e.local.Port()) // as deliver has it
	}
	return nil
}

// EnablePacketInfo implements backend.PacketNetwork.
func (b *kernel) EnablePacketInfo(s *backend.Socket) error {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	endpointOf(s).packets.info = true
	return nil
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
