//go:build !race

package platform_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A lateChain reads what never comes, until a deadline that passes meanwhile.
type lateChain struct {
	t    *testing.T
	conn *platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	buf  [1]byte
	left int
	done chan struct{}
}

func (c *lateChain) Allocator() allocator.Allocator[ops.Operation] { return &c.slot }

func (c *lateChain) Complete(_ int, err error) {
	if err != os.ErrDeadlineExceeded {
		c.t.Error(err)
	}
	if c.left--; c.left <= 0 {
		c.done <- struct{}{}
		return
	}
	c.conn.SetDeadline(time.Time{})
	c.conn.Read(c.buf[:], c)
	c.conn.SetDeadline(time.Now().Add(time.Hour))
	if at := time.Now(); c.left%2 == 0 {
		c.conn.SetReadDeadline(at.Add(-time.Second))
	} else {
		c.conn.SetReadDeadline(at.Add(time.Microsecond))
	}
}

// TestDeadlineNoAllocations measures what is allocated to end operations by a deadline.
func TestDeadlineNoAllocations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.backend == "portable" {
			t.Skip("package net allocates the error of a read that it gives up")
		}
		a, _ := w.pair()
		c := &lateChain{t: t, conn: a, done: make(chan struct{})}
		hold := w.Hold()
		start := ops.WithAllocator(ops.HandlerFunc(func(int, error) {
			a.SetReadDeadline(time.Unix(1, 0))
			a.Read(c.buf[:], c)
		}), new(combinators.SingleSlot[ops.Operation]))
		go func() {
			defer hold.Release()
			if n := testing.AllocsPerRun(20, func() {
				c.left = 20
				ops.Post(w, start)
				<-c.done
			}); n != 0 {
				t.Errorf("%v allocations for 20 reads, want none", n)
			}
		}()
		for range max(0, w.runners-1) {
			go w.Run(context.Background())
		}
		w.within("Run", func() { w.Run(context.Background()) })
	})
}
