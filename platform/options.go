package platform

import (
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// An Option changes how New makes a proactor.
type Option func(*config)

type config struct {
	name    string
	backend func(backend.Host) (backend.Backend, error)
	layers  []func(backend.Backend) backend.Backend
	single  bool
	spin    *int64 // in nanoseconds, if it was asked for
	alloc   allocator.Allocator[ops.Operation]
}

// WithBackend names the backend to use, one of [Backends], instead of the one
// that the environment variable HEIRLOOM_BACKEND names or the best.
func WithBackend(name string) Option { return func(c *config) { c.name = name } }

// WithCustomBackend makes the proactor use a backend of another package; see package
// platform/backend. The function is called once, with the host that the backend
// completes operations to.
func WithCustomBackend(open func(backend.Host) (backend.Backend, error)) Option {
	return func(c *config) { c.backend = open }
}

// WithLayer puts a layer over the backend: a backend.Backend that passes on to it what
// the proactor asks for, and that observes, delays or falsifies it. A layer that
// is given later lies over one given before.
func WithLayer(wrap func(backend.Backend) backend.Backend) Option {
	return func(c *config) { c.layers = append(c.layers, wrap) }
}

// WithAllocator sets the default allocator, for handlers that bring none. It
// is called by every goroutine that starts operations or runs the proactor.
func WithAllocator(a allocator.Allocator[ops.Operation]) Option {
	return func(c *config) { c.alloc = a }
}

// SingleRunner promises that one goroutine at a time runs the proactor, and
// that everything but Execute (and so [ops.Post] and [ops.Dispatch]), Hold, Stop and
// Close is called only by that goroutine, from handlers, or while nobody runs it. The
// proactor then takes no locks on its way.
func SingleRunner() Option { return func(c *config) { c.single = true } }

// Spin makes the proactor look for d whether something has completed before it lets its
// goroutine, and then its thread, sleep. Where messages follow one another within that
// time, an answer comes in about half the time, because nothing has to be woken; the
// price is a processor that is busy for d whenever there is nothing to do for so long.
// Other goroutines get their turn on it every 100 µs. But if as many proactors spin as
// GOMAXPROCS says, the Go scheduler looks only every 10 ms whether something has come on
// the network for other goroutines.
//
// Without this option a proactor on a kernel looks for about as long as sleeping and
// waking cost, 20 µs, and only where that has paid lately. Otherwise, where only one
// processor is online, and with Spin(0), it looks once before it sleeps.
func Spin(d time.Duration) Option {
	ns := max(0, int64(d))
	return func(c *config) { c.spin = &ns }
}
