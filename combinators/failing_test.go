package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// readTwo needs two buffers, and is to return the first one if it does not get
// the second.
func readTwo(buffers allocator.Allocator[byte]) error {
	header, err := buffers.Allocate(16)
	if err != nil {
		return err
	}
	defer buffers.Deallocate(header)
	body, err := buffers.Allocate(1000)
	if err != nil {
		return err
	}
	defer buffers.Deallocate(body)
	return nil
}

// Each request is made to fail in turn, until a run makes no further request.
func ExampleFailing() {
	for k := 1; ; k++ {
		live := combinators.NewLimit(allocator.Heap[byte]{}, 1<<20)
		buffers := combinators.NewFailingAt(live, k)
		err := readTwo(buffers)
		if buffers.Failures() == 0 {
			break
		}
		fmt.Printf("%v: leaked %d, error: %v\n", buffers, live.Live(), err)
	}
	// Output:
	// FailingAt(Limit(Heap[uint8], 1048576), 1): leaked 0, error: combinators: failure induced by Failing: allocator: exhausted
	// FailingAt(Limit(Heap[uint8], 1048576), 2): leaked 0, error: combinators: failure induced by Failing: allocator: exhausted
}

// Memory runs out at one point or another of a program.
func ExampleNewFailingAfter() {
	for _, bytes := range []int{0, 100, 2000} {
		fmt.Println(bytes, readTwo(combinators.NewFailingAfter(allocator.Heap[byte]{}, bytes)) == nil)
	}
	// Output:
	// 0 false
	// 100 false
	// 2000 true
}

// A long run in which one request in a hundred fails, and the same ones each time.
func ExampleNewFailingRandomly() {
	run := func(seed uint64) (failed int) {
		buffers := combinators.NewFailingRandomly(allocator.Heap[byte]{}, 0.01, seed)
		for range 10_000 {
			if readTwo(buffers) != nil {
				failed++
			}
		}
		return failed
	}
	n := run(1)
	fmt.Println("about 200:", 100 < n && n < 300)
	fmt.Println("the same again:", run(1) == n)
	// Output:
	// about 200: true
	// the same again: true
}

// failures returns which of so many requests for n values fail.
func failures(t *testing.T, a allocator.Allocator[int16], requests, n int) (failed []int) {
	t.Helper()
	for i := range requests {
		s, err := a.Allocate(n)
		if err != nil {
			if s != nil || !errors.Is(err, combinators.ErrInduced) || !errors.Is(err, allocator.ErrExhausted) {
				t.Errorf("a failure is %d values and error %v, want ErrInduced", len(s), err)
			}
			failed = append(failed, i+1)
			continue
		}
		a.Deallocate(s)
	}
	return failed
}

func TestFailingAt(t *testing.T) {
	a := combinators.NewFailingAt(heap[int16](), 3, 1, 7)
	if diff := cmp.Diff([]int{1, 3, 7}, failures(t, a, 10, 2)); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}
	if a.Calls() != 10 || a.Failures() != 3 || a.String() != "FailingAt(Heap[int16], 3, 1, 7)" {
		t.Errorf("%v: %d calls, %d failures", a, a.Calls(), a.Failures())
	}
}

func TestFailingAfter(t *testing.T) {
	a := combinators.NewFailingAfter(heap[int16](), 20)
	if diff := cmp.Diff([]int{4, 5}, failures(t, a, 5, 3)); diff != "" {
		t.Errorf("requests for 6 bytes that failed after 20 (-want +got):\n%s", diff)
	}
	take(t, a, 1) // 2 bytes are left
	if _, err := a.Allocate(1); err == nil {
		t.Error("more was handed out")
	}
	if a.String() != "FailingAfter(Heap[int16], 20)" {
		t.Errorf("prints as %v", a)
	}
	for _, bytes := range []int{0, -1} {
		if _, err := combinators.NewFailingAfter(heap[byte](), bytes).Allocate(1); err == nil {
			t.Errorf("something was handed out after %d bytes", bytes)
		}
	}
}

func TestFailingRandomly(t *testing.T) {
	run := func(p float64, seed uint64) []int {
		return failures(t, combinators.NewFailingRandomly(heap[int16](), p, seed), 1000, 1)
	}
	first := run(0.25, 1)
	if n := len(first); n < 150 || n > 350 {
		t.Errorf("%d of 1000 failed, want about 250", n)
	}
	if diff := cmp.Diff(first, run(0.25, 1)); diff != "" {
		t.Errorf("with the same seed others failed (-first +second):\n%s", diff)
	}
	if cmp.Equal(first, run(0.25, 2)) {
		t.Error("with another seed the same failed")
	}
	if len(run(0, 1)) != 0 || len(run(1, 1)) != 1000 {
		t.Error("with a probability of 0 or 1 not none or not all failed")
	}
	if a := combinators.NewFailingRandomly(heap[int16](), 0.5, 7); a.String() != "FailingRandomly(Heap[int16], 0.5, 7)" {
		t.Errorf("prints as %v", a)
	}
}

func TestFailingCountsRequestsForStorageOnly(t *testing.T) {
	a := combinators.NewFailingAt(newCapableSource[int16](t), 2)
	s := take(t, a, 5)
	a.Deallocate(take(t, a, 0))
	for n, want := range map[int]error{-1: allocator.ErrSize, math.MaxInt: allocator.ErrTooLarge} {
		if _, err := a.Allocate(n); !errors.Is(err, want) || errors.Is(err, combinators.ErrInduced) {
			t.Errorf("Allocate(%d): error %v, want %v", n, err, want)
		}
	}
	if _, ok := a.Resize(s, 4); !ok {
		t.Error("a block was not resized")
	}
	if a.Calls() != 1 || a.Where() != "" {
		t.Errorf("%d calls, want 1; the last failure was at %q", a.Calls(), a.Where())
	}
}

func TestFailingRemembersWhere(t *testing.T) {
	a := combinators.NewFailingAt(heap[byte](), 2)
	if err := readTwo(a); !errors.Is(err, combinators.ErrInduced) {
		t.Fatalf("error %v, want ErrInduced", err)
	}
	where := a.Where()
	if !strings.HasPrefix(where, "\n\tgithub.com/heirloom-go/heirloom/combinators_test.readTwo\n") ||
		!strings.Contains(where, "TestFailingRemembersWhere") || !strings.Contains(where, "failing_test.go:") || strings.Contains(where, "runtime.") {
		t.Errorf("it failed at:%s\nwant the call in readTwo first, and who called that", where)
	}
	if err := readTwo(a); err != nil {
		t.Errorf("error %v after the failure", err)
	}
	if a.Failures() != 1 || a.Calls() != 4 || a.Where() != where {
		t.Errorf("%d failures in %d calls, the last one at:%s\nwant 1, 4, and the same place", a.Failures(), a.Calls(), a.Where())
	}
}

// Of a stack that is too deep, the inner end is remembered.
func TestFailingRemembersADeepStack(t *testing.T) {
	a := combinators.NewFailingAt(heap[byte](), 1)
	deepCall(100, func() { a.Allocate(1) })
	if lines := strings.Count(a.Where(), "deepCall"); lines < 10 || lines > 50 {
		t.Errorf("%d calls are remembered:%s", lines, a.Where())
	}
}

func TestFailureOfFailingAllocatesNothing(t *testing.T) {
	a := combinators.NewFailingAfter(heap[int](), 0)
	if allocs := testing.AllocsPerRun(100, func() {
		if _, err := a.Allocate(1); err == nil {
			t.Error("no error")
		}
	}); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}
