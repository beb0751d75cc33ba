package iocp

import (
	"fmt"
	"math"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A port is a completion port.
type port windows.Handle

// A packet is an OVERLAPPED_ENTRY. What the call refers to is only a number here.
type packet struct {
	key        uintptr
	overlapped uintptr
	internal   uintptr
	n          uint32
}

// The keys of packets: that of a wake, and, from firstKey on, the numbers of sockets.
const (
	wakes    = 0
	firstKey = 1
)

var (
	kernel32  = windows.NewLazySystemDLL("kernel32.dll")
	getEx     = kernel32.NewProc("GetQueuedCompletionStatusEx")
	cancelEx  = kernel32.NewProc("CancelIoEx")
	readFile  = kernel32.NewProc("ReadFile")
	writeFile = kernel32.NewProc("WriteFile")
	reopen    = kernel32.NewProc("ReOpenFile")
)

// openPort opens a port. However many threads it has given packets to are running, it goes on
// to give them out: any thread may run the leader, and then something else for long, which
// the port takes for work on its packets. (By default it bounds them by the number of
// processors, and has even who only looks find nothing.)
func openPort() (port, error) {
	h, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, math.MaxUint32)
	return port(h), os.NewSyscallError("createiocompletionport", err)
}

func (p port) close() { windows.CloseHandle(windows.Handle(p)) }

// add has packets of a handle come to the port, with the key of a socket. If skips is true,
// calls that succeed at once send none.
func (p port) add(h windows.Handle, index uint32, skips bool) error {
	if _, err := windows.CreateIoCompletionPort(h, windows.Handle(p), uintptr(index)+firstKey, 0); err != nil {
		return os.NewSyscallError("createiocompletionport", err)
	}
	if !skips {
		return nil
	}
	err := windows.SetFileCompletionNotificationModes(h, windows.FILE_SKIP_COMPLETION_PORT_ON_SUCCESS|windows.FILE_SKIP_SET_EVENT_ON_HANDLE)
	return os.NewSyscallError("setfilecompletionnotificationmodes", err)
}

// get waits until there are packets, or the time has passed, and returns how many it has
// taken. A negative time is without end.
func (p port) get(packets []packet, wait time.Duration) int {
	var n uint32
	ok, _, errno := syscall.SyscallN(getEx.Addr(), uintptr(p), uintptr(unsafe.Pointer(unsafe.SliceData(packets))), uintptr(len(packets)),
		uintptr(unsafe.Pointer(&n)), uintptr(milliseconds(wait)), 0)
	switch {
	case ok != 0:
		return int(n)
	case errno == syscall.Errno(windows.WAIT_TIMEOUT):
		return 0 // whatever n is
	}
	panic(fmt.Sprintf("platform: GetQueuedCompletionStatusEx: %v", errno)) // the port is ours: only a bug can do this
}

// milliseconds rounds up, as to wait for too short a time is to wait again.
func milliseconds(wait time.Duration) uint32 {
	if wait < 0 {
		return windows.INFINITE
	}
	most := math.MaxInt32 * time.Millisecond
	return uint32((min(wait, most) + time.Millisecond - 1) / time.Millisecond)
}

// post sends a packet. It is tried again while the system has no memory for one: to lose it
// would be to wait for ever.
func (p port) post(key uintptr, overlapped *windows.Overlapped) {
	for pause := time.Microsecond; ; pause = min(2*pause, time.Second) {
		err := windows.PostQueuedCompletionStatus(windows.Handle(p), 0, key, overlapped)
		if err == nil {
			return
		}
		if err == windows.ERROR_INVALID_HANDLE {
			panic("platform: PostQueuedCompletionStatus: the proactor is closed")
		}
		time.Sleep(pause)
	}
}

// cancel asks for one call to end early. It may have ended already: its packet comes in
// any case.
func cancel(h windows.Handle, overlapped *windows.Overlapped) {
	syscall.SyscallN(cancelEx.Addr(), uintptr(h), uintptr(unsafe.Pointer(overlapped)))
}
