package portable

import (
	"errors"
	"syscall"
)

// truncated reports whether a packet was longer than the buffer for it, from
// what the call that read it has returned.
func truncated(_ int, err error) bool {
	const wsaEMSGSIZE syscall.Errno = 10040
	return errors.Is(err, wsaEMSGSIZE)
}
