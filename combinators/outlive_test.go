package combinators_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
)

// TestBlocksOutliveTheirAllocator has the collector take allocators that the program has dropped,
// while blocks of them are in use. The blocks stay as they are, and so does what they point to.
func TestBlocksOutliveTheirAllocator(t *testing.T) {
	t.Run("Heap", func(t *testing.T) {
		testOutlive(t, heap[*int], func(i int) *int { return new(i) }, func(p *int) int {
			if p == nil {
				return -2
			}
			return *p
		})
	})
	itself := func(i int) int { return i }
	for name, build := range map[string]func() (*allocator.Pages[int], error){
		"Pages": allocator.NewPages[int], "GuardedPages": allocator.NewGuardedPages[int],
	} {
		t.Run(name, func(t *testing.T) {
			pages, err := build()
			if err != nil {
				t.Fatal(err)
			}
			s, err := pages.Allocate(1)
			if err != nil {
				t.Skip(err) // this system has none
			}
			pages.Deallocate(s)
			testOutlive(t, func() allocator.Allocator[int] {
				pages, _ := build()
				return pages
			}, itself, itself)
		})
	}
}

// A mortal is an allocator whose collection the test learns of. By then everything that was
// built over it is gone, too.
type mortal[T any] struct{ allocator.Allocator[T] }

// testOutlive tries a source, and each combinator over one. put returns a value that stands for
// a number, and get the number.
func testOutlive[T any](t *testing.T, source func() allocator.Allocator[T], put func(int) T, get func(T) int) {
	type inUse struct {
		of     string
		blocks [][]T
	}
	var all []inUse
	var alive sync.WaitGroup
	alone := layer[T]{"%v", func(a allocator.Allocator[T]) allocator.Allocator[T] { return a }}
	for _, l := range append(combinations[T](), alone) {
		below := &mortal[T]{source()}
		alive.Add(1)
		runtime.AddCleanup(below, func(alive *sync.WaitGroup) { alive.Done() }, &alive)
		a := l.build(below)
		u := inUse{of: allocator.Describe(a)}
		for i, n := range []int{1, 5, 12, 100} {
			s := take(t, a, n)
			for k := range s {
				s[k] = put(i)
			}
			u.blocks = append(u.blocks, s)
		}
		a.Deallocate(take(t, a, 3)) // so that something is kept
		all = append(all, u)
	}
	collected := make(chan struct{})
	go func() {
		alive.Wait()
		close(collected)
	}()
	awaitCollected(t, collected)
	for range 2 { // what has become garbage with them is collected, and its cleanups and finalizers have run
		awaitCleanups(t)
	}
	var litter [][]T
	for range 1000 { // where lost storage would have been
		s := make([]T, 12)
		for k := range s {
			s[k] = put(-1)
		}
		litter = append(litter, s)
	}
	for _, u := range all {
		for i, s := range u.blocks {
			for k := range s {
				if got := get(s[k]); got != i {
					t.Fatalf("%s: value %d of a block is %d when the allocator is gone, want %d", u.of, k, got, i)
				}
				s[k] = put(i + 1)
			}
		}
	}
	for _, u := range all { // two of them have no storage in common
		for i, s := range u.blocks {
			for k := range s {
				if got := get(s[k]); got != i+1 {
					t.Fatalf("%s: value %d of a block is %d, and %d was written", u.of, k, got, i+1)
				}
			}
		}
	}
	runtime.KeepAlive(litter)
}

// awaitCleanups collects garbage, and waits until a cleanup and a finalizer have run that were due
// then.
func awaitCleanups(t *testing.T) {
	t.Helper()
	var due sync.WaitGroup
	due.Add(2)
	func() {
		runtime.AddCleanup(new([64]byte), func(due *sync.WaitGroup) { due.Done() }, &due)
		runtime.SetFinalizer(new([64]byte), func(*[64]byte) { due.Done() })
	}()
	ran := make(chan struct{})
	go func() {
		due.Wait()
		close(ran)
	}()
	awaitCollected(t, ran)
}
