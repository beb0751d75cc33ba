//go:build !race

package platform_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A chain runs steps on a proactor until it has done what it was asked for.
type chain struct {
	w    *world
	slot combinators.SingleSlot[ops.Operation]
	step func(*chain, ops.Handler) // starts one operation
	h    ops.Handler
	left int
	done chan struct{}

	a, b    *platform.Conn
	timer   *platform.Timer
	out, in []byte
	phase   int

	file       *platform.File
	outs, into [][]byte

	composed composedChain
}

func (c *chain) Complete(_ int, err error) {
	if err != nil {
		c.w.t.Error(err)
	}
	if c.left--; c.left > 0 && err == nil {
		c.step(c, c.h)
		return
	}
	c.done <- struct{}{}
}

// ownMemory is a chain as a handler that has an allocator by a method.
type ownMemory struct{ *chain }

func (o ownMemory) Allocator() allocator.Allocator[ops.Operation] { return &o.slot }

var chainSteps = []struct {
	name string
	step func(*chain, ops.Handler)
}{
	{"post", func(c *chain, h ops.Handler) { ops.Post(c.w, h) }},
	{"timer", func(c *chain, h ops.Handler) { c.timer.Wait(time.Nanosecond, h) }},
	{"read and write", func(c *chain, h ops.Handler) {
		// A write, and a read of it at the other end, and back.
		from, to := c.a, c.b
		if c.phase&2 != 0 {
			from, to = to, from
		}
		c.phase++ // before the next handler can run
		if c.phase&1 != 0 {
			from.Write(c.out, h)
		} else {
			ops.ReadFull(to, c.in, h)
		}
	}},
	{"read before write", func(c *chain, h ops.Handler) {
		// The read has to wait for the kernel.
		c.a.Read(c.in, h)
		c.b.Write(c.out, (*unwatched)(c))
	}},
	{"vectored", func(c *chain, h ops.Handler) {
		if c.phase++; c.phase&1 != 0 {
			c.a.WriteVectored(c.outs, h)
		} else {
			c.b.ReadVectored(c.into, h)
		}
	}},
	{"read with a deadline", func(c *chain, h ops.Handler) {
		c.a.SetReadDeadline(time.Now().Add(time.Hour))
		c.a.Read(c.in, h)
		c.b.SetWriteDeadline(time.Now().Add(time.Hour))
		c.b.Write(c.out, (*unwatched)(c))
		c.a.SetWriteDeadline(time.Time{})
	}},
	{"vectored before write", func(c *chain, h ops.Handler) {
		c.a.ReadVectored(c.into, h)
		c.b.WriteVectored(c.outs, (*unwatched)(c))
	}},
	{"file", func(c *chain, h ops.Handler) {
		if c.phase++; c.phase&1 != 0 {
			c.file.WriteAt(c.out, 7, h)
		} else {
			c.file.ReadAt(c.in, 7, h)
		}
	}},
	{"send file", func(c *chain, h ops.Handler) {
		switch c.phase++; {
		case c.phase == 1:
			c.file.WriteAt(c.out, 0, h)
		case c.phase&1 == 0:
			c.a.SendFile(c.file, 0, 3, h)
		default:
			ops.ReadFull(c.b, c.in, h)
		}
	}},
	{"sync", func(c *chain, h ops.Handler) { c.file.Sync(h) }},
}

// unwatched is the handler of a write that the chain does not wait for.
type unwatched chain

func (u *unwatched) Complete(_ int, err error) {
	if err != nil {
		u.w.t.Error(err)
	}
}

// TestNoAllocations measures what the library allocates for an operation, once
// it has been done some times.
func TestNoAllocations(t *testing.T) {
	for _, b := range platform.Backends() {
		for _, runners := range []int{0, 2} {
			m := mode{backend: b, runners: runners}
			for _, c := range chainSteps {
				for _, memory := range []string{"default", "bound slot", "own slot"} {
					t.Run(m.String()+"/"+c.name+"/"+memory, func(t *testing.T) {
						if descriptor.CallsAllocate && strings.HasPrefix(c.name, "vectored") {
							t.Skip("only what this library calls itself is promised")
						}
						steps := 100
						if c.name == "sync" || testing.Short() && runtime.GOOS == "windows" {
							steps = 10 // the disk is slow, and that system's clock ticks once or twice a millisecond
						}
						w := m.open(t)
						c := &chain{w: w, step: c.step, done: make(chan struct{}), out: []byte("abc"), in: make([]byte, 3)}
						c.a, c.b = w.pair()
						c.timer = w.NewTimer()
						c.outs, c.into = [][]byte{{1}, nil, {2, 3}}, [][]byte{make([]byte, 3), make([]byte, 32<<10)}
						c.file = w.temp()
						c.composed.open(c)
						switch memory {
						case "default":
							c.h = c
						case "bound slot":
							c.h = ops.WithAllocator(c, &c.slot)
						case "own slot":
							c.h = ownMemory{c}
						}
						hold := w.Hold()
						go func() {
							<-c.done // the first
							// A run posts, as everybody may do that.
							start := ops.WithAllocator(ops.HandlerFunc(func(int, error) { c.step(c, c.h) }), new(combinators.SingleSlot[ops.Operation]))
							n := testing.AllocsPerRun(10, func() {
								c.left = steps
								ops.Post(w, start)
								<-c.done
							})
							if n != 0 {
								t.Errorf("%v allocations for %d steps, want none", n, steps)
							}
							hold.Release()
						}()
						c.left = 2 * steps
						ops.Post(w, ops.HandlerFunc(func(int, error) { c.step(c, c.h) }))
						for range max(0, runners-1) {
							go w.Run(context.Background())
						}
						w.within("Run", func() { w.Run(context.Background()) })
					})
				}
			}
		}
	}
}
