package chains

import (
	"net"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// dialer has the zero delay, after which the second address of "localhost" is tried.
var dialer platform.Dialer

// startDial opens a connection as startConnect does, but by a name that has two
// addresses, of which the listener has one.
func startDial(c *chainRun, s *Step, h ops.Handler) {
	l := c.run.links[s.Link]
	c.end = l.ends[0]
	address := l.address
	if l.Network == "tcp" {
		if _, port, err := net.SplitHostPort(address); err == nil {
			address = net.JoinHostPort("localhost", port)
		}
	}
	dialer.Dial(c.run.proactor, c.run.open(c.end), l.Network, address, h)
}
