package descriptor

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

const keepIdle, keepInterval, keepCount = windows.TCP_KEEPIDLE, windows.TCP_KEEPINTVL, windows.TCP_KEEPCNT

// noProbes is set once the system has said that it has no options for probes, as before
// Windows 10, version 1709.
var noProbes atomic.Bool

// setProbes sets the options for that, or what there is instead of them, where the system
// says how many probes there are.
func setProbes(fd uintptr, k net.KeepAliveConfig) error {
	whole := k.Idle >= 0 && k.Interval >= 0 && k.Count <= 0
	if !whole || !noProbes.Load() {
		err := setProbeOptions(fd, k)
		if !whole || !errors.Is(err, noSuchOption) {
			return err
		}
		noProbes.Store(true)
	}
	const second = uint32(time.Second / time.Millisecond)
	values := syscall.TCPKeepalive{OnOff: 1, Time: uint32(seconds(k.Idle)) * second, Interval: uint32(seconds(k.Interval)) * second}
	n := uint32(0)
	err := windows.WSAIoctl(windows.Handle(fd), windows.SIO_KEEPALIVE_VALS, (*byte)(unsafe.Pointer(&values)), uint32(unsafe.Sizeof(values)), nil, 0, &n, nil, 0)
	return os.NewSyscallError("wsaioctl", err)
}
