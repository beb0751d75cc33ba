package descriptor

import (
	"net"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// ListenConfig is how a backend lets package net open a listener: for plain TCP,
// because what a multipath listener accepts does not inherit its options.
func ListenConfig(o backend.ListenOptions) *net.ListenConfig {
	c := &net.ListenConfig{KeepAlive: -1}
	c.SetMultipathTCP(false)
	if o.ReusePort {
		c.Control = reusePort
	}
	return c
}

// CanReusePort reports whether the system deals the connections of a port out to
// several listeners.
func CanReusePort() bool { return reusePort != nil }
