//go:build !race

package platform_test

import (
	"bufio"
	"context"
	"testing"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// composedChain is what the chainSteps of composed operations have besides the others.
type composedChain struct {
	reader   ops.BufferedReader
	room     [64]byte
	buffered *ops.BufferedWriter
	queue    *ops.WriteQueue
	batch    ops.Batch
	members  [2]ops.Member
	copyRoom [16]byte
	ended    ops.Handler
}

func (x *composedChain) open(c *chain) {
	x.reader.Reset(c.b, x.room[:])
	x.buffered = ops.NewBufferedWriter(c.a, 1000, nil)
	x.queue = ops.NewWriteQueue(c.a, 1000)
}

var (
	oneLine  = []byte("abcde\n")
	twoWords = []byte(" abc def")
)

func init() {
	chainSteps = append(chainSteps, []struct {
		name string
		step func(*chain, ops.Handler)
	}{
		{"vectored in full", func(c *chain, h ops.Handler) {
			if c.phase++; c.phase&1 != 0 {
				ops.WriteVectoredFull(c.a, c.outs, h)
			} else {
				ops.ReadFull(c.b, c.in, h)
			}
		}},
		{"line", func(c *chain, h ops.Handler) {
			if c.phase++; c.phase&1 != 0 {
				ops.WriteFull(c.a, oneLine, h)
			} else {
				c.composed.reader.ReadLine(h)
			}
		}},
		{"words", func(c *chain, h ops.Handler) {
			if c.phase++; c.phase&1 != 0 {
				ops.WriteFull(c.a, twoWords, h)
			} else {
				c.composed.reader.ReadToken(bufio.ScanWords, h)
			}
		}},
		{"through the buffer", func(c *chain, h ops.Handler) {
			if c.phase++; c.phase&1 != 0 {
				ops.WriteFull(c.a, oneLine, h)
			} else {
				c.composed.reader.ReadFull(c.in, h)
			}
		}},
		{"buffered writer", func(c *chain, h ops.Handler) {
			switch c.phase++; c.phase % 3 {
			case 1:
				for range 2 {
					if err := c.composed.buffered.Append(c.out); err != nil {
						c.w.t.Error(err)
					}
				}
				c.composed.buffered.Flush(h)
			case 2:
				c.composed.buffered.WhenRoom(10, h)
			case 0:
				c.composed.reader.ReadFull(c.composed.copyRoom[:6], h)
			}
		}},
		{"write queue", func(c *chain, h ops.Handler) {
			if c.phase++; c.phase&1 != 0 {
				c.composed.queue.Write(c.out, h)
			} else {
				c.composed.reader.ReadFull(c.in, h)
			}
		}},
		{"batch", func(c *chain, h ops.Handler) {
			// A read, and a wait that it makes unnecessary.
			x := &c.composed
			x.ended = h
			x.batch.Start(x.members[:], ops.UntilFirst, (*batchEnd)(c))
			ops.ReadFull(c.b, c.in, &x.members[0])
			c.timer.Wait(1<<40, &x.members[1])
			c.a.Write(c.out, (*unwatched)(c))
		}},
	}...)
}

// batchEnd is the handler of a batch: the chain goes on with a post, in its memory.
type batchEnd chain

func (b *batchEnd) Complete(_ int, err error) {
	if err != nil {
		b.w.t.Error(err)
	}
	ops.Post(b.w, b.composed.ended)
}

// TestPipeAllocatesNothing moves blocks through a pipe that is open, each way.
func TestPipeAllocatesNothing(t *testing.T) {
	for _, b := range platform.Backends() {
		t.Run(b, func(t *testing.T) { wantPipeAllocatesNothing(t, mode{backend: b}.open(t), nil, 3000) })
	}
}

// wantPipeAllocatesNothing moves blocks of a size through a pipe with a buffer, 71 each way.
func wantPipeAllocatesNothing(t *testing.T, w *world, buf []byte, size int) {
	client, a := w.pair()
	c, server := w.pair()
	var pipe ops.Pipe
	var end result
	pipe.Start(a, c, buf, &end)
	sent, got := make([]byte, size), make([]byte, size)
	sending := ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), new(combinators.SingleSlot[ops.Operation]))
	came := ops.WithAllocator(ops.HandlerFunc(func(_ int, err error) {
		if w.Stop(); err != nil {
			t.Error(err)
		}
	}), new(combinators.SingleSlot[ops.Operation]))
	ctx := context.Background()
	once := func() {
		ops.ReadFull(server, got, came)
		ops.WriteFull(client, sent, sending)
		w.Run(ctx)
		ops.ReadFull(client, got, came)
		ops.WriteFull(server, sent, sending)
		w.Run(ctx)
	}
	for range 20 {
		once()
	}
	empty := testing.AllocsPerRun(50, func() { // Run's own
		for range 2 {
			ops.Post(w, came)
			w.Run(ctx)
		}
	})
	if n := testing.AllocsPerRun(50, once); n != empty {
		t.Errorf("%v allocations for two blocks, and %v of them by Run", n, empty)
	}
	client.Close()
	server.Close()
	w.await(&end)
	end.want(t, 0, nil)
}
