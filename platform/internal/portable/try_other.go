//go:build !unix

package portable

import (
	"net"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// readable returns a function that tells package net to wait once.
func readable() func(fd uintptr) bool {
	again := true
	return func(uintptr) bool { again = !again; return again }
}

// readNow reads, and waits for a millisecond: package net has no way to read
// without waiting that is the same on every system.
func readNow(c net.Conn, _ uintptr, b []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	defer c.SetReadDeadline(time.Time{})
	n, err := c.Read(b)
	if err = reason(err); err == ops.ErrCanceled {
		err = ops.ErrWouldBlock
	}
	return n, err
}
