package platform

import (
	"net"
	"net/netip"

	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// Multicast is set on a PacketConn at once, by socket options. Where the system lacks
// one, and in package sim, the error is errors.ErrUnsupported.

// JoinGroup has the socket also read what is sent to a multicast group, on an interface,
// or, if that is nil, on the one that the system chooses. To share the port with other
// members on this host, let the address for ListenPacket be that of the group. The
// packets of other groups that somebody on this host has joined may come too: see Local
// of a [Packet].
func (c *PacketConn) JoinGroup(group netip.Addr, on *net.Interface) error {
	return c.member("join", descriptor.JoinGroup, group, on)
}

// LeaveGroup undoes [PacketConn.JoinGroup], with the same arguments. Closing the socket
// leaves all groups.
func (c *PacketConn) LeaveGroup(group netip.Addr, on *net.Interface) error {
	return c.member("leave", descriptor.LeaveGroup, group, on)
}

func (c *PacketConn) member(what string, set func(uintptr, netip.Addr, *net.Interface) error, group netip.Addr, on *net.Interface) error {
	if group = group.Unmap().WithZone(""); !group.IsMulticast() {
		return &net.AddrError{Err: "platform: " + what + ": not a multicast address", Addr: group.String()}
	}
	return c.h.configure(what+" "+group.String(), nil, func(fd uintptr) error { return set(fd, group, on) })
}

// SetMulticastInterface says by which interface packets to multicast groups leave; nil
// is the system's choice.
func (c *PacketConn) SetMulticastInterface(by *net.Interface) error {
	return c.h.configure("multicast interface", nil, func(fd uintptr) error { return descriptor.SetMulticastInterface(fd, by) })
}

// SetMulticastLoopback says whether what is sent to multicast groups also comes to their
// members on this host, as it does unless told otherwise. (Windows asks this of
// those members, not of the sender.)
func (c *PacketConn) SetMulticastLoopback(on bool) error {
	return c.h.configure("multicast loopback", nil, func(fd uintptr) error { return descriptor.SetMulticastLoopback(fd, on) })
}

// SetMulticastTTL bounds how many networks packets to multicast groups cross. It is 1
// unless told otherwise: they stay in this one. With 0 they stay on this host.
func (c *PacketConn) SetMulticastTTL(ttl uint8) error {
	return c.h.configure("multicast TTL", nil, func(fd uintptr) error { return descriptor.SetMulticastTTL(fd, ttl) })
}
