package combinators_test

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A test gives the code under test a checked allocator and closes it at the
// end.
func ExampleChecked() {
	buffers := combinators.NewChecked(allocator.Heap[byte]{})
	lost, _ := buffers.Allocate(100)
	copy(lost, "forgotten")

	if err := buffers.Close(); err != nil {
		lines := strings.Split(err.Error(), "\n")
		fmt.Println(regexp.MustCompile("0x[0-9a-f]+").ReplaceAllString(lines[0], "0x…"))
		fmt.Println(lines[1])
		fmt.Println(lines[2][strings.LastIndex(lines[2], "/"):])
	}
	// Output:
	// Checked(Heap[uint8]): block 0x… of 100 × uint8: never released
	// allocated by:
	// /combinators_test.ExampleChecked
}

//go:noinline
func allocateHere[T any](t testing.TB, a allocator.Allocator[T], n int) []T { return take(t, a, n) }

//go:noinline
func releaseHere[T any](a allocator.Allocator[T], s []T) { a.Deallocate(s) }

//go:noinline
func releaseThere[T any](a allocator.Allocator[T], s []T) { a.Deallocate(s) }

// inOrder fails the test unless e says these things one after another.
func inOrder(t *testing.T, e *allocator.MisuseError, want ...string) {
	t.Helper()
	if e == nil {
		t.Errorf("nothing was reported; want %q", want)
		return
	}
	rest := e.Problem
	for _, w := range want {
		_, after, found := strings.Cut(rest, w)
		if !found {
			t.Errorf("the report does not say %q where it should:\n%v", w, e)
			return
		}
		rest = after
	}
}

func TestCheckedDoubleRelease(t *testing.T) {
	for _, quarantine := range []int{0, 32} {
		judge := newSource[int](t)
		a := combinators.NewChecked(judge)
		a.Quarantine = quarantine
		s := allocateHere(t, a, 3)
		releaseHere(a, s)
		e := misuse(func() { releaseThere(a, s) })
		inOrder(t, e, "released twice", "\nallocated by:", "allocateHere", "\nfirst released by:", "releaseHere", "\nreleased again by:", "releaseThere")
		if e != nil && (e.Allocator != "Checked(source)" || e.Len != 3) {
			t.Errorf("the report is %+v", e)
		}
		a.Trim()
		if judge.count != 0 {
			t.Errorf("%d values are out", judge.count)
		}
	}
}

func TestCheckedForeignBlock(t *testing.T) {
	a := combinators.NewChecked(heap[int]())
	inOrder(t, misuse(func() { releaseHere(a, make([]int, 3)) }),
		"released by an allocator that did not give it", "\nreleased by:", "releaseHere")

	// One that begins where a block of the allocator ends is none of its blocks either.
	both := make([]int, 6)
	a = combinators.NewChecked(combinators.NewRegion(given[int]{both[:3:3]}, 3))
	s := take(t, a, 3)
	inOrder(t, misuse(func() { releaseHere(a, both[3:]) }), "released by an allocator that did not give it")
	a.Deallocate(s)
}

// given is a parent that has one block.
type given[T any] struct{ block []T }

func (a given[T]) Allocate(n int) ([]T, error) { return a.block, nil }
func (a given[T]) Deallocate([]T)              {}

func TestCheckedWrongAllocator(t *testing.T) {
	a := combinators.NewChecked(heap[int]())
	b := combinators.NewChecked(combinators.NewStats(heap[int]()))
	s := allocateHere(t, b, 3)
	inOrder(t, misuse(func() { releaseHere(a, s) }),
		"released by the wrong allocator; it is of Checked(Stats(Heap[int]))", "\nallocated by:", "allocateHere", "\nreleased by:", "releaseHere")
	outer := combinators.NewChecked(b) // made later, so it is the one that the program uses
	r := take(t, outer, 3)
	inOrder(t, misuse(func() { releaseHere(a, r) }), "it is of Checked(Checked(Stats(Heap[int])))")
	outer.Deallocate(r)
	b.Deallocate(s)
}

// Fallback(a, b) that frees to the wrong child, as some have shipped.
func TestCheckedFindsAFallbackThatReleasesToTheWrongParent(t *testing.T) {
	primary := combinators.NewChecked(combinators.NewLimit(heap[int](), 2))
	secondary := combinators.NewChecked(heap[int]())
	a := wrongFallback{primary, secondary}
	a.Deallocate(take(t, a, 1))
	s := take(t, a, 3)
	inOrder(t, misuse(func() { a.Deallocate(s) }), "released by the wrong allocator; it is of Checked(Heap[int])")
	secondary.Deallocate(s) // until here it must not be collected: nobody else would know of the block
}

type wrongFallback struct{ primary, secondary allocator.Allocator[int] }

func (a wrongFallback) Allocate(n int) ([]int, error) {
	if s, err := a.primary.Allocate(n); err == nil {
		return s, nil
	}
	return a.secondary.Allocate(n)
}

func (a wrongFallback) Deallocate(s []int) { a.primary.Deallocate(s) }

func TestCheckedPartOfABlock(t *testing.T) {
	a := combinators.NewChecked(heap[uint64]())
	s := allocateHere(t, a, 5)
	inOrder(t, misuse(func() { releaseHere(a, s[:3:3]) }),
		"released with another capacity than it was handed out with, which is 5", "\nallocated by:", "allocateHere", "\nreleased by:", "releaseHere")
	inOrder(t, misuse(func() { releaseHere(a, s[2:]) }), "released without its start, which is 16 bytes before", "allocateHere", "releaseHere")
	a.Deallocate(s)
}

func TestCheckedWriteAfterRelease(t *testing.T) {
	t.Run("bytes", func(t *testing.T) {
		a := combinators.NewChecked(newSource[byte](t))
		testWriteAfterRelease(t, a, func(s []byte) { s[3], s[4] = 7, 8 }, "byte 3 is 0x07")
	})
	t.Run("room beyond what is used", func(t *testing.T) {
		a := combinators.NewChecked(newSource[byte](t))
		s := take(t, a, 5)
		a.Deallocate(s[:1])
		if addressSanitizer {
			t.Skip("with -asan, the write itself is reported")
		}
		s[4] = 7
		inOrder(t, misuse(a.Trim), "written to after it was released: byte 4 is 0x07")
	})
	t.Run("pointers", func(t *testing.T) {
		a := combinators.NewChecked(newSource[element](t))
		testWriteAfterRelease(t, a, func(s []element) { s[0].state[0] = 7 }, "is 0x07")
	})
}

func testWriteAfterRelease[T any](t *testing.T, a *combinators.Checked[T], write func([]T), want string) {
	if addressSanitizer {
		t.Skip("with -asan, the write itself is reported")
	}
	s := allocateHere(t, a, 5)
	releaseHere(a, s)
	write(s)
	inOrder(t, misuse(a.Trim), "written to after it was released: ", want, "allocateHere", "\nfirst released by:", "releaseHere")
	if err := a.Close(); err != nil {
		t.Errorf("after the report: %v", err)
	}
}

// What was written there is found while other blocks come and go, too.
func TestCheckedQuarantine(t *testing.T) {
	if addressSanitizer {
		t.Skip("with -asan, the write itself is reported")
	}
	judge := newSource[int](t)
	a := combinators.NewChecked(judge)
	a.Quarantine = 3
	var reports []*allocator.MisuseError
	a.Report = func(e *allocator.MisuseError) { reports = append(reports, e) }
	s := take(t, a, 1)
	a.Deallocate(s)
	s[0] = 1
	for i := range 3 {
		if len(reports) != 0 {
			t.Errorf("reported when %d others were released", i)
		}
		a.Deallocate(take(t, a, 2))
	}
	if len(reports) != 1 || judge.count != 6 {
		t.Errorf("%d reports and %d values out when 3 others were released, want 1 and theirs", len(reports), judge.count)
	}
}

func TestCheckedGivesUpItsQuarantineBeforeItFails(t *testing.T) {
	judge := newSource[int](t)
	judge.limit = 10
	a := combinators.NewChecked(judge)
	for range 20 {
		a.Deallocate(take(t, a, 4))
	}
	held := judge.count
	if _, err := a.Allocate(11); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
	if judge.count != held || held == 0 {
		t.Errorf("%d of %d values are held back after a request that is too large", judge.count, held)
	}
	take(t, a, 10) // there is room for it if all of them go
	judge.asked = nil
	if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) || len(judge.asked) != 1 {
		t.Errorf("error %v with nothing held back, after %d requests to the parent, want ErrExhausted after 1", err, len(judge.asked))
	}
}

func TestCheckedReportInsteadOfPanic(t *testing.T) {
	judge := newSource[int](t)
	a := combinators.NewChecked(judge)
	reports := 0
	a.Report = func(*allocator.MisuseError) { reports++ }
	s := take(t, a, 2)
	a.Deallocate(s)
	a.Deallocate(s)
	a.Deallocate(make([]int, 1))
	if reports != 2 {
		t.Errorf("%d reports, want 2", reports)
	}
	if err := a.Close(); err != nil || judge.count != 0 {
		t.Errorf("Close: %v, with %d values out", err, judge.count)
	}
}

func TestCheckedClose(t *testing.T) {
	a := combinators.NewChecked(heap[int]())
	one := allocateHere(t, a, 1)
	kept := take(t, a, 2)
	a.Deallocate(kept)
	two := take(t, a, 3)
	err := a.Close()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 2 {
		t.Fatalf("Close: %v, want two errors", err)
	}
	var e *allocator.MisuseError
	if !errors.As(joined.Unwrap()[0], &e) || e.Len != 1 {
		t.Errorf("the first leak is %v, want that of 1 value", e)
	}
	inOrder(t, e, "never released", "\nallocated by:", "allocateHere")
	if err := a.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	runtime.KeepAlive(one)
	runtime.KeepAlive(two)
}

func TestCheckedResize(t *testing.T) {
	judge := newCapableSource[int](t)
	a := combinators.NewChecked(judge)
	s := take(t, a, 5)
	if _, ok := a.Resize(s, 9); ok {
		t.Error("claims to have resized a block; its parent refused")
	}
	r, ok := a.Resize(s, 3)
	if !ok {
		t.Fatal("no resize")
	}
	inOrder(t, misuse(func() { a.Resize(s, 2) }), "resized with another capacity than it was handed out with, which is 3")
	a.Deallocate(r)
	inOrder(t, misuse(func() { a.Resize(r, 2) }), "resized after its release")
	inOrder(t, misuse(func() { a.Resize(make([]int, 2), 1) }), "resized by an allocator that did not give it")
	a.Report = func(*allocator.MisuseError) {}
	if _, ok := a.Resize(r, 2); ok {
		t.Error("a released block was resized")
	}
}

func TestCheckedOfNoSize(t *testing.T) {
	parent := combinators.NewStats(heap[struct{}]())
	a := combinators.NewChecked(parent)
	a.Deallocate(take(t, a, 2))
	if live := parent.Counts().Live; live != 0 {
		t.Errorf("%d blocks are not back with the parent", live)
	}
	s := take(t, a, 3)
	if _, ok := a.Resize(s, 2); ok {
		t.Error("claims to have resized a block; its parent cannot")
	}
	a.Deallocate(s)
	a.Deallocate(s) // blocks of no size are not told apart
	take(t, a, 3)
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestCheckedReset(t *testing.T) {
	a := combinators.NewChecked(combinators.NewSlab(heap[int](), 10))
	s := take(t, a, 5)
	a.Deallocate(take(t, a, 5))
	a.Reset()
	if err := a.Close(); err != nil {
		t.Errorf("after Reset: %v", err)
	}
	r := take(t, a, 10)
	if misuse(func() { a.Deallocate(s) }) == nil {
		t.Error("a block of before the Reset was taken")
	}
	a.Deallocate(r)
}

// awaitLeak returns what is reported on leaks after a collection.
func awaitLeak(t *testing.T, leaks <-chan *allocator.MisuseError) *allocator.MisuseError {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		runtime.GC()
		select {
		case e := <-leaks:
			return e
		case <-deadline:
			t.Fatal("no leak was reported")
		default:
			runtime.Gosched()
		}
	}
}

func TestCheckedLeaksFoundByTheCollector(t *testing.T) {
	leaks := make(chan *allocator.MisuseError, 10)
	a := combinators.NewChecked(combinators.NewRecycling(heap[element](), 100))
	a.Leak = func(e *allocator.MisuseError) { leaks <- e }
	kept := take(t, a, 2)
	func() {
		a.Deallocate(take(t, a, 3))
		allocateHere(t, a, 4) // and lose it
	}()
	e := awaitLeak(t, leaks)
	inOrder(t, e, "never released", "\nallocated by:", "allocateHere", "TestCheckedLeaksFoundByTheCollector")
	if e.Len != 4 {
		t.Errorf("the leak is of %d values, want 4", e.Len)
	}
	for range 3 {
		runtime.GC()
	}
	select {
	case e := <-leaks:
		t.Errorf("reported as well: %v", e)
	default:
	}
	a.Deallocate(kept)
	if err := a.Close(); err != nil {
		t.Errorf("Close reports what was reported: %v", err)
	}
}

// With Sample, most blocks are passed on as if nothing checked them.
func TestCheckedSample(t *testing.T) {
	judge := newSource[element](t)
	leaks := make(chan *allocator.MisuseError, 100)
	a := combinators.NewChecked(judge)
	a.Sample = 10
	a.Quarantine = 0
	a.Leak = func(e *allocator.MisuseError) { leaks <- e }
	var blocks [][]element
	for range 30 {
		blocks = append(blocks, take(t, a, 1))
	}
	for i, s := range blocks {
		a.Deallocate(s)
		if checked := i%10 == 0; checked {
			inOrder(t, misuse(func() { a.Deallocate(s) }), "released twice")
		}
	}
	if err := a.Close(); err != nil || judge.count != 0 {
		t.Errorf("Close: %v, with %d values out", err, judge.count)
	}
}

// Of a sample of one in ten, the first, the eleventh, and so on are known.
func TestCheckedSampleBeginsWithTheFirst(t *testing.T) {
	for sample, want := range map[int][]int{0: {1, 2, 3, 4}, 1: {1, 2, 3, 4}, 2: {1, 3}, 3: {1, 4}} {
		a := combinators.NewChecked(heap[int]())
		a.Sample = sample
		var blocks [][]int
		for n := range 4 {
			blocks = append(blocks, take(t, a, n+1))
		}
		var leaked []int
		for _, err := range a.Close().(interface{ Unwrap() []error }).Unwrap() {
			leaked = append(leaked, err.(*allocator.MisuseError).Len)
		}
		if diff := cmp.Diff(want, leaked); diff != "" {
			t.Errorf("with Sample %d, blocks that are known (-want +got):\n%s", sample, diff)
		}
		runtime.KeepAlive(blocks)
	}
}

// An unchecked block may lie where a checked one was before.
func TestCheckedSampleReusesAnAddress(t *testing.T) {
	a := combinators.NewChecked(new(combinators.SingleSlot[int]))
	a.Sample = 2
	a.Quarantine = 0
	for range 10 {
		a.Deallocate(take(t, a, 1))
	}
}

// A block that is lost leaves its address to another one.
func TestCheckedLostBlock(t *testing.T) {
	parent := &shifting{}
	a := combinators.NewChecked(parent)
	a.Quarantine = 0
	take(t, a, 2)
	a.Deallocate(take(t, a, 2))
	var e *allocator.MisuseError
	if err := a.Close(); !errors.As(err, &e) {
		t.Errorf("Close: %v, want the block that was handed out first", err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestCheckedByManyGoroutines(t *testing.T) {
	a := combinators.NewChecked(combinators.NewSharded(heap[element](), 1000))
	a.Leak = func(e *allocator.MisuseError) { t.Error(e) }
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for i := range 300 {
				s := take(t, a, 1+i%3)
				s[0].handler = a
				a.Deallocate(s)
			}
		})
	}
	users.Wait()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func BenchmarkChecked(b *testing.B) {
	benchmarkPair(b, "interface", combinators.NewChecked(combinators.NewRecycling(heap[element](), 64)))
	sampled := combinators.NewChecked(combinators.NewRecycling(heap[element](), 64))
	sampled.Sample = 1000
	benchmarkPair(b, "sampled", sampled)
	benchmarkPair(b, "unchecked", combinators.NewRecycling(heap[element](), 64))
}

// A Checked that looks for leaks does not keep its parent, and so its blocks, from
// being collected.
func TestCheckedLeakPinsNothing(t *testing.T) {
	collected := make(chan struct{})
	func() {
		slab := combinators.NewSlab(heap[[4]uint64](), 64)
		runtime.AddCleanup(slab, func(c chan struct{}) { close(c) }, collected)
		a := combinators.NewChecked(slab)
		a.Leak = func(*allocator.MisuseError) {}
		take(t, a, 1)
	}()
	for end := time.Now().Add(30 * time.Second); ; runtime.GC() {
		select {
		case <-collected:
			return
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(end) {
			t.Fatal("a Checked and its parent that nobody has any more are never collected")
		}
	}
}

// What a Checked costs does not grow with the number of others, nor with what it
// holds back.
func BenchmarkCheckedMany(b *testing.B) {
	for _, others := range []int{10, 1000, 10000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			var all []any
			for range others {
				all = append(all, combinators.NewChecked(heap[int]()))
			}
			for b.Loop() {
				combinators.NewChecked(heap[int]())
			}
			runtime.KeepAlive(all)
		})
	}
	for _, quarantine := range []int{32, 50000} {
		b.Run(fmt.Sprintf("quarantine=%d", quarantine), func(b *testing.B) {
			a := combinators.NewChecked(heap[element]())
			a.Quarantine = quarantine
			for range quarantine {
				a.Deallocate(take(b, a, 1))
			}
			for b.Loop() {
				a.Deallocate(take(b, a, 1))
			}
		})
	}
}
