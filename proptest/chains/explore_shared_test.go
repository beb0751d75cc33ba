package chains

import (
	"fmt"
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// syncing is a program of three chains that have nothing to do with each other: a sync, and
// then further steps.
func syncing(further ...Step) (p Program) {
	for _, name := range []string{"a", "b", "c"} {
		p.Chains = append(p.Chains, Chain{Name: name, Steps: append([]Step{{Kind: "sync"}}, further...)})
	}
	return p
}

// A calls is what chains share that are to call it once in each run. It notes in which
// orders they do.
type calls struct {
	order  []int
	orders map[string]bool
}

func (c *calls) of(chain int) {
	if c.order = append(c.order, chain); len(c.order) == 3 {
		c.orders[fmt.Sprint(c.order)] = true
		c.order = nil
	}
}

// A calling is a layer that calls what chains share.
type calling struct {
	ops.Handler
	shared *calls
}

func (c *calling) Unwrap() ops.Handler { return c.Handler }

func (c *calling) Complete(n int, err error) {
	c.shared.of(chainOf(c.Handler).number)
	c.Handler.Complete(n, err)
}

// wrapping returns the option of a layer that calls what chains share.
func (c *calls) wrapping() Option {
	return Wrapping(func(h ops.Handler) ops.Handler { return &calling{h, c} })
}

// A callingMemory is an allocator that calls what chains share when it gets a block back.
// The chains begin in the order of their numbers.
type callingMemory struct {
	allocator.Heap[ops.Operation]
	shared *calls
	begun  *int // chains, in all runs so far
	chain  int
}

func (m *callingMemory) Allocate(n int) ([]ops.Operation, error) {
	m.chain = *m.begun % 3
	*m.begun++
	return m.Heap.Allocate(n)
}

func (m *callingMemory) Deallocate(s []ops.Operation) {
	m.shared.of(m.chain)
	m.Heap.Deallocate(s)
}

// memory returns the option of allocators that call what chains share.
func (c *calls) memory() Option {
	begun := new(int)
	return Memory(func() allocator.Allocator[ops.Operation] { return &callingMemory{shared: c, begun: begun} })
}

// local returns Kind.Local of an operation that calls what chains share, and then starts.
func (c *calls) local(start func(p *platform.Proactor, h ops.Handler)) func(*platform.Proactor, ops.Handler) {
	return func(p *platform.Proactor, h ops.Handler) {
		c.of(chainOf(h).number)
		start(p, h)
	}
}

// TestExploreShared says that every order is tried in which chains call code of users, because
// they may share state through it, and that fewer are with the promise that they do not.
func TestExploreShared(t *testing.T) {
	shared := new(calls)
	registerStrangers(t,
		stranger{Kind: Kind{Name: "call", Local: shared.local(func(p *platform.Proactor, h ops.Handler) { ops.Post(p, h) })}},
		stranger{Kind{Name: "call, composed", Local: shared.local(func(p *platform.Proactor, h ops.Handler) {
			ops.Compose(p, h, yields{p: p}, yieldTwice)
		})}, RegisterComposed[yields]},
	)
	for _, test := range []struct {
		name    string
		program Program
		options []Option
	}{
		{"Wrapping", syncing(), []Option{shared.wrapping()}},
		{"Memory", syncing(), []Option{shared.memory()}},
		{"Register", syncing(Step{Kind: "call"}), nil},
		{"RegisterComposed", syncing(Step{Kind: "call, composed"}), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			explore := func(options ...Option) (schedules, orders int) {
				*shared = calls{orders: make(map[string]bool)}
				schedules = Explore(t, test.program, slices.Concat(test.options, options)...)
				return schedules, len(shared.orders)
			}
			every, orders := explore()
			if orders != 6 {
				t.Errorf("the chains call in %d orders, want 6", orders)
			}
			some, fewer := explore(Independent())
			if fewer >= orders || some >= every {
				t.Errorf("with the promise that they share nothing the chains call in %d of %d orders, in %d of %d schedules", fewer, orders, some, every)
			}
			if n, _ := explore(Independent(), Deviations(99)); n != every {
				t.Errorf("with the promise and a bound there are %d of %d schedules", n, every)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		if n := Explore(t, syncing()); n >= 6 {
			t.Errorf("without code of users there are %d schedules, as many as orders", n)
		}
	})
}

// TestExploreSharedAnew says that each run can have state of its own for chains to share.
func TestExploreSharedAnew(t *testing.T) {
	all := make(map[string]bool)
	_, _, err := ExploreAll(func(by Chooser) error {
		shared := &calls{orders: all}
		report, err := RunSimulated(syncing(), by, In(sim.Weather{Interleave: true}), shared.wrapping())
		if err == nil && (len(report.Violations) > 0 || shared.order != nil) {
			t.Errorf("one run calls %v more, and says\n%s", shared.order, report)
		}
		return err
	})
	if len(all) != 6 || err != nil {
		t.Errorf("the chains call in the orders %v, want 6; %v", all, err)
	}
}
