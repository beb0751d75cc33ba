package uring

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// SocketSize is the size of a record, in bytes.
const SocketSize = unsafe.Sizeof(socket{})

// CancelRequest has the kernel give up the request of a side.
func (b *Backend) CancelRequest(s *backend.Socket, d backend.Side) {
	b.lock()
	defer b.unlock()
	b.cancelRequest(s.Sys.(*socket), role(d))
}
