package platform

import (
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// host is the proactor as its backend sees it.
type host Proactor

// Host returns the proactor as its backend sees it, for those who write a
// backend.
func (p *Proactor) Host() backend.Host { return (*host)(p) }

// SingleRunner implements backend.Host.
func (h *host) SingleRunner() bool { return h.single }

// Completed implements backend.Host.
func (h *host) Completed(op *ops.Operation) {
	for _, o := range h.observers {
		o.Observe(op)
	}
	(*socket)(backend.Target(op)).complete(op)
}

// Retry implements backend.Host.
func (h *host) Retry(s *backend.Socket, d backend.Side) { (*socket)(s).advance(d, &h.polled) }

// Parked implements backend.Host.
func (h *host) Parked() bool { return h.parked.Load() }

// Slept implements backend.Host.
func (h *host) Slept() { h.yielding.last = h.backend.Now() }

// Awake implements backend.Host.
func (h *host) Awake() { h.parked.Store(false) }
