// Package winsock has the calls of Windows Sockets that a backend needs, with arguments
// as the system takes them, so that none allocates. (Those of package windows return an
// error, which allocates for most of them, and do not all have their arguments where the
// system may write to them later.)
//
// Whatever a call with an Overlapped refers to stays where it is until the packet of the
// call has come out of the port.
package winsock

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

var (
	ws2     = windows.NewLazySystemDLL("ws2_32.dll")
	mswsock = windows.NewLazySystemDLL("mswsock.dll")

	wsaRecv     = ws2.NewProc("WSARecv")
	wsaSend     = ws2.NewProc("WSASend")
	wsaRecvFrom = ws2.NewProc("WSARecvFrom")
	wsaSendTo   = ws2.NewProc("WSASendTo")
	wsaResult   = ws2.NewProc("WSAGetOverlappedResult")
	wsaIoctl    = ws2.NewProc("WSAIoctl")
	ioctlSocket = ws2.NewProc("ioctlsocket")
	bindSocket  = ws2.NewProc("bind")
	getSockName = ws2.NewProc("getsockname")
	getPeerName = ws2.NewProc("getpeername")
	acceptEx    = mswsock.NewProc("AcceptEx")
	acceptAddrs = mswsock.NewProc("GetAcceptExSockaddrs")
)

// result returns what a call has failed with that returns 0 if it has not.
func result(failed uintptr, errno syscall.Errno) syscall.Errno {
	switch {
	case failed == 0:
		return 0
	case errno == 0:
		return syscall.EINVAL
	}
	return errno
}

// Failure returns the error of a call, or nil.
func Failure(call string, errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return named(call, errno)
}

// named returns an error of package windows, or nil.
func named(call string, err error) error { return descriptor.Name(os.NewSyscallError(call, err)) }

// Recv receives from a stream. Without ov it does not wait.
func Recv(s windows.Handle, bufs *windows.WSABuf, count int, got, flags *uint32, ov *windows.Overlapped) syscall.Errno {
	r, _, errno := syscall.SyscallN(wsaRecv.Addr(), uintptr(s), uintptr(unsafe.Pointer(bufs)), uintptr(count),
		uintptr(unsafe.Pointer(got)), uintptr(unsafe.Pointer(flags)), uintptr(unsafe.Pointer(ov)), 0)
	return result(r, errno)
}

// Send sends on a stream, or to the peer of a connected packet socket. Without ov it does
// not wait.
func Send(s windows.Handle, bufs *windows.WSABuf, count int, sent *uint32, ov *windows.Overlapped) syscall.Errno {
	r, _, errno := syscall.SyscallN(wsaSend.Addr(), uintptr(s), uintptr(unsafe.Pointer(bufs)), uintptr(count),
		uintptr(unsafe.Pointer(sent)), 0, uintptr(unsafe.Pointer(ov)), 0)
	return result(r, errno)
}

// RecvFrom receives a packet, and the sender's address into from, of size bytes. Without
// ov it does not wait.
func RecvFrom(s windows.Handle, buf *windows.WSABuf, got, flags *uint32, from *windows.RawSockaddrInet6, size *int32, ov *windows.Overlapped) syscall.Errno {
	r, _, errno := syscall.SyscallN(wsaRecvFrom.Addr(), uintptr(s), uintptr(unsafe.Pointer(buf)), 1,
		uintptr(unsafe.Pointer(got)), uintptr(unsafe.Pointer(flags)), uintptr(unsafe.Pointer(from)), uintptr(unsafe.Pointer(size)),
		uintptr(unsafe.Pointer(ov)), 0)
	return result(r, errno)
}

// SendTo sends a packet to an address of size bytes, or, if that is 0, to the peer of a
// connected socket. Without ov it does not wait.
func SendTo(s windows.Handle, buf *windows.WSABuf, sent *uint32, to *windows.RawSockaddrInet6, size int32, ov *windows.Overlapped) syscall.Errno {
	if size == 0 {
		return Send(s, buf, 1, sent, ov)
	}
	r, _, errno := syscall.SyscallN(wsaSendTo.Addr(), uintptr(s), uintptr(unsafe.Pointer(buf)), 1,
		uintptr(unsafe.Pointer(sent)), 0, uintptr(unsafe.Pointer(to)), uintptr(size), uintptr(unsafe.Pointer(ov)), 0)
	return result(r, errno)
}

// AddressRoom is how many bytes Accept writes for an address.
const AddressRoom = unsafe.Sizeof(windows.RawSockaddrUnix{}) + 16

// AcceptEx accepts a connection of a listener into the socket s, which is of its family
// and neither bound nor connected. The addresses go to room.
func AcceptEx(listener, s windows.Handle, room *[2 * AddressRoom]byte, got *uint32, ov *windows.Overlapped) syscall.Errno {
	ok, _, errno := syscall.SyscallN(acceptEx.Addr(), uintptr(listener), uintptr(s), uintptr(unsafe.Pointer(room)), 0,
		AddressRoom, AddressRoom, uintptr(unsafe.Pointer(got)), uintptr(unsafe.Pointer(ov)))
	if ok != 0 {
		return 0
	}
	return result(1, errno)
}

// PeerOf returns the address of the peer that AcceptEx has put into room, if that is not the
// path of a socket.
func PeerOf(room *[2 * AddressRoom]byte) (peer windows.RawSockaddrInet6) {
	var local, remote *windows.RawSockaddrInet6
	var localSize, size int32
	syscall.SyscallN(acceptAddrs.Addr(), uintptr(unsafe.Pointer(room)), 0, AddressRoom, AddressRoom,
		uintptr(unsafe.Pointer(&local)), uintptr(unsafe.Pointer(&localSize)), uintptr(unsafe.Pointer(&remote)), uintptr(unsafe.Pointer(&size)))
	if remote == nil || size > int32(unsafe.Sizeof(peer)) {
		return peer
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&peer)), size), unsafe.Slice((*byte)(unsafe.Pointer(remote)), size))
	return peer
}

// ConnectEx connects the socket s, which is bound, to an address of size bytes.
func ConnectEx(s windows.Handle, to *windows.RawSockaddrInet6, size int32, ov *windows.Overlapped) syscall.Errno {
	call, err := connectEx()
	if err != 0 {
		return err
	}
	ok, _, errno := syscall.SyscallN(call, uintptr(s), uintptr(unsafe.Pointer(to)), uintptr(size), 0, 0, 0, uintptr(unsafe.Pointer(ov)))
	if ok != 0 {
		return 0
	}
	return result(1, errno)
}

// Error returns what the call of ov has failed with, whose packet has come.
func Error(s windows.Handle, ov *windows.Overlapped) syscall.Errno {
	var n, flags uint32
	ok, _, errno := syscall.SyscallN(wsaResult.Addr(), uintptr(s), uintptr(unsafe.Pointer(ov)), uintptr(unsafe.Pointer(&n)), 0, uintptr(unsafe.Pointer(&flags)))
	if ok != 0 {
		return 0
	}
	return result(1, errno)
}

// neverBlock has the calls that are not overlapped fail with WSAEWOULDBLOCK instead of waiting.
func neverBlock(s windows.Handle) syscall.Errno {
	const fionbio = 0x8004667e
	yes := uint32(1)
	r, _, errno := syscall.SyscallN(ioctlSocket.Addr(), uintptr(s), fionbio, uintptr(unsafe.Pointer(&yes)))
	return result(r, errno)
}

// name asks for a name of a TCP socket by a call.
func name(call *windows.LazyProc, s windows.Handle, at *windows.RawSockaddrInet6) bool {
	size := int32(unsafe.Sizeof(*at))
	r, _, _ := syscall.SyscallN(call.Addr(), uintptr(s), uintptr(unsafe.Pointer(at)), uintptr(unsafe.Pointer(&size)))
	return r == 0
}

// Bind gives a socket an address of size bytes.
func Bind(s windows.Handle, to *windows.RawSockaddrInet6, size int32) syscall.Errno {
	r, _, errno := syscall.SyscallN(bindSocket.Addr(), uintptr(s), uintptr(unsafe.Pointer(to)), uintptr(size))
	return result(r, errno)
}
