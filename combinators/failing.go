package combinators

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// ErrInduced is the error of a request that a [Failing] has made fail. It wraps
// [allocator.ErrExhausted].
var ErrInduced = fmt.Errorf("combinators: failure induced by Failing: %w", allocator.ErrExhausted)

// Failing makes chosen requests fail, and passes all others to its parent.
//
// Use it in tests, to see that a program survives the failure of each of its
// requests: let the first request fail, then the second, and so on, until a run
// has no such request. Calls returns how many requests there were, Failures how
// many were made to fail, and Where the call stack of the last of these. Below
// an allocator that grows, it makes the growth fail.
//
// It costs a lock. It keeps no storage.
//
// It is exhausted for the chosen requests, with [ErrInduced], and when its
// parent is. Only requests for storage count. Requests for nothing, for a
// negative number of values, or for more than can exist are passed on. So is
// Resize, because refusing it is not a failure.
//
// It is safe for concurrent use if its parent is, though then the order of the
// calls decides which request fails.
type Failing[T any] struct {
	passing[T]
	name  string // of the constructor
	plan  string // its arguments after the parent
	fails func(call, n int) bool

	mu       sync.Mutex
	calls    int
	failures int
	where    callers
}

// NewFailingAt returns a Failing that makes the requests with these numbers
// fail, counted from 1.
func NewFailingAt[T any](parent allocator.Allocator[T], calls ...int) *Failing[T] {
	numbers := strings.ReplaceAll(strings.Trim(fmt.Sprint(calls), "[]"), " ", ", ")
	return newFailing(parent, "At", numbers, func(call, _ int) bool { return slices.Contains(calls, call) })
}

// NewFailingRandomly returns a Failing that makes each request fail with the
// given probability, from 0 to 1. With the same seed, the same requests fail.
func NewFailingRandomly[T any](parent allocator.Allocator[T], probability float64, seed uint64) *Failing[T] {
	random := rand.New(rand.NewPCG(seed, 0))
	return newFailing(parent, "Randomly", fmt.Sprintf("%v, %d", probability, seed), func(int, int) bool {
		return random.Float64() < probability
	})
}

// NewFailingAfter returns a Failing that hands out the given number of bytes in
// all, and makes each request fail that would exceed it. Requests that the
// parent refuses count too. Released bytes are not subtracted; use [Limit] for
// that.
func NewFailingAfter[T any](parent allocator.Allocator[T], bytes int) *Failing[T] {
	size, left := uint64(unsafe.Sizeof(*new(T))), uint64(max(bytes, 0))
	return newFailing(parent, "After", fmt.Sprint(bytes), func(_, n int) bool {
		need := uint64(n) * size
		if need > left {
			return true
		}
		left -= need
		return false
	})
}

func newFailing[T any](parent allocator.Allocator[T], kind, arguments string, fails func(call, n int) bool) *Failing[T] {
	return &Failing[T]{
		passing: newPassing(parent, "NewFailing"+kind),
		name:    "Failing" + kind,
		plan:    arguments,
		fails:   fails,
	}
}

// Allocate asks the parent for n values, unless the request is chosen to fail.
func (a *Failing[T]) Allocate(n int) ([]T, error) {
	if n != 0 && allocator.CheckSize[T](n) == nil && a.fail(n) {
		return nil, ErrInduced
	}
	return a.parent.Allocate(n)
}

// Calls returns how many requests there were.
func (a *Failing[T]) Calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls
}

// Failures returns how many requests were made to fail.
func (a *Failing[T]) Failures() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failures
}

// Where returns the call stack of the last request that was made to fail, with
// one line for each call and one for its position. It is empty if there was
// none.
func (a *Failing[T]) Where() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.where.String()
}

// String returns the expression that builds the allocator.
func (a *Failing[T]) String() string {
	if a.plan == "" {
		return fmt.Sprintf("%s(%s)", a.name, allocator.Describe(a.parent))
	}
	return fmt.Sprintf("%s(%s, %s)", a.name, allocator.Describe(a.parent), a.plan)
}

// fail counts a request and decides whether it fails.
func (a *Failing[T]) fail(n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	if !a.fails(a.calls, n) {
		return false
	}
	a.failures++
	a.where.record(2)
	return true
}
