package winsock

import (
	"math"
	"slices"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// start has Winsock ready. It is never put away: package net keeps it, too.
var start = sync.OnceValue(func() error {
	var data windows.WSAData
	return named("wsastartup", windows.WSAStartup(0x202, &data))
})

// open returns a socket that can be used with a port, is not inherited by other
// processes, and never blocks.
func open(family, kind int) (windows.Handle, error) {
	s, err := openBlocking(family, kind)
	if err != nil {
		return s, err
	}
	return orClosed(s, Failure("ioctlsocket", neverBlock(s)))
}

// openBlocking is open for a socket that still does block.
func openBlocking(family, kind int) (windows.Handle, error) {
	if err := start(); err != nil {
		return windows.InvalidHandle, err
	}
	s, err := windows.WSASocket(int32(family), int32(kind), 0, nil, 0, windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		return windows.InvalidHandle, named("wsasocket", err)
	}
	return s, nil
}

// OpenStream returns a stream socket of a family, for AcceptEx.
func OpenStream(family int) (windows.Handle, error) { return open(family, windows.SOCK_STREAM) }

// OpenSource returns a TCP socket for ConnectEx, with options, which is bound to an
// address of its own.
func OpenSource(family int, from *windows.RawSockaddrInet6, size int32, o *backend.SocketOptions) (windows.Handle, error) {
	s, err := open(family, windows.SOCK_STREAM)
	if err != nil {
		return s, err
	}
	if err = descriptor.Configure(uintptr(s), true, o); err == nil {
		err = Failure("bind", Bind(s, from, size))
	}
	return orClosed(s, err)
}

// RefuseSoon has ConnectEx fail at once where nobody listens on this host. Otherwise the
// system asks again for two seconds, as it does where the answer is lost. Where it cannot be
// told, nothing changes. Package net does the same.
func RefuseSoon(s windows.Handle) {
	const initialRTO = windows.IOC_IN | windows.IOC_VENDOR | 17 // SIO_TCP_INITIAL_RTO
	v := struct {                                               // TCP_INITIAL_RTO_PARAMETERS
		rtt             uint16
		retransmissions uint8
	}{math.MaxUint16, retransmissions()} // the first is TCP_INITIAL_RTO_UNSPECIFIED_RTT
	n := uint32(0)
	syscall.SyscallN(wsaIoctl.Addr(), uintptr(s), initialRTO, uintptr(unsafe.Pointer(&v)), unsafe.Sizeof(v), 0, 0, uintptr(unsafe.Pointer(&n)), 0, 0)
}

// retransmissions returns the least that the system can be told to repeat a SYN.
var retransmissions = sync.OnceValue(func() uint8 {
	const none, since = 0xfe, 16299 // TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS, Windows 10, version 1709
	if windows.RtlGetVersion().BuildNumber >= since {
		return none
	}
	return 1
})

// ConnectUnix returns a socket that is connected to a unix listener, which takes no time.
func ConnectUnix(path string, o *backend.SocketOptions) (windows.Handle, error) {
	s, err := openBlocking(windows.AF_UNIX, windows.SOCK_STREAM)
	if err != nil {
		return s, err
	}
	if err = descriptor.Configure(uintptr(s), false, o); err == nil {
		err = named("connect", windows.Connect(s, &windows.SockaddrUnix{Name: path}))
	}
	if err == nil {
		err = Failure("ioctlsocket", neverBlock(s))
	}
	return orClosed(s, err)
}

// orClosed returns s, or closes it if there is an error.
func orClosed(s windows.Handle, err error) (windows.Handle, error) {
	if err != nil {
		windows.Closesocket(s)
		return windows.InvalidHandle, err
	}
	return s, nil
}

// Accepted has a socket that AcceptEx has connected know of the listener, and sets its
// options.
func Accepted(listener, s windows.Handle, tcp bool, o *backend.SocketOptions) error {
	err := windows.Setsockopt(s, windows.SOL_SOCKET, windows.SO_UPDATE_ACCEPT_CONTEXT, (*byte)(unsafe.Pointer(&listener)), int32(unsafe.Sizeof(listener)))
	if err != nil {
		return named("setsockopt", err)
	}
	return descriptor.Configure(uintptr(s), tcp, o)
}

// Connected has a socket that ConnectEx has connected know that it is. One that has met
// itself, as the system may choose for this end the very port that nobody listens on, is
// refused.
func Connected(s windows.Handle) error {
	if err := windows.Setsockopt(s, windows.SOL_SOCKET, windows.SO_UPDATE_CONNECT_CONTEXT, nil, 0); err != nil {
		return named("setsockopt", err)
	}
	var local, peer windows.RawSockaddrInet6
	if name(getSockName, s, &local) && name(getPeerName, s, &peer) && local == peer {
		return Failure("connectex", windows.WSAECONNREFUSED)
	}
	return nil
}

// connectEx returns the address of ConnectEx, for which the system has to be asked.
var connectEx = sync.OnceValues(func() (call uintptr, errno syscall.Errno) {
	s, err := open(windows.AF_INET, windows.SOCK_STREAM)
	if err != nil {
		return 0, windows.WSASYSNOTREADY
	}
	defer windows.Closesocket(s)
	guid, n := windows.WSAID_CONNECTEX, uint32(0)
	err = windows.WSAIoctl(s, windows.SIO_GET_EXTENSION_FUNCTION_POINTER, (*byte)(unsafe.Pointer(&guid)), uint32(unsafe.Sizeof(guid)),
		(*byte)(unsafe.Pointer(&call)), uint32(unsafe.Sizeof(call)), &n, nil, 0)
	if err != nil {
		return 0, windows.WSAEOPNOTSUPP
	}
	return call, 0
})

// SkipsPackets reports whether a call on a stream that succeeds at once can be told to
// send no packet to the port. It cannot where something between Winsock and the kernel
// (a layered service provider) makes handles of its own.
var SkipsPackets = sync.OnceValue(func() bool {
	if start() != nil {
		return false
	}
	const handlesOfKernel = 0x20000 // XP1_IFS_HANDLES
	protocols := [2]int32{windows.IPPROTO_TCP}
	infos := make([]windows.WSAProtocolInfo, 32)
	size := uint32(unsafe.Sizeof(infos[0])) * uint32(len(infos))
	n, err := windows.WSAEnumProtocols(&protocols[0], &infos[0], &size)
	return err == nil && !slices.ContainsFunc(infos[:n], func(i windows.WSAProtocolInfo) bool { return i.ServiceFlags1&handlesOfKernel == 0 })
})
