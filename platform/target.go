package platform

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/heirloom-go/heirloom/ops"
)

// A target is what a program dials, if that is not one numeric address.
type target struct {
	network, address string // as the program has given them

	host    string       // to look up, if it is not empty
	addrs   []netip.Addr // otherwise, of the host
	service string       // to look up, if it is not empty
	port    uint16       // otherwise
}

// parseTarget returns the target that an address means. ok is false for a single numeric
// address, and for what is not an address at all, which connecting finds out.
func parseTarget(network, address string) (t target, ok bool, err error) {
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return t, false, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return t, false, err
	}
	number, err := parsePort(address, port)
	if err != nil {
		return t, false, err
	}
	addr, bad := netip.ParseAddr(host)
	local := host == "" || host == "localhost" || addr.IsUnspecified()
	if number && (bad == nil || local) && !(network == "tcp" && (host == "localhost" || addr == netip.IPv6Unspecified())) {
		return t, false, nil
	}
	t = target{network: network, address: address}
	if number {
		n, _ := strconv.ParseUint(port, 10, 16)
		t.port = uint16(n)
	} else {
		t.service = port
	}
	switch {
	case local && addr.Is6():
		t.addrs = []netip.Addr{netip.IPv6Loopback(), loopback4}
	case local:
		t.addrs = []netip.Addr{loopback4, netip.IPv6Loopback()}
	case bad == nil:
		t.addrs = []netip.Addr{addr.Unmap()}
	default:
		t.host = host
	}
	return t, true, nil
}

// parsePort reports whether a port is a number, and not the name of a service.
func parsePort(address, port string) (number bool, err error) {
	if port != "" && (port[0] < '0' || port[0] > '9') {
		return false, nil
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return false, &net.AddrError{Err: "platform: invalid port", Addr: address}
	}
	return true, nil
}

// addressFamily is the network that a Resolver is called with.
func (t *target) addressFamily() string { return "ip" + t.network[len("tcp"):] }

// Network and String make a target a net.Addr, for errors.
func (t *target) Network() string { return t.network }
func (t *target) String() string  { return t.address }

// choose returns the addresses to try, in order: of those that suit the network and the
// source address, first and further ones of each family in turn (RFC 8305, section 4).
func (d *Dialer) choose(network string, addrs []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr // that of the first address comes first
	for _, a := range addrs {
		a = a.Unmap()
		if network == "tcp4" && !a.Is4() || network == "tcp6" && a.Is4() || d.suits(a) != nil {
			continue
		}
		i := 0
		if len(families[0]) > 0 && families[0][0].Is4() != a.Is4() {
			i = 1
		}
		families[i] = append(families[i], a)
	}
	all := make([]netip.Addr, 0, len(families[0])+len(families[1]))
	for i := range families[0] {
		all = append(all, families[0][i])
		if i < len(families[1]) {
			all = append(all, families[1][i])
		}
	}
	return append(all, families[1][min(len(families[0]), len(families[1])):]...)
}

// suits returns why an address cannot be reached from the one to dial from, or nil.
func (d *Dialer) suits(to netip.Addr) error {
	from := d.LocalAddr.Addr().Unmap()
	if !from.IsValid() || from.IsUnspecified() || from.Is4() == to.Unmap().Is4() {
		return nil
	}
	return &net.AddrError{Err: "platform: not of the family of the address to dial from, " + from.String(), Addr: to.String()}
}

// dialOf returns the dial of an operation of ops.KindDial.
func dialOf(op *ops.Operation) *dial { return (*dial)(op.Arg) }
