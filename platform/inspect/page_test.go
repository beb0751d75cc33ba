package inspect_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/inspect"
)

// late is when a test gives up waiting.
const late = time.Minute

func open(t testing.TB, options ...platform.Option) *platform.Proactor {
	t.Helper()
	p, err := platform.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// running runs p until the test has ended.
func running(t testing.TB, p *platform.Proactor) {
	hold := p.Hold()
	var run sync.WaitGroup
	run.Go(func() { p.Run(context.Background()) })
	t.Cleanup(func() { p.Close(); run.Wait(); hold.Release() })
}

// await reads until the figures are as wanted.
func await(t testing.TB, page *inspect.Page, what string, is func(r reading) bool) reading {
	t.Helper()
	for until := time.Now().Add(late); ; runtime.Gosched() {
		r := read(t, page)
		if is(r) {
			return r
		}
		if time.Now().After(until) {
			t.Fatalf("%s: it is not so: %+v", what, r)
		}
	}
}

func TestProactor(t *testing.T) {
	for name, options := range map[string][]platform.Option{"single": {platform.SingleRunner()}, "several": nil} {
		t.Run(name, func(t *testing.T) {
			p := open(t, options...)
			var page inspect.Page
			page.AddProactor("main", p)

			got := read(t, &page).Proactors[0]
			if got.Name != "main" || got.Closed || got.Stats.Backend != p.Backend() || got.Loop == nil || !got.Loop.Waiting || got.Loop.LatencyNS <= 0 {
				t.Errorf("nobody runs it: %+v", got)
			}
			if want := "ThreadSafe\n  Recycling 1024 passed on=0\n    Stats live=0 peak=0 requests=0 refused=0\n      Heap[ops.Operation]\n"; spell(got.Allocator) != want {
				t.Errorf("its allocator is\n%swant, as the probe has memory of its own,\n%s", spell(got.Allocator), want)
			}

			running(t, p)
			await(t, &page, "the loop answers", func(r reading) bool {
				l := r.Proactors[0].Loop
				return !l.Waiting && l.LatencyNS > 0
			})
			timer := p.NewTimer()
			ops.Post(p, ops.HandlerFunc(func(int, error) { timer.Wait(time.Hour, ops.HandlerFunc(func(int, error) {})) }))
			await(t, &page, "a wait is outstanding", func(r reading) bool { return r.Proactors[0].Stats.Outstanding["wait"] == 1 })
		})
	}
}

// TestSlowLoop has a handler that does not return, and reads until it is shown.
func TestSlowLoop(t *testing.T) {
	p := open(t)
	running(t, p)
	var page inspect.Page
	page.AddProactor("main", p)
	entered, leave := make(chan struct{}), make(chan struct{})
	ops.Post(p, ops.HandlerFunc(func(int, error) { close(entered); <-leave }))
	<-entered
	first, second := read(t, &page).Proactors[0].Loop, read(t, &page).Proactors[0].Loop
	if !first.Waiting || !second.Waiting || first.LatencyNS <= 0 || second.LatencyNS <= first.LatencyNS {
		t.Errorf("while a handler runs: %+v, and then %+v", first, second)
	}
	after := make(chan struct{})
	ops.Post(p, ops.HandlerFunc(func(int, error) { close(after) }))
	close(leave)
	<-after // and so the probe was called before
	if last := read(t, &page).Proactors[0].Loop; last.Waiting || last.LatencyNS < second.LatencyNS {
		t.Errorf("once the handler has returned: %+v, and before %+v", last, second)
	}
}

func TestClosed(t *testing.T) {
	p := open(t)
	var page inspect.Page
	page.AddProactor("main", p)
	read(t, &page) // leaves a probe outstanding
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := read(t, &page).Proactors[0]; !got.Closed || got.Loop != nil || got.Stats.Backend != p.Backend() {
			t.Errorf("after Close: %+v", got)
		}
	}
}

// TestLetsGo closes a proactor that is shown, and waits until it was collected.
func TestLetsGo(t *testing.T) {
	var page inspect.Page
	collected := make(chan struct{})
	func() {
		p, err := platform.New()
		if err != nil {
			t.Fatal(err)
		}
		page.AddProactor("main", p)
		read(t, &page)
		runtime.AddCleanup(p, func(c chan struct{}) { close(c) }, collected)
		p.Close()
		read(t, &page)
	}()
	for until := time.Now().Add(late); ; runtime.GC() {
		select {
		case <-collected:
			return
		default:
		}
		if time.Now().After(until) {
			t.Fatal("the page keeps a proactor that was closed")
		}
	}
}

func names(r reading) (names []string) {
	for _, p := range r.Proactors {
		names = append(names, "proactor "+p.Name)
	}
	for _, a := range r.Allocators {
		names = append(names, a.Name+" "+a.Allocator.Name)
	}
	return names
}

func TestNames(t *testing.T) {
	g, err := platform.NewGroup(2)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	var page inspect.Page
	step := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, names(read(t, &page))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	step()
	page.AddGroup("server", g)
	page.AddProactor("main", open(t))
	page.AddAllocator("main", allocator.Heap[int]{})
	page.AddAllocator("buffers", allocator.Heap[byte]{})
	step("proactor server 0", "proactor server 1", "proactor main", "main Heap[int]", "buffers Heap[uint8]")
	old := open(t)
	page.AddProactor("server 0", old)
	page.AddAllocator("main", allocator.Null[int]{})
	step("proactor server 0", "proactor server 1", "proactor main", "main Null[int]", "buffers Heap[uint8]")
	old.Close()
	if r := read(t, &page); !r.Proactors[0].Closed || r.Proactors[1].Closed {
		t.Errorf("the proactor that took the place of another is not the one that was closed: %+v", r.Proactors)
	}
	page.Remove("main")
	page.Remove("nobody")
	step("proactor server 0", "proactor server 1", "buffers Heap[uint8]")
}

// TestAnyGoroutine reads and changes the page from several goroutines while the
// proactors work, are closed and opened again; for the race detector.
func TestAnyGoroutine(t *testing.T) {
	var page inspect.Page
	buffers := combinators.NewStats(combinators.NewThreadSafe(combinators.NewRecycling[byte](allocator.Heap[byte]{}, 1<<16)))
	page.AddAllocator("buffers", buffers)
	var readers, writers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					read(t, &page)
				}
			}
		})
	}
	for _, options := range [][]platform.Option{{platform.SingleRunner()}, nil} {
		for range 2 {
			writers.Go(func() {
				for range 10 {
					p, err := platform.New(options...)
					if err != nil {
						t.Error(err)
						return
					}
					page.AddProactor("main", p)
					page.AddAllocator("more", buffers)
					left := 100
					var next ops.HandlerFunc
					next = func(int, error) {
						s, err := buffers.Allocate(100)
						if err != nil {
							t.Error(err)
						}
						buffers.Deallocate(s)
						if left--; left != 0 {
							ops.Post(p, next)
						} else {
							p.Close()
						}
					}
					ops.Post(p, next)
					p.Run(context.Background())
					page.Remove("more")
				}
			})
		}
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	await(t, &page, "all are closed", func(r reading) bool { return len(r.Proactors) == 1 && r.Proactors[0].Closed })
}
