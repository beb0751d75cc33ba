package ops_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func newProactor(t testing.TB, options ...platform.Option) *platform.Proactor {
	t.Helper()
	p, err := platform.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// run lets n goroutines run p until nothing is left.
func run(t testing.TB, p *platform.Proactor, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := p.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	wg.Wait()
}

func TestStrandKeepsOrderAndNeverOverlaps(t *testing.T) {
	p := newProactor(t)
	s := ops.NewStrand(p)
	const n = 1000
	var running atomic.Int32
	var got, want []int // got is touched by handlers only: -race checks that they are ordered
	for i := range n {
		want = append(want, i)
		ops.Post(s, ops.HandlerFunc(func(int, error) {
			if running.Add(1) != 1 {
				t.Error("two handlers of a strand run at once")
			}
			got = append(got, i)
			running.Add(-1)
		}))
	}
	run(t, p, 4)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
}

func TestStrandDispatchComesFirst(t *testing.T) {
	p := newProactor(t)
	s := ops.NewStrand(p)
	var got []string
	say := func(what string) ops.Handler {
		return ops.HandlerFunc(func(int, error) { got = append(got, what) })
	}
	ops.Post(s, ops.HandlerFunc(func(int, error) {
		ops.Post(s, say("posted"))
		ops.Defer(s, say("deferred"))
		ops.Dispatch(s, say("dispatched"))
		got = append(got, "first")
	}))
	run(t, p, 1)
	if d := cmp.Diff([]string{"first", "dispatched", "posted", "deferred"}, got); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
}

// A hop to a strand takes no second block: clause 12, PeakBlocks.
func TestStrandHopNeedsOneBlock(t *testing.T) {
	p := newProactor(t)
	s := ops.NewStrand(p)
	stats := combinators.NewStats(allocator.Allocator[ops.Operation](allocator.Heap[ops.Operation]{}))
	var live int64 = -1
	var h ops.Handler = ops.HandlerFunc(func(int, error) { live = int64(stats.Counts().Live) })
	h = ops.WithExecutor(ops.WithAllocator[ops.Operation](h, stats), s)
	p.NewTimer().Wait(0, h)
	run(t, p, 2)
	if live != 0 {
		t.Errorf("%d blocks alive in the handler, want 0", live)
	}
	if got := stats.Counts().Peak; got != 1 {
		t.Errorf("peak of %d blocks, want 1", got)
	}
}

func TestStrandGoesOnAfterPanic(t *testing.T) {
	p := newProactor(t)
	s := ops.NewStrand(p)
	ran := false
	ops.Post(s, ops.HandlerFunc(func(int, error) { panic("as planned") }))
	ops.Post(s, ops.HandlerFunc(func(int, error) { ran = true }))
	func() {
		defer func() {
			if r := recover(); r != "as planned" {
				t.Errorf("recovered %v", r)
			}
		}()
		p.Run(context.Background())
	}()
	run(t, p, 1)
	if !ran {
		t.Error("the handler behind the one that panicked was lost")
	}
}

func TestStrandIsAbandonedWithItsProactor(t *testing.T) {
	p := newProactor(t)
	s := ops.NewStrand(p)
	stats := combinators.NewStats(allocator.Allocator[ops.Operation](allocator.Heap[ops.Operation]{}))
	abandoned := 0
	for range 3 {
		ops.Post(s, ops.WithAllocator[ops.Operation](&abandonable{t, &abandoned}, stats))
	}
	p.Close()
	if abandoned != 3 || stats.Counts().Live != 0 {
		t.Errorf("%d of 3 handlers abandoned, %d blocks alive", abandoned, stats.Counts().Live)
	}

	// What comes later is refused: no block stays behind, the handler is told.
	var got error
	ops.Post(s, ops.WithAllocator[ops.Operation](ops.HandlerFunc(func(_ int, err error) { got = err }), stats))
	if stats.Counts().Live != 0 {
		t.Errorf("%d blocks alive after a refusal", stats.Counts().Live)
	}
	p.Run(context.Background())
	if got != net.ErrClosed {
		t.Errorf("told %v, want %v", got, net.ErrClosed)
	}
}

// abandonable counts how often it is abandoned, and must not be called.
type abandonable struct {
	t     *testing.T
	count *int
}

func (a *abandonable) Complete(int, error) { a.t.Error("called after Close") }
func (a *abandonable) Abandon()            { *a.count++ }

// A strandReader reads a byte at a time on a strand.
type strandReader struct{ *ops.Strand }

func (r strandReader) StartRead(op *ops.Operation) {
	op.N, op.Err = 1, nil
	r.Execute(op)
}

// An operation may come back to its strand in its own turn, behind another one: it
// takes nothing along from where it was.
func TestStrandOperationComesBack(t *testing.T) {
	var j journal
	var l loop
	s := ops.NewStrand(&l)
	ops.ReadFull(strandReader{s}, make([]byte, 3), ops.HandlerFunc(func(n int, err error) { j.add("read %d %v", n, err) }))
	ops.Post(s, j.handler())
	for turns := 0; len(l.ready) > 0; turns++ {
		if turns == 10 {
			t.Fatal("the strand never becomes idle")
		}
		op := l.ready[0]
		l.ready = l.ready[1:]
		op.Complete()
	}
	j.check(t, "handler 0 <nil>", "read 3 <nil>")
}

// A handler whose executor is the strand that its operation goes to runs in one turn
// there.
func TestStrandOfItsOwnHandler(t *testing.T) {
	for name, execute := range map[string]func(*ops.Strand, ops.Handler){
		"Post":     func(s *ops.Strand, h ops.Handler) { ops.Post(s, h) },
		"Dispatch": func(s *ops.Strand, h ops.Handler) { ops.Dispatch(s, h) },
		"Read":     func(s *ops.Strand, h ops.Handler) { ops.Read(strandReader{s}, make([]byte, 1), h) },
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			var l loop
			s := ops.NewStrand(&l)
			first := ops.HandlerFunc(func(int, error) { j.add("first") })
			execute(s, ops.WithExecutor(first, s))
			ops.Post(s, ops.HandlerFunc(func(int, error) { j.add("second") }))
			l.run()
			j.check(t, "first", "second")
		})
	}
}

// A handler runs on its own executor, also if it comes there by a strand.
func TestStrandOfAnother(t *testing.T) {
	for name, execute := range map[string]func(ops.Executor, ops.Handler){"Post": ops.Post, "Dispatch": ops.Dispatch} {
		t.Run(name, func(t *testing.T) {
			var j journal
			var l, there loop
			execute(ops.NewStrand(&l), ops.WithExecutor(j.handler(), &there))
			l.run()
			j.check(t)
			there.run()
			j.check(t, "handler 0 <nil>")
		})
	}
}

// An allocator that panics as what waits in a strand is refused holds up no other one.
func TestStrandRefusedPanics(t *testing.T) {
	var j journal
	var l loop
	s := ops.NewStrand(&l)
	for _, name := range []string{"a", "b", "c"} {
		var a allocator.Allocator[ops.Operation] = &recorder{name: name, journal: &j}
		if name == "b" {
			a = panicky{a.(*recorder)}
		}
		ops.Post(s, ops.WithAllocator(j.handler(), a))
	}
	j.check(t, "a allocates 1", "b allocates 1", "c allocates 1")
	mustPanic(t, "b panics", func() { l.ready[0].Refuse(errMid) })
	j.check(t, "a releases", "c releases")
}

// panicky is an allocator that takes nothing back.
type panicky struct{ *recorder }

func (p panicky) Deallocate([]ops.Operation) { panic(p.name + " panics") }

func TestStrandWithoutExecutor(t *testing.T) {
	mustPanic(t, "use NewStrand", func() { ops.Post(new(ops.Strand), ops.HandlerFunc(func(int, error) {})) })
	mustPanic(t, "nil Executor", func() { ops.NewStrand(nil) })
}
