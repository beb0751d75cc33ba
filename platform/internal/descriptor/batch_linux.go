//go:build !bsdcalls

package descriptor

import (
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A Batch is what recvmmsg and sendmmsg take for the packets of one side of a socket. It
// is kept for the next operation of the side, as large as the largest so far.
type Batch struct {
	headers []multiHeader
	parts   []batchPart
}

// A multiHeader is struct mmsghdr.
type multiHeader struct {
	unix.Msghdr
	n uint32
}

// A batchPart is what a multiHeader refers to.
type batchPart struct {
	vector  unix.Iovec
	control ControlBuffer
	addr    unix.RawSockaddrInet6
}

// room makes b large enough for n packets.
func (b *Batch) room(n int) {
	if n > len(b.headers) {
		b.headers, b.parts = make([]multiHeader, n), make([]batchPart, n)
	}
}

// carry makes a buffer what is read or sent as packet i.
func (b *Batch) carry(i int, buf []byte) (*multiHeader, *batchPart) {
	h, p := &b.headers[i], &b.parts[i]
	p.vector.Base = unsafe.SliceData(buf)
	p.vector.SetLen(len(buf))
	h.Msghdr = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&p.addr)), Iov: &p.vector, Control: &p.control[0]}
	h.SetIovlen(1)
	return h, p
}

// release lets go of the buffers of n packets.
func (b *Batch) release(n int) {
	for i := range n {
		b.parts[i].vector.Base = nil
	}
}

// Receive reads what packets there are, without waiting, and reports whether op has
// ended.
func (b *Batch) Receive(fd int32, op *ops.Operation) bool {
	packets := backend.Packets(op)
	packets = packets[:min(len(packets), MaxBatch)]
	b.room(len(packets))
	for i := range packets {
		h, _ := b.carry(i, packets[i].Buf)
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlSize)
	}
	n, errno := b.call(unix.SYS_RECVMMSG, fd, len(packets))
	b.release(len(packets))
	if errno == unix.EAGAIN {
		return false
	}
	if errno != 0 {
		op.Err = os.NewSyscallError("recvmmsg", errno)
		return true
	}
	for i := range packets[:n] {
		h, p, packet := &b.headers[i], &b.parts[i], &packets[i]
		*packet = backend.Packet{Buf: packet.Buf, N: int(h.n), Truncated: h.Flags&unix.MSG_TRUNC != 0}
		if h.Namelen > 0 {
			packet.Peer = FromSockaddr(&p.addr)
		}
		ParseControl(packet, p.control[:min(int(h.Controllen), len(p.control))])
		RaceWrite(packet.Buf[:packet.N])
	}
	op.N = n
	return true
}

// Send sends packets, as many as there is room for and one call goes, and reports whether
// op has ended. A packet that cannot be sent ends the batch before it, or, if it is the
// first, the operation with an error.
func (b *Batch) Send(fd int32, op *ops.Operation, inet6 bool) bool {
	packets := backend.Packets(op)
	packets = packets[:min(len(packets), MaxBatch)]
	b.room(len(packets))
	n, bytes := 0, 0
	var peer netip.AddrPort // of a connected socket, if it matters
	for i := range packets {
		packet := &packets[i]
		if inet6 && !packet.Peer.IsValid() && !peer.IsValid() && (packet.Interface != 0 || packet.ECN != 0) {
			peer = PacketAddr(uintptr(fd), true)
		}
		if bytes += len(packet.Buf); bytes > MaxTransfer && i > 0 {
			break
		}
		if err := b.address(i, packet, peer, inet6); err != nil {
			if i > 0 {
				break
			}
			b.release(1)
			op.Err = err
			return true
		}
		RaceRead(packet.Buf)
		n++
	}
	sent, errno := b.call(unix.SYS_SENDMMSG, fd, n)
	b.release(n)
	if errno == unix.EAGAIN {
		return false
	}
	if errno != 0 {
		op.Err = os.NewSyscallError("sendmmsg", errno)
		return true
	}
	for i := range packets[:sent] {
		packets[i].N = int(b.headers[i].n)
	}
	op.N = sent
	return true
}

// address makes a packet the one to send as number i. The peer is that of a connected socket.
func (b *Batch) address(i int, packet *backend.Packet, peer netip.AddrPort, inet6 bool) error {
	h, p := b.carry(i, packet.Buf)
	to := packet.Peer
	if !to.IsValid() {
		h.Name, to = nil, peer
	} else {
		size, err := ToSockaddr(&p.addr, packet.Peer, inet6)
		if err != nil {
			return err
		}
		h.Namelen = uint32(size)
	}
	control, err := AppendControl(p.control[:0], packet, to, inet6)
	if err != nil {
		return err
	}
	if h.SetControllen(len(control)); len(control) == 0 {
		h.Control = nil
	}
	return nil
}

func (b *Batch) call(call uintptr, fd int32, n int) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b.headers))), uintptr(n),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}
