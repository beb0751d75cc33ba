package descriptor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// Package net opens listeners and packet sockets for all backends, as it knows how
// names, dual-stack addresses and the backlog are meant.

// inherits is whether accepted connections have the options of their listener.
// Elsewhere package net, which sets them on each, does so as well.
const inherits = runtime.GOOS == "linux"

// Listen opens a stream listener: for plain TCP, because what a multipath listener
// accepts does not inherit its options.
func Listen(network, address string, o *backend.ListenOptions) (net.Listener, error) {
	tcp := network != "unix"
	c := &net.ListenConfig{KeepAlive: -1, KeepAliveConfig: o.KeepAliveConfig(), Control: control(tcp, o)}
	if inherits {
		c.KeepAliveConfig.Enable = false
	}
	c.SetMultipathTCP(false)
	l, err := c.Listen(context.Background(), network, address)
	if err != nil {
		return nil, Name(err)
	}
	if o.Mode != 0 {
		// Only what the umask has taken away is missing where setMode works.
		err = os.Chmod(address, o.Mode)
	}
	if err == nil && o.Backlog > 0 {
		err = onDescriptor(l.(syscall.Conn), func(fd uintptr) error { return setBacklog(fd, o.Backlog) })
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// ListenPacket opens a packet socket.
func ListenPacket(network, address string, o *backend.ListenOptions) (net.PacketConn, error) {
	c := net.ListenConfig{Control: control(false, o)}
	p, err := c.ListenPacket(context.Background(), network, address)
	return p, Name(err)
}

// control returns what package net calls before it binds a socket.
func control(tcp bool, o *backend.ListenOptions) func(network, address string, c syscall.RawConn) error {
	return func(network, address string, c syscall.RawConn) error {
		err := onRaw(c, func(fd uintptr) error {
			if o.ReusePort {
				if err := reusePort(fd); err != nil {
					return err
				}
			}
			if o.Mode != 0 {
				if err := setMode(fd, o.Mode); err != nil {
					return err
				}
			}
			if inherits {
				return Configure(fd, tcp, &o.SocketOptions)
			}
			return setBuffers(fd, &o.SocketOptions)
		})
		if err == nil && o.Control != nil {
			err = o.Control(network, address, c)
		}
		return err
	}
}

// BuffersControl returns what sets the sizes of the buffers of a socket before package
// net connects it, or nil if they are the system's.
func BuffersControl(o *backend.SocketOptions) func(network, address string, c syscall.RawConn) error {
	if o.ReadBuffer == 0 && o.WriteBuffer == 0 {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) error {
		return onRaw(c, func(fd uintptr) error { return setBuffers(fd, o) })
	}
}

// onDescriptor calls f with the descriptor of c.
func onDescriptor(c syscall.Conn, f func(fd uintptr) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return onRaw(raw, f)
}

func onRaw(c syscall.RawConn, f func(fd uintptr) error) (err error) {
	if cerr := c.Control(func(fd uintptr) { err = f(fd) }); cerr != nil {
		return cerr
	}
	return err
}

// CheckListen refuses what this system cannot do, or not on the network.
func CheckListen(network, address string, o *backend.ListenOptions) error {
	isUnix, packets := network == "unix", strings.HasPrefix(network, "udp")
	wrong := func(what string, err error) error {
		return fmt.Errorf("platform: listen %s %s: %s: %w", network, address, what, err)
	}
	switch {
	case o.Backlog < 0 || o.Backlog > math.MaxInt32:
		return wrong(fmt.Sprintf("backlog of %d", o.Backlog), syscall.EINVAL)
	case o.Backlog > 0 && packets:
		return wrong("backlog of a packet socket", errors.ErrUnsupported)
	case o.Backlog > 0 && !canSetBacklog:
		return wrong("backlog", errors.ErrUnsupported)
	case o.ReusePort && (isUnix || !CanReusePort()):
		return wrong("reuse of the port", errors.ErrUnsupported)
	case o.Mode&^0o777 != 0:
		return wrong("mode "+o.Mode.String()+" is more than permissions", syscall.EINVAL)
	case o.Mode != 0 && (!isUnix || !hasModes || !hasPath(address)):
		return wrong("mode of what has no path", errors.ErrUnsupported)
	}
	return CheckOptions(&o.SocketOptions)
}

// hasPath reports whether the address of a unix socket is in the file system.
func hasPath(address string) bool {
	return address != "" && address[0] != '@' && address[0] != 0
}

// CheckOptions refuses what is no option.
func CheckOptions(o *backend.SocketOptions) error {
	for _, size := range [...]int{o.ReadBuffer, o.WriteBuffer} {
		if size < 0 || size > math.MaxInt32 {
			return fmt.Errorf("platform: a buffer of %d bytes: %w", size, syscall.EINVAL)
		}
	}
	return nil
}
