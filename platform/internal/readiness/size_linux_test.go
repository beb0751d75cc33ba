package readiness_test

import (
	"testing"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

// TestIdleSize adds up what an idle connection costs on epoll: its Conn, the operation
// that waits, its record, and its place in the proactor's list. All of it lies in
// arrays or in blocks of just that size.
func TestIdleSize(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("pointers are smaller here")
	}
	const most = 300
	size := unsafe.Sizeof(platform.Conn{}) + unsafe.Sizeof(ops.Operation{}) + readiness.SocketSize + unsafe.Sizeof(uintptr(0))
	if size > most {
		t.Errorf("%d bytes: Conn %d, Operation %d, record %d; want at most %d", size,
			unsafe.Sizeof(platform.Conn{}), unsafe.Sizeof(ops.Operation{}), readiness.SocketSize, most)
	}
}
