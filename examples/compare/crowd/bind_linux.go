package crowd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// bindAddressOnly is the Control of a Dialer. It has connect choose the port, when the server is
// known: the same port may then be used for each server. Otherwise bind chooses one that no other
// connection from the address has, and all crowds connect from the same addresses.
func bindAddressOnly(_, _ string, c syscall.RawConn) (err error) {
	if failed := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}); failed != nil {
		return failed
	}
	return err
}
