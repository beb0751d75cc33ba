package iocp

import (
	"fmt"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/platform/internal/winsock"
)

// TestLayout compares what the kernel and Winsock write to, or read, with their headers
// (minwinbase.h, ws2def.h, ws2ipdef.h): where each field is, and how large the whole.
func TestLayout(t *testing.T) {
	var (
		r  request
		m  message
		p  packet
		b  windows.WSABuf
		a4 windows.RawSockaddrInet4
		a6 windows.RawSockaddrInet6
	)
	const word = unsafe.Sizeof(uintptr(0))
	for _, field := range []struct {
		name      string
		got, want uintptr
	}{
		{"OVERLAPPED.Internal", unsafe.Offsetof(r.Internal), 0},
		{"OVERLAPPED.InternalHigh", unsafe.Offsetof(r.InternalHigh), word},
		{"OVERLAPPED.Offset", unsafe.Offsetof(r.Offset), 2 * word},
		{"OVERLAPPED.OffsetHigh", unsafe.Offsetof(r.OffsetHigh), 2*word + 4},
		{"OVERLAPPED.hEvent", unsafe.Offsetof(r.HEvent), 2*word + 8},
		{"OVERLAPPED", unsafe.Sizeof(r.Overlapped), 3*word + 8},
		{"the OVERLAPPED of a request", unsafe.Offsetof(r.Overlapped), 0},
		{"the request of a message", unsafe.Offsetof(m.request), 0},
		{"OVERLAPPED_ENTRY.lpCompletionKey", unsafe.Offsetof(p.key), 0},
		{"OVERLAPPED_ENTRY.lpOverlapped", unsafe.Offsetof(p.overlapped), word},
		{"OVERLAPPED_ENTRY.Internal", unsafe.Offsetof(p.internal), 2 * word},
		{"OVERLAPPED_ENTRY.dwNumberOfBytesTransferred", unsafe.Offsetof(p.n), 3 * word},
		{"OVERLAPPED_ENTRY", unsafe.Sizeof(p), 4 * word},
		{"WSABUF.len", unsafe.Offsetof(b.Len), 0},
		{"WSABUF.buf", unsafe.Offsetof(b.Buf), word},
		{"WSABUF", unsafe.Sizeof(b), 2 * word},
		{"sockaddr_in.sin_port", unsafe.Offsetof(a4.Port), 2},
		{"sockaddr_in.sin_addr", unsafe.Offsetof(a4.Addr), 4},
		{"sockaddr_in", unsafe.Sizeof(a4), 16},
		{"sockaddr_in6.sin6_port", unsafe.Offsetof(a6.Port), 2},
		{"sockaddr_in6.sin6_flowinfo", unsafe.Offsetof(a6.Flowinfo), 4},
		{"sockaddr_in6.sin6_addr", unsafe.Offsetof(a6.Addr), 8},
		{"sockaddr_in6.sin6_scope_id", unsafe.Offsetof(a6.Scope_id), 24},
		{"sockaddr_in6", unsafe.Sizeof(a6), sockaddrSize},
		{"room for a sockaddr_un and 16 bytes", winsock.AddressRoom, 110 + 16},
	} {
		if field.got != field.want {
			t.Errorf("%s is %d, want %d", field.name, field.got, field.want)
		}
	}
	if testing.Verbose() {
		fmt.Printf("a socket takes %d bytes, what few need %d more\n", unsafe.Sizeof(socket{}), unsafe.Sizeof(extra{}))
	}
}
