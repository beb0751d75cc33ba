//go:build unix && !linux && !darwin && !freebsd

package descriptor

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

func member4(fd uintptr, group netip.Addr, of *net.Interface, option int) error {
	local, err := addressOf(of)
	if err != nil {
		return err
	}
	return optionError(unix.SetsockoptIPMreq(int(fd), unix.IPPROTO_IP, option, &unix.IPMreq{Multiaddr: group.As4(), Interface: local}))
}

func interface4(fd uintptr, of *net.Interface) error {
	local, err := addressOf(of)
	if err != nil {
		return err
	}
	return unix.SetsockoptInet4Addr(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF, local)
}
