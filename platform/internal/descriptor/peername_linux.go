package descriptor

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lastPeer returns the peer of a TCP connection that has ended or was reset, of
// which getpeername(2) has nothing to say any more, or nil.
func lastPeer(fd int32) net.Addr {
	var sa unix.RawSockaddrInet6
	// It refuses to fill more than there is.
	for _, size := range []uint32{unix.SizeofSockaddrInet4, unix.SizeofSockaddrInet6} {
		_, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERNAME,
			uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 || sa.Family != unix.AF_INET && sa.Family != unix.AF_INET6 {
			return nil
		}
		if sa.Family == unix.AF_INET {
			break
		}
	}
	return netAddr(FromSockaddr(&sa), false)
}
