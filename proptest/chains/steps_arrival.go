package chains

import (
	"fmt"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// Reads for which there is no buffer before something has arrived.

// arrivals is the allocator of the buffers of a chain. They are the handler's
// once they have come, so the ledger, which knows what an operation may own, is
// not told of them. It is told when the allocator fails.
type arrivals struct {
	allocator.Heap[byte]
	live    atomic.Int64
	into    []byte
	failing *contract.Watched[byte] // is asked instead, and fails, if fails is set
	fails   bool
}

func (a *arrivals) Allocate(n int) ([]byte, error) {
	if a.fails {
		a.fails = false
		a.failing.Refuse(0, 1)
		return a.failing.Allocate(n)
	}
	a.live.Add(1)
	return a.Heap.Allocate(n)
}

func (a *arrivals) Deallocate(s []byte) {
	a.live.Add(-1)
	a.Heap.Deallocate(s)
}

func startReadOnArrival(c *chainRun, s *Step, h ops.Handler) {
	if c.left == 0 {
		startRead(c, s, h)
		return
	}
	ops.ReadOnArrival(c.end.conn, c.left, &c.arrivals.into, ops.WithAllocator[byte](h, &c.arrivals))
}

// failingArrivals returns the allocator that shows the ledger that there was no buffer.
func failingArrivals(c *chainRun) *contract.Watched[byte] {
	if c.arrivals.failing == nil {
		c.arrivals.failing = contract.Watch[byte](c.chain, nil).Named("the allocator of what arrives of chain " + c.chain.Name())
	}
	return c.arrivals.failing
}

// takeArrived moves what a read on arrival has read to the buffer of the chain.
func takeArrived(c *chainRun, n int, err error) (int, error) {
	c.arrivals.fails = false // nothing may have arrived
	if got := c.arrivals.into; got != nil {
		n = copy(c.incoming(), got)
		c.arrivals.Deallocate(got)
		c.arrivals.into = nil
	}
	return n, err
}

func startWaitReadable(c *chainRun, s *Step, h ops.Handler) {
	if c.left == 0 {
		startRead(c, s, h)
		return
	}
	c.end.conn.WaitReadable(h)
}

// tryRead reads what the chain has waited for.
func tryRead(c *chainRun, n int, err error) (int, error) {
	if n != 0 || err != nil || c.left == 0 {
		return n, err
	}
	return c.end.conn.TryRead(c.incoming())
}

// leftBuffers returns what is wrong if a buffer that has come on arrival is left.
func (r *run) leftBuffers() (all []contract.Violation) {
	for _, c := range r.chains {
		if n := c.arrivals.live.Load(); n != 0 {
			all = append(all, contract.Violation{Chain: c.chain.Name(), Text: fmt.Sprintf("%d buffers of reads on arrival were never released", n)})
		}
	}
	return all
}
