package iocp

import (
	"io"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
	"github.com/heirloom-go/heirloom/platform/internal/winsock"
)

// A message is what a side of a packet socket works with. The kernel writes the address
// and its size when a packet is received.
type message struct {
	request
	addr windows.RawSockaddrInet6
	size int32
}

// message returns the message of a side, for another operation.
func (x *socket) message(d backend.Side) *message {
	e := x.extra()
	m := e.messages[d]
	if m == nil {
		m = new(message)
		e.messages[d] = m
	}
	*m = message{}
	return m
}

// replace gives the reading side another message than m. To receive a packet that is longer
// than its buffer is a call that has failed at once, or so it says, and yet Windows sends a
// packet to the port for it, and writes to the OVERLAPPED when that comes out. It must not
// find the call of a later operation there, so m is kept until then, also if the socket is
// closed before. (Wine sends none.)
func (b *Backend) replace(x *socket, m *message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.former == nil {
		b.former = make(map[uintptr]*message)
	}
	b.former[uintptr(unsafe.Pointer(&m.Overlapped))] = m
	x.rare.messages[backend.Reading] = &message{request: request{reported: true}}
}

// unexpected takes a packet that is for no call which is outstanding.
func (b *Backend) unexpected(p *packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.former, p.overlapped)
}

// startPacket starts an operation on packets.
func (b *Backend) startPacket(x *socket, op *ops.Operation) bool {
	m := x.message(backend.SideOf(op.Kind))
	switch op.Kind {
	case ops.KindReadFrom:
		return b.receive(x, op, m, op.Buf)
	case ops.KindReadBatch:
		return b.receive(x, op, m, backend.Packets(op)[0].Buf)
	case ops.KindWriteTo:
		return b.send(x, op, m, op.Buf, backend.Addr(op))
	}
	packet := &backend.Packets(op)[0]
	if op.Err = plainOnly(packet); op.Err != nil {
		return true
	}
	return b.send(x, op, m, packet.Buf, packet.Peer)
}

// plainOnly refuses a packet that asks for what this system is not asked for.
func plainOnly(p *backend.Packet) error {
	if p.ECN == 0 && p.Interface == 0 && !p.Local.IsValid() {
		return nil
	}
	_, err := descriptor.AppendControl(nil, p, p.Peer, false)
	return err
}

// receive reads a packet. One that has come already is read without a packet from the port.
func (b *Backend) receive(x *socket, op *ops.Operation, m *message, buf []byte) (ended bool) {
	m.size = sockaddrSize
	list := bufferOf(buf, maxTransfer)
	errno := x.failed
	if x.failed = 0; errno == 0 {
		errno = winsock.RecvFrom(x.handle, &list, &m.n, &m.flags, &m.addr, &m.size, nil)
	}
	if errno != windows.WSAEWOULDBLOCK {
		b.packetDone(x, op, int(m.n), errno)
		m.reported = true
		return true
	}
	m.n, m.flags, m.size = 0, 0, sockaddrSize
	errno = winsock.RecvFrom(x.handle, &list, &m.n, &m.flags, &m.addr, &m.size, &m.Overlapped)
	ended = b.issued(x, op, &m.request, errno)
	if errno == windows.WSAEMSGSIZE { // it has come meanwhile
		b.replace(x, m)
	}
	return ended
}

const sockaddrSize = 28 // of a sockaddr_in6

// send sends a packet. What there is room for is sent without a packet from the port.
func (b *Backend) send(x *socket, op *ops.Operation, m *message, buf []byte, to netip.AddrPort) bool {
	list := bufferOf(buf, maxTransfer)
	var err error
	if m.size, err = winsock.ToSockaddr(&m.addr, to, x.inet6); err != nil {
		op.Err = err
		return true
	}
	errno := winsock.SendTo(x.handle, &list, &m.n, &m.addr, m.size, nil)
	switch {
	case errno == windows.WSAEWOULDBLOCK:
		return b.issued(x, op, &m.request, winsock.SendTo(x.handle, &list, &m.n, &m.addr, m.size, &m.Overlapped))
	case m.size == 0 && (errno == windows.WSAENOTCONN || errno == windows.WSAEINVAL):
		errno = windows.WSAEDESTADDRREQ // one system calls it so, another so
	}
	b.packetDone(x, op, int(m.n), errno)
	m.reported = true
	return true
}

// packetDone takes the result of the call for an operation on packets. Of several, those
// that the call was not for follow as far as nothing has to wait.
func (b *Backend) packetDone(x *socket, op *ops.Operation, n int, errno syscall.Errno) {
	m := x.rare.messages[backend.SideOf(op.Kind)]
	cut := errno == windows.WSAEMSGSIZE
	switch op.Kind {
	case ops.KindReadFrom:
		if cut {
			n, errno, op.Err = len(op.Buf), 0, io.ErrShortBuffer
		}
		if op.N = n; errno != 0 {
			op.N, op.Err = 0, packetFailure("wsarecvfrom", errno)
			return
		}
		backend.SetSender(op, winsock.FromSockaddr(&m.addr))
	case ops.KindReadBatch:
		if errno != 0 && !cut {
			op.Err = packetFailure("wsarecvfrom", errno)
			return
		}
		m.received(&backend.Packets(op)[0], n, cut)
		op.N = 1
		x.receiveMore(op)
	case ops.KindWriteTo:
		op.N, op.Err = n, packetFailure("wsasendto", errno)
	case ops.KindWriteBatch:
		if op.Err = packetFailure("wsasendto", errno); op.Err == nil {
			backend.Packets(op)[0].N = n
			op.N = 1
			x.sendMore(op)
		}
	}
}

// received says what a packet is that was read.
func (m *message) received(p *backend.Packet, n int, cut bool) {
	if cut {
		n = len(p.Buf)
	}
	*p = backend.Packet{Buf: p.Buf, N: n, Truncated: cut, Peer: winsock.FromSockaddr(&m.addr)}
}

// packetFailure returns the error of a call on packets, or nil.
func packetFailure(call string, errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return os.NewSyscallError(call, descriptor.PacketName(errno))
}

// packetsOf returns the packets of an operation, as many as one takes at most.
func packetsOf(op *ops.Operation) []backend.Packet {
	packets := backend.Packets(op)
	return packets[:min(len(packets), maxBatch)]
}

const maxBatch = 64 // as elsewhere

// receiveMore receives what further packets there are.
func (x *socket) receiveMore(op *ops.Operation) {
	packets := packetsOf(op)
	var more message
	for ; op.N < len(packets); op.N++ {
		more.n, more.flags, more.size = 0, 0, sockaddrSize
		list := bufferOf(packets[op.N].Buf, maxTransfer)
		errno := winsock.RecvFrom(x.handle, &list, &more.n, &more.flags, &more.addr, &more.size, nil)
		switch errno {
		case 0, windows.WSAEMSGSIZE:
		case windows.WSAEWOULDBLOCK:
			return
		default:
			x.failed = errno // for the next operation: the system says it only once
			return
		}
		more.received(&packets[op.N], int(more.n), errno != 0)
	}
}

// sendMore sends what further packets there is room for.
func (x *socket) sendMore(op *ops.Operation) {
	packets := packetsOf(op)
	for ; op.N < len(packets); op.N++ {
		p := &packets[op.N]
		var to windows.RawSockaddrInet6
		size, err := winsock.ToSockaddr(&to, p.Peer, x.inet6)
		if err != nil || plainOnly(p) != nil {
			return // it is for the next operation to find
		}
		var n uint32
		list := bufferOf(p.Buf, maxTransfer)
		if errno := winsock.SendTo(x.handle, &list, &n, &to, size, nil); errno != 0 {
			return
		}
		p.N = int(n)
	}
}
