package proptest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// A freeList is what a stranger might bring: it keeps released blocks for any
// number of goroutines, and has all capabilities. Without a flaw it is right.
type freeList[T any] struct {
	parent allocator.Allocator[T]
	flaw   flaw
	mu     sync.Mutex
	free   [][]T
	live   map[uintptr]int // the capacities by where the blocks start
	calls  int
}

type flaw int

const (
	flawless flaw = iota
	unlockedTrim
	unlockedResize
	unlockedRelease // of more than 8
	unlockedOwns
	hoards         // what is kept is not given up when the parent has no more
	oneOfMany      // a single value may have more room
	dirty          // what is beyond the length is not cleared
	keepsTwice     // a block is kept twice, now and then
	losesWhenFull  // what is beyond a number is forgotten
	trimsAllButOne // and the last stays
	growsOver      // in place, though there is no room
	forgetsCuts    // what Resize cuts off is not cleared
	swallows       // an error of the parent
)

func (f flaw) lock(mu *sync.Mutex, unlocked bool) func() {
	if unlocked {
		return func() {}
	}
	mu.Lock()
	return mu.Unlock
}

func (a *freeList[T]) Allocate(n int) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, s := range a.free {
		fits := n > 0 && cap(s) >= n && (n > 1 || cap(s) == 1 || a.flaw == oneOfMany)
		if fits {
			a.free = slices.Delete(a.free, i, i+1)
			a.live[address(s)] = cap(s)
			return s[:n], nil
		}
	}
	s, err := a.parent.Allocate(n)
	if errors.Is(err, allocator.ErrExhausted) && a.flaw != hoards {
		a.giveBack(0)
		s, err = a.parent.Allocate(n)
	}
	if err != nil && a.flaw == swallows {
		return nil, nil
	}
	if err == nil {
		a.live[address(s)] = cap(s)
	}
	return s, err
}

func (a *freeList[T]) Deallocate(s []T) {
	if cap(s) == 0 {
		return
	}
	defer a.flaw.lock(&a.mu, a.flaw == unlockedRelease && cap(s) > 8)()
	if a.live[address(s)] != cap(s) {
		panic(allocator.Misuse(a, s, "not a block of this list"))
	}
	delete(a.live, address(s))
	if a.flaw != dirty {
		s = s[:cap(s)]
	}
	clear(s)
	if len(a.free) > 4 {
		if a.flaw != losesWhenFull {
			a.parent.Deallocate(s)
		}
		return
	}
	a.free = append(a.free, s)
	if a.calls++; a.flaw == keepsTwice && a.calls%7 == 0 {
		a.free = append(a.free, s)
	}
}

func (a *freeList[T]) giveBack(all int) {
	for len(a.free) > all {
		s := a.free[0]
		a.free = a.free[1:]
		a.parent.Deallocate(s)
	}
}

func (a *freeList[T]) Trim() {
	defer a.flaw.lock(&a.mu, a.flaw == unlockedTrim)()
	if a.flaw == trimsAllButOne {
		a.giveBack(1)
		return
	}
	a.giveBack(0)
}

func (a *freeList[T]) Owns(s []T) bool {
	defer a.flaw.lock(&a.mu, a.flaw == unlockedOwns)()
	for start, n := range a.live {
		var zero T
		if cap(s) != 0 && address(s) >= start && address(s) < start+uintptr(n)*unsafe.Sizeof(zero) {
			return true
		}
	}
	return false
}

func (a *freeList[T]) Resize(s []T, n int) ([]T, bool) {
	defer a.flaw.lock(&a.mu, a.flaw == unlockedResize)()
	r, ok := a.parent.(allocator.Resizer[T])
	switch {
	case a.live[address(s)] != cap(s):
		return nil, false
	case n > 0 && n <= cap(s):
		if a.flaw == forgetsCuts && n > 1 {
			a.live[address(s)] = n
			return s[:n:n], true
		}
		return s[:n], true
	case n > 0 && n == cap(s)+1 && a.flaw == growsOver:
		a.live[address(s)] = n
		return unsafe.Slice(unsafe.SliceData(s), n), true
	case !ok:
		return nil, false
	}
	// The parent's answer may be another capacity.
	t, ok := r.Resize(s, n)
	if ok {
		a.live[address(t)] = cap(t)
	}
	return t, ok
}

func (a *freeList[T]) String() string {
	return fmt.Sprintf("freeList(%s)", allocator.Describe(a.parent))
}

func newFreeList[T any](f flaw) Builder[T] {
	return func(parent allocator.Allocator[T]) allocator.Allocator[T] {
		return &freeList[T]{parent: parent, flaw: f, live: map[uintptr]int{}}
	}
}

var freeListClaims = Claims{ThreadSafe: true, SeesForeign: true}

func TestFreeList(t *testing.T) {
	Conform(t, newFreeList[Pointerful](flawless), freeListClaims)
}

// flawed are the programs that look for a flaw, in Records and in any
// composition.
func flawed(f flaw) func(*rapid.T) { return ConformCheck(newFreeList[Pointerful](f), freeListClaims) }

// flawedAlone are those of one goroutine. A flaw that shows there must not get at memory from
// several, where nothing stands beside it that a write may spoil: that can end the test program.
func flawedAlone(f flaw) func(*rapid.T) {
	alone := freeListClaims
	alone.ThreadSafe = false
	return ConformCheck(newFreeList[Pointerful](f), alone)
}

func TestFlawedFreeList(t *testing.T) {
	for f, name := range map[flaw]string{
		hoards: "hoards", oneOfMany: "one of many", dirty: "dirty", keepsTwice: "keeps twice",
		losesWhenFull: "loses when full", trimsAllButOne: "trims all but one", growsOver: "grows over",
		forgetsCuts: "forgets cuts", swallows: "swallows",
	} {
		t.Run(name, func(t *testing.T) {
			if race.Enabled && f == growsOver {
				t.Skip("such a conversion ends a test with checkptr")
			}
			message, checks, _ := caught(t, flawedAlone(f), briefly)
			t.Logf("after %d checks: %s", checks, message)
		})
	}
}

var unlocked = map[flaw]string{
	unlockedTrim: "Trim", unlockedResize: "Resize", unlockedRelease: "Release", unlockedOwns: "Owns",
}

// flawsAsked names the environment variable that has TestUnlockedFreeList run a
// flaw without expecting it.
const flawsAsked = "HEIRLOOM_PROPTEST_FLAW"

// The race detector finds what takes no lock. It ends a test that has a race, so
// the test runs itself in another process for that.
func TestUnlockedFreeList(t *testing.T) {
	if !race.Enabled {
		t.Skip("it is for the race detector to see")
	}
	for f, name := range unlocked {
		t.Run(name, func(t *testing.T) {
			if os.Getenv(flawsAsked) != "" {
				rapid.Check(t, flawed(f))
				return
			}
			run := exec.Command(os.Args[0], "-test.run=^TestUnlockedFreeList$/^"+name+"$", "-rapid.checks=1000", "-rapid.nofailfile")
			run.Env = append(os.Environ(), flawsAsked+"=1", "GORACE=halt_on_error=1")
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "DATA RACE") {
				t.Errorf("no race is found, error %v:\n%s", err, out)
			}
		})
	}
}
