package platform

import (
	"net"
	"net/netip"

	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// The methods for multicast take effect at once, by socket options. If the system lacks
// an option, and in package sim, the error is errors.ErrUnsupported.

// JoinGroup makes the socket also read packets to a multicast group, on a network
// interface, or, if on is nil, on one that the system chooses. To share the port with
// other members on this host, call ListenPacket with the address of the group. Packets
// to other groups that were joined on this host may come too: see Local of a [Packet].
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

// SetMulticastInterface sets the network interface for packets to multicast groups;
// nil leaves the choice to the system.
func (c *PacketConn) SetMulticastInterface(by *net.Interface) error {
	return c.h.configure("multicast interface", nil, func(fd uintptr) error { return descriptor.SetMulticastInterface(fd, by) })
}

// SetMulticastLoopback says whether packets to multicast groups also reach members on
// this host, as they do by default. (On Windows the members decide this, not the
// sender.)
func (c *PacketConn) SetMulticastLoopback(on bool) error {
	return c.h.configure("multicast loopback", nil, func(fd uintptr) error { return descriptor.SetMulticastLoopback(fd, on) })
}

// SetMulticastTTL limits how many networks packets to multicast groups may cross. With
// 1, the default, they stay in this network. With 0 they stay on this host.
func (c *PacketConn) SetMulticastTTL(ttl uint8) error {
	return c.h.configure("multicast TTL", nil, func(fd uintptr) error { return descriptor.SetMulticastTTL(fd, ttl) })
}
