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

// WithBackend selects the backend by name, one of [Backends]. Without it, the
// environment variable HEIRLOOM_BACKEND may name one, and otherwise the best is
// used.
func WithBackend(name string) Option { return func(c *config) { c.name = name } }

// WithCustomBackend makes the proactor use a backend of another package; see package
// platform/backend. The function is called once, with the host that the backend
// completes operations to.
func WithCustomBackend(open func(backend.Host) (backend.Backend, error)) Option {
	return func(c *config) { c.backend = open }
}

// WithLayer puts a layer over the backend: a backend.Backend that passes requests of
// the proactor on to the one below, and may observe, delay or falsify them. Each layer
// is put over those given before it.
func WithLayer(wrap func(backend.Backend) backend.Backend) Option {
	return func(c *config) { c.layers = append(c.layers, wrap) }
}

// WithAllocator sets the default allocator, for handlers that bring none. Every
// goroutine that starts operations or runs the proactor calls it, so unless there is
// only one, it must be safe for concurrent use.
func WithAllocator(a allocator.Allocator[ops.Operation]) Option {
	return func(c *config) { c.alloc = a }
}

// SingleRunner promises that only one goroutine at a time runs the proactor, and that
// only that goroutine calls its methods and those of its sockets: from handlers, or
// while no goroutine is in Run. Any goroutine may still call Execute (and so
// [ops.Post] and [ops.Dispatch]), Hold, Stop and Close. In return the proactor takes
// no locks.
func SingleRunner() Option { return func(c *config) { c.single = true } }

// Spin makes the proactor look for completions for the time d, polling again and again,
// before it lets its goroutine, and then its thread, sleep. If messages follow one another
// within that time, an answer comes in about half the time, because nothing has to be
// woken (BenchmarkAwake). The price is a processor that is busy for up to d whenever there
// is nothing to do. Other goroutines get their turn on it every 100 µs. But if GOMAXPROCS
// proactors spin, the Go scheduler checks only every 10 ms what has arrived on the network
// for other goroutines.
//
// Without this option, a proactor on a kernel looks for 20 µs, about as long as sleeping
// and waking take, and only if that has paid recently. If it has not, if only one
// processor is online, or with Spin(0), the proactor polls once before it sleeps.
func Spin(d time.Duration) Option {
	ns := max(0, int64(d))
	return func(c *config) { c.spin = &ns }
}
