package platform

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"

	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A Group is several proactors with one runner each, most often one for each
// processor. It lets a server use all of a machine.
//
// The proactors share nothing. Each accepts its own connections, which the kernel
// distributes among the listeners of a port (SO_REUSEPORT). A connection stays where
// it was accepted. So its handlers never run at the same time, and its memory
// stays in the caches of one processor.
//
// A single proactor that several goroutines run shares its handlers among them
// instead: whichever goroutine is free takes the next. That is more convenient,
// and costs locks (BenchmarkGroup). It is right if some handlers take long, if a
// few connections cause most of the work, or if the system cannot distribute
// connections.
type Group struct {
	proactors []*Proactor
}

// NewGroup returns a group of n proactors, or GOMAXPROCS if n is 0, with the given
// options and [SingleRunner]. All have the same backend. A default allocator given with
// [WithAllocator] is shared by all of them.
func NewGroup(n int, options ...Option) (*Group, error) {
	if n < 0 {
		return nil, fmt.Errorf("platform: a group of %d proactors", n)
	}
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	options = append(options[:len(options):len(options)], SingleRunner())
	g := &Group{}
	err := g.open(n, options)
	if last := len(g.proactors) - 1; err == nil && g.proactors[0].Backend() != g.proactors[last].Backend() {
		// The system has refused what it had let the first ones do.
		worse := g.proactors[last]
		g.Close()
		if err = g.open(n, append(options, WithBackend(worse.Backend()))); err == nil {
			for _, p := range g.proactors {
				p.fallback = worse.fallback
			}
		}
	}
	if err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// open opens the proactors of the group, until one has another backend than those
// before.
func (g *Group) open(n int, options []Option) error {
	g.proactors = nil
	for range n {
		p, err := New(options...)
		if err != nil {
			return err
		}
		g.proactors = append(g.proactors, p)
		if p.Backend() != g.proactors[0].Backend() {
			break
		}
	}
	return nil
}

// Proactors returns the proactors of the group.
func (g *Group) Proactors() []*Proactor { return g.proactors }

// Listen opens a listener on each proactor, all for the same TCP address. If
// its port is 0, a free port is chosen. Call it while no goroutine is in Run. For
// more than one proactor the error is errors.ErrUnsupported on systems that do not
// distribute connections among such listeners: on all but Linux and FreeBSD.
func (g *Group) Listen(network, address string) ([]*Listener, error) {
	return ListenConfig{}.ListenGroup(g, network, address)
}

// ListenGroup listens as [Group.Listen] does, with the options of c. ReusePort is set for
// it.
func (c ListenConfig) ListenGroup(g *Group, network, address string) ([]*Listener, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	if !descriptor.CanReusePort() && len(g.proactors) > 1 {
		return nil, fmt.Errorf("platform: listen %s %s with several proactors: %w", network, address, errors.ErrUnsupported)
	}
	c.ReusePort = descriptor.CanReusePort()
	var all []*Listener
	for _, p := range g.proactors {
		l, err := c.Listen(p, network, address)
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, err
		}
		all = append(all, l)
		address = l.Addr().String() // the port that the first one got
	}
	return all, nil
}

// Run runs all proactors, each on a goroutine of its own. It returns when none
// of them has anything left to do, or when ctx is done. If one of them ends
// with an error, the others are stopped. Run returns that error, or the cause of
// the context (see context.Cause). A proactor that has nothing left to do stops
// running while others go on; if others post to it, hold it (see
// [Proactor.Hold]). A handler that panics ends the program, as in any
// goroutine.
func (g *Group) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, p := range g.proactors {
		all.Go(func() {
			if err := p.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				cancel(err)
			}
		})
	}
	all.Wait()
	for _, p := range g.proactors {
		p.unhalt() // one that had ended before Stop was called
	}
	return context.Cause(ctx)
}

// Stop makes Run return as soon as the running handlers have returned; see
// [Proactor.Stop].
func (g *Group) Stop() {
	for _, p := range g.proactors {
		p.Stop()
	}
}

// Close closes all proactors; see [Proactor.Close].
func (g *Group) Close() error {
	var errs []error
	for _, p := range g.proactors {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
