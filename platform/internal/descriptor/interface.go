package descriptor

import (
	"net"
	"net/netip"
	"strconv"
)

// InterfaceOf returns the number of the interface that an IPv6 address is local to, or 0.
func InterfaceOf(addr netip.Addr) int {
	if addr.Zone() == "" {
		return 0
	}
	if i, err := net.InterfaceByName(addr.Zone()); err == nil {
		return i.Index
	}
	id, _ := strconv.ParseUint(addr.Zone(), 10, 32)
	return int(id)
}

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

// ZoneName returns the name of an interface, or its number if it has none.
func ZoneName(id uint32) string {
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(id))
}
