package descriptor

import (
	"net"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// The options of a socket, as those of the same names in package net.

// Configure sets the options of a new stream socket, on which the system holds small
// writes back and sends no probes.
func Configure(fd uintptr, tcp bool, o *backend.SocketOptions) error {
	if err := setBuffers(fd, o); err != nil || !tcp {
		return err
	}
	if !o.Delay {
		if err := SetNoDelay(fd, true); err != nil {
			return err
		}
	}
	if o.NoKeepAlive {
		return nil
	}
	return SetKeepAlive(fd, o.KeepAliveConfig())
}

func setBuffers(fd uintptr, o *backend.SocketOptions) error {
	if o.ReadBuffer > 0 {
		if err := SetReadBuffer(fd, o.ReadBuffer); err != nil {
			return err
		}
	}
	if o.WriteBuffer > 0 {
		return SetWriteBuffer(fd, o.WriteBuffer)
	}
	return nil
}

// SetReadBuffer sets the size of the system's buffer for what is received.
func SetReadBuffer(fd uintptr, bytes int) error {
	return setInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, bytes)
}

// SetWriteBuffer sets the size of the system's buffer for what is sent.
func SetWriteBuffer(fd uintptr, bytes int) error {
	return setInt(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, bytes)
}

// SetNoDelay has small writes sent at once, or held back.
func SetNoDelay(fd uintptr, on bool) error {
	return setInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, number(on))
}

// SetKeepAlive has the system probe a peer that is silent. What is 0 of k is as package
// net has it, and what is negative stays as it is.
func SetKeepAlive(fd uintptr, k net.KeepAliveConfig) error {
	if err := setInt(fd, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, number(k.Enable)); err != nil || !k.Enable {
		return err
	}
	return setProbes(fd, k)
}

func number(on bool) int {
	if on {
		return 1
	}
	return 0
}
