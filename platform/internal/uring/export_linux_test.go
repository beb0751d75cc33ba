package uring

import "github.com/heirloom-go/heirloom/platform/backend"

// CancelRequest has the kernel give up the request of a side.
func (b *Backend) CancelRequest(s *backend.Socket, d backend.Side) {
	b.lock()
	defer b.unlock()
	b.cancelRequest(s.Sys.(*socket), role(d))
}
