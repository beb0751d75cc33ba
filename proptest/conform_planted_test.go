package proptest

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// The suite is tested with allocators that have the faults that allocators
// have: of each, which property finds it.
func TestPlantedFaults(t *testing.T) {
	type words = [3]uintptr
	for _, c := range []struct {
		name string
		find Property
		fault
		or []Property // what may find it first, depending on what is drawn
	}{
		{name: "good size below the request", find: goodSize, fault: planted(func(a *faulty[words]) { a.goodSize = func(n int) int { return n &^ 1 } }, Claims{})},
		{name: "one value with room for two", find: rightSize, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				if n < 1 || allocator.CheckSize[words](n) != nil {
					return a.parent.Allocate(n)
				}
				s, err := a.parent.Allocate(n + 1)
				if err != nil {
					return nil, err
				}
				return s[:n], nil
			}
		}, Claims{})},
		{name: "the length is the room", find: rightSize, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				if n < 2 || allocator.CheckSize[words](n) != nil {
					return a.parent.Allocate(n)
				}
				return a.parent.Allocate(n + n&1)
			}
		}, Claims{})},
		{name: "the room is that of the next block", find: disjoint, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return &bump[words]{parent: p, capacity: 64, roomy: true}
		}, bumpClaims)},
		{name: "only the length is cleared", find: noStalePointers, fault: planted(func(a *faulty[Pointerful]) {
			recycle(a, func([]Pointerful) bool { return true })
			keep := a.deallocate
			a.deallocate = func(s []Pointerful) {
				clear(s)
				keep(s)
			}
		}, Claims{}), or: []Property{keepsNothingAlive}},
		{name: "blocks overlap in part", find: disjoint, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return &bump[words]{parent: p, capacity: 64, advance: func(n int) int { return max(1, n-1) }}
		}, bumpClaims)},
		{name: "a block lies inside another", find: disjoint, fault: planted(func(a *faulty[words]) {
			var whole []words
			a.allocate = func(n int) ([]words, error) {
				if n == 1 && len(whole) > 4 {
					return whole[2:3:3], nil
				}
				s, err := a.parent.Allocate(n)
				whole = s
				return s, err
			}
			a.deallocate = func(s []words) {
				if len(whole) > 4 && cap(s) == 1 && address(s) == address(whole[2:]) {
					return
				}
				whole = nil
				a.parent.Deallocate(s)
			}
		}, Claims{})},
		{name: "alignment that is not kept", find: aligned, fault: planted(func(*faulty[words]) {}, Claims{Alignment: 1 << 12})},
		{name: "a release clears a live block", find: contents, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			b := &bump[words]{parent: p, capacity: 64}
			b.release = func(s []words, i int) {
				if end := i + cap(s); end < b.used {
					clear(b.block[end : end+1])
				}
			}
			return b
		}, bumpClaims)},
		{name: "a failing request moves the cursor", find: failureChangesNothing, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return &bump[words]{parent: p, capacity: 64, moveFirst: true}
		}, bumpClaims)},
		{name: "owns nothing", find: owns, fault: planted(func(a *faulty[words]) { a.owns = func([]words) bool { return false } }, Claims{})},
		{name: "owns everything", find: ownsNothingForeign, fault: planted(func(a *faulty[words]) { a.owns = func(s []words) bool { return cap(s) != 0 } }, Claims{})},
		{name: "resize moves the block", find: resizesInPlace, fault: planted(func(a *faulty[words]) {
			a.resize = func(s []words, n int) ([]words, bool) {
				if n < 1 || n > largest[words]() {
					return nil, false
				}
				r, err := a.parent.Allocate(n)
				if err != nil {
					return nil, false
				}
				copy(r, s[:cap(s)])
				a.parent.Deallocate(s)
				return r, true
			}
		}, Claims{})},
		{name: "capacity counted twice", find: holdsItsCapacity, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return combinators.NewLimit(p, 5)
		}, Claims{Capacity: 10})},
		{name: "zero only the first time", find: zeroed, fault: planted(func(a *faulty[words]) {
			recycle(a, func([]words) bool { return true })
			fresh := a.allocate
			seen := map[uintptr]bool{}
			a.allocate = func(n int) ([]words, error) {
				s, err := fresh(n)
				if err == nil && !seen[address(s)] {
					seen[address(s)] = true
					clear(s)
				}
				return s, err
			}
		}, Claims{Zeroed: true})},
		{name: "capacity lost in allocation order", find: allComesBack, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return &places[words]{parent: p, count: 8, lose: func(i, last int) bool { return i == last+1 }}
		}, Claims{Capacity: 8})},
		{name: "a full one stays full", find: oneForOne, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			a := &places[words]{parent: p, count: 8}
			a.stuck = func(free int) bool { return free == 1 && a.wasFull }
			return a
		}, Claims{Capacity: 8})},
		{name: "reset forgets a value", find: resetRestores, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return &bump[words]{parent: p, capacity: 16, resetTo: 1}
		}, Claims{MayRefuse: true, UntilReset: true})},
		{name: "the parent gets the requested size", find: parentGetsItsBlocks, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				if n < 1 || allocator.CheckSize[words](n) != nil {
					return a.parent.Allocate(n)
				}
				s, err := a.parent.Allocate(n + n&1)
				if err != nil {
					return nil, err
				}
				return s[:n:n], nil
			}
		}, Claims{})},
		{name: "fallback frees to the wrong child", find: rightChild, fault: onTwo(func(p, q allocator.Allocator[words]) allocator.Allocator[words] {
			return &faulty[words]{parent: p, allocate: func(n int) ([]words, error) {
				if s, err := p.Allocate(n); err == nil {
					return s, nil
				}
				return q.Allocate(n)
			}}
		})},
		{name: "segregator frees by another threshold", find: rightChild, fault: onTwo(func(p, q allocator.Allocator[words]) allocator.Allocator[words] {
			return &faulty[words]{
				allocate: func(n int) ([]words, error) {
					if n <= 4 {
						return p.Allocate(n)
					}
					return q.Allocate(n)
				},
				deallocate: func(s []words) {
					if cap(s) < 4 {
						p.Deallocate(s)
					} else {
						q.Deallocate(s)
					}
				},
			}
		})},
		{name: "trim gives up live storage", find: withinParent, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return &bump[words]{parent: p, capacity: 64, trimAlways: true}
		}, bumpClaims), or: []Property{contents, parentGetsItsBlocks}},
		{name: "a limit that is off by one", find: neverBeyondCapacity, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return combinators.NewLimit(p, 11)
		}, Claims{Capacity: 10})},
		{name: "reset leaves the cursor in freed memory", find: withinParent, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return &bump[words]{parent: p, capacity: 64, resetFrees: true}
		}, bumpClaims), or: []Property{parentGetsItsBlocks}},
		{name: "storage from elsewhere", find: withinParent, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				if n == 3 {
					return make([]words, n), nil
				}
				return a.parent.Allocate(n)
			}
			a.deallocate = func(s []words) {
				if cap(s) != 3 {
					a.parent.Deallocate(s)
				}
			}
		}, Claims{}), or: []Property{noLeak, allComesBack}}, // the parent may give three values, too
		{name: "the size in bytes overflows", find: hugeSize, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				if n < 1 {
					return a.parent.Allocate(n)
				}
				bytes := uint(n) * uint(unsafe.Sizeof(words{}))
				s, err := a.parent.Allocate(int(bytes / uint(unsafe.Sizeof(words{}))))
				if err != nil {
					return nil, err
				}
				return s[:n], nil
			}
		}, Claims{})},
		{name: "a full cache drops the released block", find: noLeak, fault: planted(func(a *faulty[words]) {
			kept := 0
			a.deallocate = func(s []words) {
				if kept++; kept < 3 {
					a.parent.Deallocate(s)
				}
			}
		}, Claims{}), or: []Property{allComesBack, oneForOne, usableAfterTrim}},
		{name: "a double release goes unseen", find: misusePanics, fault: planted(func(*faulty[words]) {}, Claims{SeesDoubleRelease: true})},
		{name: "every round keeps a little", find: flat, fault: planted(func(a *faulty[words]) {
			a.deallocate = func([]words) {}
		}, Claims{Keeps: math.MaxInt}), or: []Property{allComesBack, usableAfterTrim, oneForOne}},
		{name: "a pointee lost in bytes", find: survivesCollection, fault: single(func(allocator.Allocator[Pointerful]) allocator.Allocator[Pointerful] {
			return &faulty[Pointerful]{parent: allocator.Heap[Pointerful]{}, allocate: func(n int) ([]Pointerful, error) {
				if n < 1 || n > 1000 {
					return allocator.Null[Pointerful]{}.Allocate(n)
				}
				storage := make([]uint64, (uintptr(n)*unsafe.Sizeof(Pointerful{})+7)/8)
				return unsafe.Slice((*Pointerful)(unsafe.Pointer(&storage[0])), n), nil
			}}
		}, Claims{OwnStorage: true, MayRefuse: true})},
		{name: "a kept block keeps its pointee", find: keepsNothingAlive, fault: planted(func(a *faulty[Pointerful]) {
			recycle(a, func([]Pointerful) bool { return true })
			dirty := a.allocate
			a.allocate = func(n int) ([]Pointerful, error) {
				s, err := dirty(n)
				clear(s[:cap(s)]) // too late
				return s, err
			}
		}, Claims{})},
		{name: "a kept block is handed out with its pointers", find: noStalePointers, fault: planted(func(a *faulty[Pointerful]) {
			recycle(a, func(s []Pointerful) bool { return cap(s) < 3 })
		}, Claims{}), or: []Property{keepsNothingAlive}},
		{name: "nothing takes storage", find: emptyBlock, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				if n == 0 {
					s, err := a.parent.Allocate(1)
					if err != nil {
						return nil, err
					}
					return s[:0], nil
				}
				return a.parent.Allocate(n)
			}
		}, Claims{})},
		{name: "less than nothing panics", find: negativeSize, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				if n > 1<<20 {
					return a.parent.Allocate(n)
				}
				s := make([]words, n)
				_ = s
				return a.parent.Allocate(n)
			}
		}, Claims{})},
		{name: "an error of its own", find: errorValues, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				s, err := a.parent.Allocate(n)
				if errors.Is(err, allocator.ErrExhausted) {
					return nil, errors.New("out of memory")
				}
				return s, err
			}
		}, Claims{})},
		{name: "a table that is too short", find: noPanic, fault: planted(func(a *faulty[words]) {
			var table [12]int
			a.deallocate = func(s []words) {
				if cap(s) != 0 {
					table[cap(s)]++
				}
				a.parent.Deallocate(s)
			}
		}, Claims{})},
		{name: "refuses what there is", find: serves, fault: planted(func(a *faulty[words]) {
			live := 0
			a.allocate = func(n int) ([]words, error) {
				if live > 4 && n > 0 && allocator.CheckSize[words](n) == nil {
					return nil, allocator.ErrExhausted
				}
				s, err := a.parent.Allocate(n)
				if err == nil && n > 0 {
					live++
				}
				return s, err
			}
		}, Claims{})},
		{name: "exhausted is called too large", find: tooLargeIsForever, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				s, err := a.parent.Allocate(n)
				if errors.Is(err, allocator.ErrExhausted) {
					err = allocator.ErrTooLarge
				}
				return s, err
			}
		}, Claims{})},
		{name: "written to after it went back", find: handsOff, fault: planted(func(a *faulty[words]) {
			a.deallocate = func(s []words) {
				a.parent.Deallocate(s)
				if cap(s) == 2 {
					s[:2][1][2] = 7 // a list pointer, say
				}
			}
		}, Claims{})},
		{name: "an error that is swallowed", find: faultSurfaces, fault: planted(func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				s, err := a.parent.Allocate(n)
				if errors.Is(err, allocator.ErrExhausted) {
					err = nil
				}
				return s, err
			}
		}, Claims{})},
		{name: "trim leaves it unusable", find: usableAfterTrim, fault: planted(func(a *faulty[words]) {
			trimmed := false
			a.trim = func() { trimmed = true }
			a.allocate = func(n int) ([]words, error) {
				if trimmed && n > 0 && allocator.CheckSize[words](n) == nil {
					return nil, allocator.ErrExhausted
				}
				return a.parent.Allocate(n)
			}
		}, Claims{MayRefuse: true})},
		{name: "what resize cuts off keeps its pointee", find: keepsNothingAlive, fault: single(func(p allocator.Allocator[Pointerful]) allocator.Allocator[Pointerful] {
			b := &bump[Pointerful]{parent: p, capacity: 64}
			b.release = func(s []Pointerful, _ int) { clear(s[:cap(s)]) }
			b.shrink = true
			return b
		}, bumpClaims)},
		{name: "resize grows over the next block", find: disjoint, fault: single(func(p allocator.Allocator[words]) allocator.Allocator[words] {
			return &bump[words]{parent: p, capacity: 64, shrink: true, growOver: true}
		}, bumpClaims)},
	} {
		t.Run(c.name, func(t *testing.T) {
			message, checks, text := caught(t, c.alone, briefly)
			if !names(message, append(c.or, c.find)...) {
				t.Fatalf("found with %q, not with %v:\n%s", message, c.find, text)
			}
			// In a composition it may be found by what it does to others.
			_, among, _ := caught(t, c.among, "0")
			t.Logf("after %d checks, in a composition after %d: %s", checks, among, message)
		})
	}
}

// Without a fault none is found, whatever the leaf gives: what finds the faults
// is not too strict.
func TestNoFault(t *testing.T) {
	for name, f := range map[string]fault{
		"passes on": planted(func(*faulty[[3]uintptr]) {}, Claims{}),
		"recycles": planted(func(a *faulty[Pointerful]) {
			recycle(a, func([]Pointerful) bool { return true })
			keep := a.deallocate
			a.deallocate = func(s []Pointerful) {
				clear(s[:cap(s)])
				keep(s)
			}
		}, Claims{}),
		"bumps": single(func(p allocator.Allocator[uint64]) allocator.Allocator[uint64] {
			return &bump[uint64]{parent: p, capacity: 64}
		}, bumpClaims),
		"has places": single(func(p allocator.Allocator[uint64]) allocator.Allocator[uint64] {
			return &places[uint64]{parent: p, count: 8}
		}, Claims{Capacity: 8}),
	} {
		t.Run(name, func(t *testing.T) {
			testflag.Set(t, "rapid.checks", "30")
			rapid.Check(t, f.alone)
		})
	}
}

// An allocator that claims to be safe for several goroutines and is not: it
// looks and takes in two steps. Nothing here is a data race, but what its users
// do with the block that two of them get is, so the race detector would end the
// test.
func TestPlantedUnsafe(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector reports it first")
	}
	message, checks, text := caught(t, single(func(p allocator.Allocator[uint64]) allocator.Allocator[uint64] {
		below := combinators.NewThreadSafe(p)
		var kept atomic.Pointer[uint64]
		trim := func() {
			if p := kept.Swap(nil); p != nil {
				below.Deallocate(unsafe.Slice(p, 1))
			}
		}
		return &faulty[uint64]{
			parent: below,
			trim:   trim,
			allocate: func(n int) ([]uint64, error) {
				if p := kept.Load(); n == 1 && p != nil {
					runtime.Gosched()
					kept.Store(nil)
					return unsafe.Slice(p, 1), nil
				}
				s, err := below.Allocate(n)
				if errors.Is(err, allocator.ErrExhausted) {
					trim()
					s, err = below.Allocate(n)
				}
				return s, err
			},
			deallocate: func(s []uint64) {
				if cap(s) == 1 && kept.CompareAndSwap(nil, unsafe.SliceData(s)) {
					return
				}
				below.Deallocate(s)
			},
		}
	}, Claims{ThreadSafe: true, Keeps: 1}).alone, briefly)
	if !names(message, concurrent, noLeak, parentGetsItsBlocks) {
		t.Fatalf("found with %q, not with %v:\n%s", message, concurrent, text)
	}
	t.Logf("after %d checks: %s", checks, message)
}

// A claim to guard the parent that is not kept.
func TestPlantedUnguarded(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector reports it first")
	}
	message, checks, text := caught(t, planted(func(*faulty[uint64]) {}, Claims{ThreadSafe: true}).alone, briefly)
	if !names(message, concurrent) {
		t.Fatalf("found with %q, not with %v:\n%s", message, concurrent, text)
	}
	t.Logf("after %d checks: %s", checks, message)
}

func TestPlantedCosts(t *testing.T) {
	for _, c := range []struct {
		name   string
		find   Property
		claims Claims
		plant  func(a *faulty[uint64])
	}{
		{"an error is made anew", failureAllocatesNothing, Claims{}, func(a *faulty[uint64]) {
			a.allocate = func(n int) ([]uint64, error) {
				s, err := a.parent.Allocate(n)
				if err != nil {
					return nil, fmt.Errorf("no room for %d values: %w", n, err)
				}
				return s, nil
			}
		}},
		{"a block is made anew", steadyStateAllocatesNothing, Claims{SteadyState: true}, func(a *faulty[uint64]) {
			a.deallocate = func([]uint64) {}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{name: t.Name()}
			checkCosts(r, func(p allocator.Allocator[uint64]) allocator.Allocator[uint64] {
				a := &faulty[uint64]{parent: p}
				c.plant(a)
				return a
			}, c.claims)
			if !strings.HasPrefix(r.text.String(), c.find.String()+":") {
				t.Fatalf("found with %q, not with %v", r.text.String(), c.find)
			}
		})
	}
}
