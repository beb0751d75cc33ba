//go:build !windows

package portable

import (
	"net"
	"net/netip"
	"syscall"
)

// receive waits for a packet, and returns its length, that of the control data, whether
// the packet was longer than the buffer for it, and who sent it.
func receive(c *net.UDPConn, b, control []byte) (n, have int, cut bool, from netip.AddrPort, err error) {
	n, have, flags, from, err := c.ReadMsgUDPAddrPort(b, control)
	return n, have, err == nil && flags&syscall.MSG_TRUNC != 0, from, err
}

// nowhere returns the error of a write on a socket that may not be connected.
func nowhere(err error) error { return err }
