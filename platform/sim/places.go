package sim

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// places is who listens where in a world. Every IP address is an address of
// every socket in it; there is no route to find.
type places struct {
	ports map[port][]*endpoint // listeners and packet sockets
	paths map[string]*endpoint // unix listeners
	next  uint16               // the ephemeral port to try next
}

type port struct {
	packet bool
	number uint16
}

// Ephemeral ports are those of RFC 6335.
const firstEphemeral = 49152

func newPlaces() places {
	return places{ports: map[port][]*endpoint{}, paths: map[string]*endpoint{}, next: firstEphemeral}
}

// ephemeral returns a port for a socket that does not ask for one.
func (p *places) ephemeral() uint16 {
	n := p.next
	if p.next++; p.next == 0 {
		p.next = firstEphemeral
	}
	return n
}

// bind gives e its local address, as package net would understand it.
func (w *World) bind(e *endpoint, network, address string) error {
	if network == "unix" {
		return w.places.bindPath(e, address)
	}
	local, err := parse(network, address)
	if err != nil {
		return err
	}
	e.local, e.only6 = local, strings.HasSuffix(network, "6")
	if local.Port() != 0 {
		return w.places.claim(e)
	}
	for range 1<<16 - firstEphemeral {
		e.local = netip.AddrPortFrom(local.Addr(), w.places.ephemeral())
		if err = w.places.claim(e); err == nil {
			return nil
		}
	}
	return err
}

// claim takes the port of e, unless somebody has it.
func (p *places) claim(e *endpoint) error {
	at := port{e.packets != nil, e.local.Port()}
	for _, other := range p.ports[at] {
		if other.covers(e.local.Addr()) || e.covers(other.local.Addr()) {
			return os.NewSyscallError("bind", syscall.EADDRINUSE)
		}
	}
	p.ports[at] = append(p.ports[at], e)
	return nil
}

func (p *places) bindPath(e *endpoint, path string) error {
	if path == "" { // an abstract name, as Linux chooses one
		path = fmt.Sprintf("@%05x", p.ephemeral())
	}
	if p.paths[path] != nil {
		return os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	e.unix, e.path = true, path
	p.paths[path] = e
	return nil
}

// leave frees the address of e.
func (p *places) leave(e *endpoint) {
	if e.unix {
		if p.paths[e.path] == e {
			delete(p.paths, e.path)
		}
		return
	}
	at := port{e.packets != nil, e.local.Port()}
	there := p.ports[at]
	i := slices.Index(there, e)
	if i < 0 {
		return
	}
	if there = slices.Delete(there, i, i+1); len(there) > 0 {
		p.ports[at] = there
	} else {
		delete(p.ports, at)
	}
}

// find returns who is at an address, or nil. A socket for just this address
// comes before one for all addresses.
func (p *places) find(packet bool, to netip.AddrPort) (at *endpoint) {
	for _, e := range p.ports[port{packet, to.Port()}] {
		switch {
		case e.local == to:
			return e
		case e.covers(to.Addr()):
			at = e
		}
	}
	return at
}

// covers reports whether e gets what is sent to an address and its port.
func (e *endpoint) covers(to netip.Addr) bool {
	at := e.local.Addr()
	switch {
	case at == to:
		return true
	case !at.IsUnspecified():
		return false
	case to.Is4():
		return !e.only6 // the IPv6 address for all takes IPv4 as well
	}
	return at.Is6()
}

// parse returns the address that package net would listen on. Names other than
// localhost are unknown in a world.
func parse(network, address string) (netip.AddrPort, error) {
	host, number, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return netip.AddrPort{}, &net.AddrError{Err: "sim: the port must be a number", Addr: address}
	}
	four := strings.HasSuffix(network, "4")
	var addr netip.Addr
	switch {
	case host == "" && four:
		addr = netip.IPv4Unspecified()
	case host == "":
		addr = netip.IPv6Unspecified()
	case host == "localhost" && !strings.HasSuffix(network, "6"):
		addr = loopback4
	case host == "localhost":
		addr = netip.IPv6Loopback()
	default:
		if addr, err = netip.ParseAddr(host); err != nil {
			return netip.AddrPort{}, &net.AddrError{Err: "sim: the address must be numeric", Addr: address}
		}
		addr = addr.Unmap()
	}
	if four && !addr.Is4() || strings.HasSuffix(network, "6") && addr.Is4() {
		return netip.AddrPort{}, &net.AddrError{Err: "sim: not an address for " + network, Addr: address}
	}
	return netip.AddrPortFrom(addr, uint16(n)), nil
}

var loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// here returns to, or, if that is the address for all, the local host's.
func here(to netip.AddrPort) netip.AddrPort {
	switch {
	case !to.Addr().IsUnspecified():
		return to
	case to.Addr().Is4():
		return netip.AddrPortFrom(loopback4, to.Port())
	}
	return netip.AddrPortFrom(netip.IPv6Loopback(), to.Port())
}
