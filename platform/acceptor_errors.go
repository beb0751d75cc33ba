package platform

import (
	"errors"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// How long an acceptor waits after errors, at first and at most: as long as package
// net/http does.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

// endsAccepting reports whether an error means that no more connections will come. Other
// errors are temporary: no descriptor or memory is left; something has happened to a
// single connection, which accept reports too (see accept(2)); or the error is unknown.
func endsAccepting(err error) bool {
	for _, end := range []error{net.ErrClosed, ops.ErrCanceled, ErrInUse, syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK} {
		if errors.Is(err, end) {
			return true
		}
	}
	return isTimeout(err)
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// backOff counts a failure, and returns how long to wait before the next try. The
// caller holds the lock.
func (a *Acceptor[S]) backOff(err error) time.Duration {
	d := pauseAfter(a.failures, err)
	a.failures++
	return d
}

// ofOne are the errors of an accept which mean that a single connection has ended.
var ofOne = []error{syscall.ECONNABORTED, syscall.EPROTO, syscall.ECONNRESET}

// pauseAfter returns how long to wait after an error that follows a number of failures.
// The first client that has gone away before it was accepted is no reason to keep the
// next one waiting.
func pauseAfter(failures int, err error) time.Duration {
	if failures == 0 && slices.ContainsFunc(ofOne, func(e error) bool { return errors.Is(err, e) }) {
		return 0
	}
	return min(minPause<<min(failures, 10), maxPause)
}
