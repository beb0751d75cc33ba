package proptest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// Every composition survives each failure below it.
func TestFaultSweep(t *testing.T) {
	t.Run("pointers", testSweep[Pointerful])
	t.Run("plain", testSweep[uint64])
}

func testSweep[T any](t *testing.T) {
	rapid.Check(t, property(func(t *rapid.T) *found {
		return drawAndSweep(t, drawTree[T](t, rapid.IntRange(0, 3).Draw(t, "height")))
	}))
}

func TestPlantedSweeps(t *testing.T) {
	type words = [3]uintptr
	for _, c := range []struct {
		name  string
		find  Property
		plant func(a *faulty[words])
	}{
		{"an error that is swallowed", faultSurfaces, func(a *faulty[words]) {
			a.allocate = func(n int) ([]words, error) {
				s, _ := a.parent.Allocate(n)
				return s, nil
			}
		}},
		{"the first half is lost when the second fails", noLeak, func(a *faulty[words]) {
			headers := map[uintptr][]words{}
			a.allocate = func(n int) ([]words, error) {
				if n < 1 || allocator.CheckSize[words](n) != nil {
					return a.parent.Allocate(n)
				}
				header, err := a.parent.Allocate(1)
				if err != nil {
					return nil, err
				}
				s, err := a.parent.Allocate(n)
				if err != nil {
					return nil, err
				}
				headers[address(s)] = header
				return s, nil
			}
			a.deallocate = func(s []words) {
				if cap(s) != 0 {
					a.parent.Deallocate(headers[address(s)])
					delete(headers, address(s))
				}
				a.parent.Deallocate(s)
			}
		}},
		{"another course each time", repeatable, func(a *faulty[words]) {
			courses++
			calls := courses
			a.allocate = func(n int) ([]words, error) {
				if calls++; n > 0 && calls%3 == 0 {
					if s, err := a.parent.Allocate(n); err == nil {
						a.parent.Deallocate(s)
					}
				}
				return a.parent.Allocate(n)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			message, checks, text := caught(t, property(func(t *rapid.T) *found {
				drawOrder(t)
				return drawAndSweep(t, treeOf(userNode(Claims{}, func(p allocator.Allocator[words]) allocator.Allocator[words] {
					a := &faulty[words]{parent: p}
					c.plant(a)
					return a
				}), treeOf(leafNode[words]())))
			}), briefly)
			// The failure that is swallowed may be seen as an operation that
			// took something and failed.
			if !names(message, c.find, failureChangesNothing) {
				t.Fatalf("found with %q, not with %v:\n%s", message, c.find, text)
			}
			t.Logf("after %d checks: %s", checks, message)
		})
	}
}

// courses makes each allocator of a test another one.
var courses int
