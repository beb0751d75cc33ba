package portable

import (
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/ops"
)

var wsaPoll = windows.NewLazySystemDLL("ws2_32.dll").NewProc("WSAPoll")

// A pollFd is a WSAPOLLFD.
type pollFd struct {
	socket          uintptr
	events, revents int16
}

// pollRdNorm is POLLRDNORM. POLLIN would ask for urgent data as well, for which a
// read waits.
const pollRdNorm = 0x0100

// readable returns a function that reports whether a read of a socket would not have
// to wait.
func readable() func(socket uintptr) bool { return poll }

// poll asks without taking anything from the socket, not even its error.
func poll(socket uintptr) bool {
	p := pollFd{socket: socket, events: pollRdNorm}
	n, _, _ := syscall.SyscallN(wsaPoll.Addr(), uintptr(unsafe.Pointer(&p)), 1, 0)
	return n != 0 // one is ready, or the call has failed, and so will a read
}

// readNow reads if that does not have to wait. The sockets of package net block, and
// its reads are overlapped, so it asks first. Nobody else reads meanwhile.
func readNow(c net.Conn, socket uintptr, b []byte) (int, error) {
	if !poll(socket) {
		return 0, ops.ErrWouldBlock
	}
	c.SetReadDeadline(time.Time{}) // a cancellation may have left one in the past
	n, err := c.Read(b)
	return n, reason(err)
}

// writeNow does not write: a socket of package net blocks, and to know that there is some
// room is not to know that there is enough.
func writeNow(uintptr, []byte) (int, error) { return 0, ops.ErrWouldBlock }
