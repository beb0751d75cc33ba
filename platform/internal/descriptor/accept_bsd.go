//go:build darwin || netbsd || openbsd || (linux && bsdcalls)

package descriptor

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// AcceptCall is what Accept calls.
const AcceptCall = "accept"

// Accept returns a descriptor that does not block and is closed on exec. The listener does
// not block, so nobody who forks has to wait.
func Accept(fd int32) (int, syscall.Errno) {
	for {
		syscall.ForkLock.RLock()
		n, _, err := unix.Accept(int(fd))
		if err == nil {
			unix.CloseOnExec(n)
		}
		syscall.ForkLock.RUnlock()
		if err == nil {
			if err := unix.SetNonblock(n, true); err != nil {
				unix.Close(n)
				return -1, errnoOf(err)
			}
			return n, 0
		}
		if err != unix.EINTR && err != unix.ECONNABORTED {
			return -1, errnoOf(err)
		}
	}
}
