package ops_test

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// spawned binds h to allocators that count.
func spawned(h ops.Handler) (ops.Handler, *combinators.Stats[ops.Operation], *combinators.Stats[ops.Co]) {
	blocks := combinators.NewStats(allocator.Allocator[ops.Operation](allocator.Heap[ops.Operation]{}))
	cos := combinators.NewStats(allocator.Allocator[ops.Co](allocator.Heap[ops.Co]{}))
	h = ops.WithAllocator[ops.Operation](h, blocks)
	return ops.WithAllocator[ops.Co](h, cos), blocks, cos
}

func TestSpawnReleasesBeforeTheHandler(t *testing.T) {
	p := newProactor(t)
	failure := errors.New("the result")
	var blocks *combinators.Stats[ops.Operation]
	var cos *combinators.Stats[ops.Co]
	called, steps := 0, 0
	h, blocks, cos := spawned(ops.HandlerFunc(func(n int, err error) {
		called++
		if n != 0 || err != failure {
			t.Errorf("told %d, %v, want 0, %v", n, err, failure)
		}
		if blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
			t.Errorf("%d blocks and %d Cos alive in the handler", blocks.Counts().Live, cos.Counts().Live)
		}
	}))
	timer := p.NewTimer()
	ops.Spawn(p, h, func(co *ops.Co) error {
		for range 3 {
			if err := co.Yield(); err != nil {
				t.Error(err)
			}
			if blocks.Counts().Live != 0 {
				t.Error("the block is not free for the next operation")
			}
			if _, err := co.Await(func(h ops.Handler) { timer.Wait(0, h) }); err != nil {
				t.Error(err)
			}
			steps++
		}
		return failure
	})
	if called+steps != 0 {
		t.Error("called from inside Spawn")
	}
	run(t, p, 2)
	if called != 1 || steps != 3 {
		t.Errorf("the handler was called %d times after %d steps", called, steps)
	}
	if cos.Counts().Peak != 1 || blocks.Counts().Peak != 1 {
		t.Errorf("peak of %d Cos and %d blocks, want 1 and 1", cos.Counts().Peak, blocks.Counts().Peak)
	}
}

// TestSpawnMany has operations that complete before the coroutine has switched back
// to the goroutine that runs it.
func TestSpawnMany(t *testing.T) {
	p := newProactor(t)
	var steps, ends atomic.Int32
	const coroutines, each = 100, 100
	for range coroutines {
		ops.Spawn(p, ops.HandlerFunc(func(int, error) { ends.Add(1) }), func(co *ops.Co) error {
			for range each {
				co.Yield()
				steps.Add(1)
			}
			return nil
		})
	}
	run(t, p, 4)
	if ends.Load() != coroutines || steps.Load() != coroutines*each {
		t.Errorf("%d coroutines have ended after %d steps", ends.Load(), steps.Load())
	}
}

// TestSpawnIsAbandonedWithItsProactor closes a proactor while coroutines wait: their
// stacks unwind, whatever they try to do meanwhile.
func TestSpawnIsAbandonedWithItsProactor(t *testing.T) {
	p := newProactor(t)
	h, blocks, cos := spawned(ops.HandlerFunc(func(int, error) { t.Error("the handler was called") }))
	h = ops.WithAllocator[ops.Operation](h, combinators.NewThreadSafe(allocator.Allocator[ops.Operation](blocks)))
	const coroutines = 1000
	waiting, unwound := 0, 0
	for range coroutines {
		ops.Spawn(p, h, func(co *ops.Co) error {
			defer func() {
				unwound++
				defer func() {
					if recover() == nil {
						t.Error("a coroutine goes on after it was closed")
					}
				}()
				co.Yield()
			}()
			if waiting++; waiting == coroutines {
				p.Stop()
			}
			co.Await(func(h ops.Handler) { p.NewTimer().Wait(time.Hour, h) })
			t.Error("the wait has returned")
			return nil
		})
	}
	run(t, p, 1)
	p.Close()
	if unwound != coroutines || blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
		t.Errorf("%d of %d are unwound, %d blocks and %d Cos alive", unwound, coroutines, blocks.Counts().Live, cos.Counts().Live)
	}
	if n := p.Coroutines().Len(); n != 0 {
		t.Errorf("%d coroutines have not ended", n)
	}
}

// A coroutine that recovers from its end may still return.
func TestSpawnRecovers(t *testing.T) {
	p := newProactor(t)
	h, _, cos := spawned(ops.HandlerFunc(func(int, error) { t.Error("the handler was called") }))
	ops.Spawn(p, h, func(co *ops.Co) (err error) {
		defer func() { recover() }()
		p.Stop()
		co.Await(func(h ops.Handler) { p.NewTimer().Wait(time.Hour, h) })
		return nil
	})
	run(t, p, 1)
	p.Close()
	if cos.Counts().Live != 0 {
		t.Errorf("%d Cos alive", cos.Counts().Live)
	}
}

func TestSpawnRefused(t *testing.T) {
	p := newProactor(t)
	p.Close()
	var told error
	h, blocks, cos := spawned(ops.HandlerFunc(func(_ int, err error) { told = err }))
	ops.Spawn(p, h, func(*ops.Co) error { t.Error("it runs"); return nil })
	p.Run(t.Context())
	if !errors.Is(told, net.ErrClosed) || blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
		t.Errorf("told %v, with %d blocks and %d Cos alive", told, blocks.Counts().Live, cos.Counts().Live)
	}
}

func TestSpawnExhausted(t *testing.T) {
	for _, what := range []string{"Co", "first operation", "later operation"} {
		t.Run(what, func(t *testing.T) {
			p := newProactor(t)
			var told error
			h, blocks, cos := spawned(ops.HandlerFunc(func(n int, err error) {
				if told = err; n != 0 {
					t.Errorf("told %d", n)
				}
			}))
			limited := combinators.NewLimit(allocator.Allocator[ops.Operation](blocks), 1)
			switch what {
			case "Co":
				h = ops.WithAllocator[ops.Co](h, allocator.Null[ops.Co]{})
			case "first operation":
				h = ops.WithAllocator[ops.Operation](h, allocator.Null[ops.Operation]{})
			default:
				h = ops.WithAllocator[ops.Operation](h, limited)
			}
			ops.Spawn(p, h, func(co *ops.Co) error {
				if what != "later operation" {
					t.Error("it runs")
				}
				if err := co.Yield(); err != nil {
					t.Error(err)
				}
				taken, _ := limited.Allocate(1)
				err := co.Yield()
				limited.Deallocate(taken)
				return err
			})
			run(t, p, 1)
			if !errors.Is(told, allocator.ErrExhausted) || blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
				t.Errorf("told %v, with %d blocks and %d Cos alive", told, blocks.Counts().Live, cos.Counts().Live)
			}
		})
	}
}

func TestSpawnPanics(t *testing.T) {
	p := newProactor(t)
	h, blocks, cos := spawned(ops.HandlerFunc(func(int, error) { t.Error("the handler was called") }))
	ops.Spawn(p, h, func(co *ops.Co) error {
		co.Yield()
		panic("of the coroutine")
	})
	mustPanic(t, "of the coroutine", func() { p.Run(t.Context()) })
	run(t, p, 1)
	if blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
		t.Errorf("%d blocks and %d Cos alive", blocks.Counts().Live, cos.Counts().Live)
	}
}

func TestSpawnMisuse(t *testing.T) {
	p := newProactor(t)
	h := ops.HandlerFunc(func(int, error) {})
	nothing := func(*ops.Co) error { return nil }
	_, _, cos := spawned(h)
	mustPanic(t, "nil Executor", func() { ops.Spawn(nil, ops.WithAllocator[ops.Co](h, cos), nothing) })
	if n := cos.Counts().Live; n != 0 {
		t.Errorf("%d Cos are alive", n)
	}
	mustPanic(t, "nil Handler", func() { ops.Spawn(p, nil, nothing) })
	mustPanic(t, "nil function", func() { ops.Spawn(p, h, nil) })

	var escaped *ops.Co
	ops.Spawn(p, h, func(co *ops.Co) error {
		escaped = co
		done := make(chan struct{})
		go func() {
			defer close(done)
			for name, call := range map[string]func(){
				"Await":         func() { co.Await(func(ops.Handler) { t.Error("start is called") }) },
				"Read":          func() { co.Read(nil, nil) },
				"ReadFull":      func() { co.ReadFull(nil, nil) },
				"ReadOnArrival": func() { co.ReadOnArrival(nil, 1) },
				"Write":         func() { co.Write(nil, nil) },
				"WriteVectored": func() { co.WriteVectored(nil, nil) },
				"Yield":         func() { co.Yield() },
				"Wait": func() {
					co.Wait(new(ops.Batch), make([]ops.Member, 1), ops.UntilAll, func() { t.Error("start is called") })
				},
			} {
				t.Run(name, func(t *testing.T) { mustPanic(t, "outside its coroutine", call) })
			}
		}()
		<-done
		return co.Yield()
	})
	ops.Post(p, ops.HandlerFunc(func(int, error) {
		mustPanic(t, "outside its coroutine", func() { escaped.Yield() })
	}))
	run(t, p, 1)
}

func TestSpawnAllocatesNothing(t *testing.T) {
	p := newProactor(t)
	h := ops.HandlerFunc(func(int, error) {})
	timer := p.NewTimer()
	allocs := -1.0
	ops.Spawn(p, h, func(co *ops.Co) error {
		allocs = testing.AllocsPerRun(100, func() {
			co.Yield()
			co.Await(func(h ops.Handler) { timer.Wait(0, h) })
		})
		return nil
	})
	run(t, p, 1)
	if allocs != 0 {
		t.Errorf("%v allocations an operation", allocs)
	}
}

// BenchmarkYield compares what it costs to go through the proactor: as a handler, as a
// coroutine, and as a goroutine that another one hands over to.
func BenchmarkYield(b *testing.B) {
	b.Run("handler", func(b *testing.B) {
		p := newProactor(b, platform.SingleRunner())
		h := &again{p: p, left: b.N}
		ops.Defer(p, h)
		b.ReportAllocs()
		b.ResetTimer()
		run(b, p, 1)
	})
	b.Run("coroutine", func(b *testing.B) {
		p := newProactor(b, platform.SingleRunner())
		ops.Spawn(p, ops.HandlerFunc(func(int, error) {}), func(co *ops.Co) error {
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				co.Await(func(h ops.Handler) { ops.Defer(p, h) })
			}
			return nil
		})
		run(b, p, 1)
	})
	b.Run("goroutine", func(b *testing.B) {
		there, back := make(chan int), make(chan int)
		go func() {
			for range there {
				back <- 0
			}
			close(back)
		}()
		b.ReportAllocs()
		for range b.N {
			there <- 0
			<-back
		}
		close(there)
		<-back
	})
}

type again struct {
	p    *platform.Proactor
	left int
}

func (a *again) Complete(int, error) {
	if a.left--; a.left > 0 {
		ops.Defer(a.p, a)
	}
}

// An executor that has no coroutines has none of them.
func TestCoroutinesOfNobody(t *testing.T) {
	if n := (*ops.Coroutines)(nil).Len(); n != 0 {
		t.Errorf("%d coroutines of nobody", n)
	}
}
