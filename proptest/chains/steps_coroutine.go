package chains

import (
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// Coroutines, each of which is one operation of its chain: what it starts has the memory
// and the cancel slot of that.

// startCoroutine has a coroutine that waits in several ways.
func startCoroutine(c *chainRun, _ *Step, h ops.Handler) {
	ops.Spawn(c.executor(), ops.WithAllocator(h, cos(c)), func(co *ops.Co) error {
		if err := c.yield(co); err != nil {
			return err
		}
		_, err := c.await(co, func(h ops.Handler) { c.timer.Wait(0, h) })
		return err
	})
}

func startCoroutineWrite(c *chainRun, _ *Step, h ops.Handler) {
	c.startMoving(h, func(co *ops.Co) (int, error) {
		if c.program.Memory.Style == Standard {
			return c.await(co, func(h ops.Handler) { ops.WriteFull(c.end.conn, c.outgoing(), h) })
		}
		return co.Write(c.end.conn, c.outgoing())
	})
}

func startCoroutineRead(c *chainRun, _ *Step, h ops.Handler) {
	c.startMoving(h, func(co *ops.Co) (int, error) {
		if c.program.Memory.Style == Standard {
			return c.await(co, func(h ops.Handler) { ops.ReadFull(c.end.conn, c.incoming(), h) })
		}
		return co.ReadFull(c.end.conn, c.incoming())
	})
}

// startMoving has a coroutine that transfers bytes, some time after it has begun.
func (c *chainRun) startMoving(h ops.Handler, move func(co *ops.Co) (int, error)) {
	c.coMoved = 0
	ops.Spawn(c.executor(), ops.WithAllocator(h, cos(c)), func(co *ops.Co) (err error) {
		if err := c.yield(co); err != nil {
			return err
		}
		c.coMoved, err = move(co)
		return err
	})
}

// await has a coroutine start an operation itself, and the ledger told of it. What the Co
// has started by the goroutine that runs it, the ledger would not know from other chains'
// where the allocator is not the chain's own.
func (c *chainRun) await(co *ops.Co, start func(h ops.Handler)) (int, error) {
	return co.Await(func(h ops.Handler) { c.chain.Part(func() { start(h) }) })
}

func (c *chainRun) yield(co *ops.Co) error {
	if c.program.Memory.Style == Standard {
		_, err := c.await(co, func(h ops.Handler) { ops.Post(c.executor(), h) })
		return err
	}
	return co.Yield()
}

// takeMoved takes what a coroutine has transferred, which its handler is not told.
func takeMoved(c *chainRun, n int, err error) (int, error) {
	if n != 0 {
		return -1, err
	}
	return c.coMoved, err
}

// cos returns the allocator of the chain's coroutines.
func cos(c *chainRun) *contract.Watched[ops.Co] {
	if c.cos == nil {
		c.cos = contract.Watch[ops.Co](c.chain, nil).Named("the allocator of coroutines of chain " + c.chain.Name())
	}
	return c.cos
}

// refuseCoroutine makes an allocator fail: that of operations, for a later one of a
// coroutine or for the first, or that of coroutines.
func (c *chainRun) refuseCoroutine() {
	if at := c.attempts % 3; at < 2 {
		c.own.Refuse(1-at, 1)
		return
	}
	cos(c).Refuse(0, 1)
}

// leftCoroutines returns what is wrong if a coroutine has not ended.
func (r *run) leftCoroutines() []contract.Violation {
	n := r.proactor.Coroutines().Len()
	if n == 0 {
		return nil
	}
	return []contract.Violation{{Text: fmt.Sprintf("%d coroutines have not ended", n)}}
}
