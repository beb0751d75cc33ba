package sim

import (
	"net"
	"net/netip"

	"github.com/heirloom-go/heirloom/ops"
)

// An endpoint is the simulated kernel's object behind a socket: one end of a
// stream, a listener, a packet socket or an open file.
type endpoint struct {
	b  *kernel // whose proactor has it, or nil while it waits to be accepted
	id int

	unix          bool
	only6         bool // takes no IPv4 although its address is that for all
	path          string
	local, remote netip.AddrPort

	requests [2]*request // by side: what the kernel has to do
	closed   bool

	stream
	backlog []*endpoint  // a listener's connections, not yet accepted
	packets *packetQueue // a packet socket's packets, not yet read
	file    *openFile
}

// The sides of an endpoint, each of which has one operation at a time.
const (
	reading = iota // read, accept
	writing        // write, connect, sync
)

func sideOf(k ops.Kind) int {
	switch k {
	case ops.KindWrite, ops.KindWriteVectored, ops.KindWriteTo, ops.KindConnect, ops.KindWriteAt, ops.KindSync,
		ops.KindWriteBatch, ops.KindSendFile:
		return writing
	}
	return reading
}

func (w *World) newEndpoint(b *kernel) *endpoint {
	w.sockets++
	e := &endpoint{b: b, id: w.sockets}
	w.saw(Opened, e, 0)
	return e
}

// wake looks whether what is asked for on a side has become possible.
func (e *endpoint) wake(side int) {
	if e.b != nil {
		e.touch(e.b.w)
	}
	if r := e.requests[side]; r != nil && r.place == waiting && r.possible() {
		r.b.arouse(r)
	}
}

// close closes an endpoint. What the kernel still has to do on it ends.
func (w *World) close(e *endpoint) {
	if e.closed {
		return
	}
	e.closed = true
	e.touch(w)
	w.saw(Closed, e, 0)
	switch {
	case e.in != nil:
		w.hangUp(e)
	default:
		w.places.leave(e)
		for i, c := range e.backlog {
			w.sever(c)
			w.close(c)
			e.backlog[i] = nil
		}
		e.backlog = nil
		e.packets = nil
	}
	for _, r := range e.requests {
		if r == nil {
			continue
		}
		if w.faults.LoseOnClose {
			r.b.detach(r)
			continue
		}
		r.canceled = true
		if !r.queued() {
			r.b.arouse(r)
		}
	}
}

// addr returns the address of e or of its peer, or nil.
func (e *endpoint) addr(peer bool) net.Addr {
	at := e.local
	if peer {
		at = e.remote
	}
	switch {
	case e.unix && peer == e.dialed:
		return &net.UnixAddr{Name: e.path, Net: "unix"}
	case e.unix && e.in != nil:
		return &net.UnixAddr{Net: "unix"} // it has no name
	case !at.IsValid():
		return nil
	case e.packets != nil:
		return net.UDPAddrFromAddrPort(at)
	}
	return net.TCPAddrFromAddrPort(at)
}

// name returns the address of e for those who read it.
func (e *endpoint) name() string {
	switch {
	case e.unix:
		return "unix " + e.path
	case e.file != nil:
		return "file " + e.file.name
	case !e.local.IsValid():
		return "no address yet"
	case e.remote.IsValid():
		return e.local.String() + " to " + e.remote.String()
	}
	return e.local.String()
}
