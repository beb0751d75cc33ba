//go:build !linux && !darwin && !freebsd && (unix || windows)

package descriptor

import (
	"net"
	"net/netip"
)

// addressOf returns the first IPv4 address of an interface, by which some systems know
// it, or none for the system's choice.
func addressOf(of *net.Interface) (local [4]byte, err error) {
	if of == nil {
		return local, nil
	}
	addrs, err := of.Addrs()
	if err != nil {
		return local, err
	}
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Is4() {
			return prefix.Addr().As4(), nil
		}
	}
	return local, &net.AddrError{Err: "platform: the interface has no IPv4 address", Addr: of.Name}
}
