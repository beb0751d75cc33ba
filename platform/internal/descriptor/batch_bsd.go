//go:build darwin || dragonfly || freebsd || netbsd || openbsd || (linux && bsdcalls)

package descriptor

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A Batch reads or sends the packets of one side of a socket, one after another.
type Batch struct{ control ControlBuffer }

// Receive reads what packets there are, without waiting, and reports whether op has
// ended. An error that comes after some packets is for the next one to find.
func (b *Batch) Receive(fd int32, op *ops.Operation) bool {
	packets := backend.Packets(op)
	packets = packets[:min(len(packets), MaxBatch)]
	for i := range packets {
		if err := b.receive(fd, &packets[i]); err != nil {
			return ended(op, i, "recvmsg", err)
		}
	}
	op.N = len(packets)
	return true
}

func (b *Batch) receive(fd int32, packet *backend.Packet) error {
	for {
		n, have, flags, from, err := unix.Recvmsg(int(fd), packet.Buf, b.control[:], unix.MSG_DONTWAIT)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		*packet = backend.Packet{Buf: packet.Buf, N: n, Truncated: flags&unix.MSG_TRUNC != 0, Peer: addrPort(from)}
		ParseControl(packet, b.control[:min(have, len(b.control))])
		RaceWrite(packet.Buf[:n])
		return nil
	}
}

// Send sends packets, as many as there is room for and one call may copy, and reports
// whether op has ended. A packet that cannot be sent ends the batch before it, or, if it is
// the first, the operation with an error.
func (b *Batch) Send(fd int32, op *ops.Operation, inet6 bool) bool {
	packets := backend.Packets(op)
	packets = packets[:min(len(packets), MaxBatch)]
	bytes := 0
	for i := range packets {
		if bytes += len(packets[i].Buf); bytes > MaxTransfer && i > 0 {
			return ended(op, i, "", nil)
		}
		if err := b.send(fd, &packets[i], inet6); err != nil {
			return ended(op, i, "sendmsg", err)
		}
	}
	op.N = len(packets)
	return true
}

func (b *Batch) send(fd int32, packet *backend.Packet, inet6 bool) error {
	var sa unix.Sockaddr
	var err error
	if packet.Peer.IsValid() {
		if sa, err = sockaddr(packet.Peer, inet6); err != nil {
			return err
		}
	}
	var control []byte
	if packet.ECN != 0 || packet.Interface != 0 || packet.Local.IsValid() {
		to := packet.Peer
		if !to.IsValid() {
			to = PacketAddr(uintptr(fd), true)
		}
		if control, err = AppendControl(b.control[:0], packet, to, inet6); err != nil {
			return err
		}
	}
	RaceRead(packet.Buf)
	for {
		n, err := unix.SendmsgN(int(fd), packet.Buf, control, sa, sendFlags)
		if err == nil {
			packet.N = n
		}
		if err != unix.EINTR {
			return err
		}
	}
}

// ended ends a batch after n packets because of an error, if it has ended.
func ended(op *ops.Operation, n int, call string, err error) bool {
	switch {
	case n > 0:
		op.N = n
	case err == unix.EAGAIN:
		return false
	default:
		if _, ok := err.(syscall.Errno); ok {
			err = os.NewSyscallError(call, err)
		}
		op.Err = err
	}
	return true
}
