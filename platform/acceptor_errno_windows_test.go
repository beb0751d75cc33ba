package platform

import (
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

func TestAcceptErrnoOfWindows(t *testing.T) {
	for errno, want := range map[syscall.Errno]struct{ ends, goesOn bool }{
		windows.WSAENOTSOCK:           {true, false},
		windows.WSAEINVAL:             {true, false},
		windows.WSAECONNRESET:         {false, true},
		windows.ERROR_NETNAME_DELETED: {false, true},
		windows.WSAEMFILE:             {false, false},
	} {
		err := os.NewSyscallError("acceptex", errno)
		if ends := endsAccepting(err); ends != want.ends {
			t.Errorf("%v ends accepting: %v, want %v", err, ends, want.ends)
		}
		if goesOn := pauseAfter(0, err) == 0; goesOn != want.goesOn {
			t.Errorf("after %v the next is accepted at once: %v, want %v", err, goesOn, want.goesOn)
		}
	}
}
