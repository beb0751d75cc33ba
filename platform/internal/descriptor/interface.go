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

// ZoneName returns the name of an interface, or its number if it has none.
func ZoneName(id uint32) string {
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(id))
}
