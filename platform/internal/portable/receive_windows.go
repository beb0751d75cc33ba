package portable

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

var recvFrom = windows.NewLazySystemDLL("ws2_32.dll").NewProc("recvfrom")

// receive waits for a packet, and returns its length, that of the control data, whether
// the packet was longer than the buffer for it, and who sent it.
//
// Such a packet is an error of the read on Windows, and package net tells the sender
// only where there is none. So the sender is asked for before.
func receive(c *net.UDPConn, b, control []byte) (n, have int, cut bool, from netip.AddrPort, err error) {
	sender, err := nextSender(c)
	if err != nil {
		return 0, 0, false, from, err
	}
	n, have, _, from, err = c.ReadMsgUDPAddrPort(b, control)
	if errors.Is(err, windows.WSAEMSGSIZE) {
		return len(b), 0, true, sender, nil
	}
	return n, have, false, from, descriptor.PacketName(err)
}

// nextSender waits for a packet, which it leaves in the socket, and returns who sent it,
// or no address if the read of it is going to fail.
func nextSender(c *net.UDPConn) (from netip.AddrPort, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return from, err
	}
	err = raw.Read(func(socket uintptr) bool {
		if !poll(socket) {
			return false
		}
		var none [1]byte
		name := new(windows.RawSockaddrAny)
		size := int32(unsafe.Sizeof(*name))
		// All but the address is for the read to find.
		syscall.SyscallN(recvFrom.Addr(), socket, uintptr(unsafe.Pointer(&none)), 1, windows.MSG_PEEK,
			uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&size)))
		if sa, err := name.Sockaddr(); err == nil {
			from = descriptor.AddrPortOf(sa)
		}
		return true
	})
	return from, err
}

// nowhere returns the error of a write on a socket that may not be connected, which one
// version of Windows calls so and another so.
func nowhere(err error) error {
	if errors.Is(err, windows.WSAENOTCONN) || errors.Is(err, windows.WSAEINVAL) {
		return os.NewSyscallError("wsasend", syscall.EDESTADDRREQ)
	}
	return err
}
