//go:build linux || darwin || freebsd

package descriptor

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// An IPv4 interface is named by its number, as one without an address can be.

func member4(fd uintptr, group netip.Addr, of *net.Interface, option int) error {
	return optionError(unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, option,
		&unix.IPMreqn{Multiaddr: group.As4(), Ifindex: indexOf[int32](of)}))
}

func interface4(fd uintptr, of *net.Interface) error {
	return unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: indexOf[int32](of)})
}
