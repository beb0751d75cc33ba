package proptest

import (
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// No misuse of a composition corrupts memory.
func TestMisuse(t *testing.T) {
	t.Run("pointers", testMisuse[Pointerful])
	t.Run("plain", testMisuse[uint64])
	t.Run("oneByte", testMisuse[byte])
	t.Run("threeWords", testMisuse[[3]uintptr])
}

// Each of these does one thing with what it is given that only a right release
// allows.
func TestPlantedMisuse(t *testing.T) {
	if race.Enabled {
		t.Skip("their conversions end a test with checkptr")
	}
	type words = [3]uintptr
	for _, c := range []struct {
		name  string
		plant func(a *faulty[words])
	}{
		{"takes a capacity up to its class", func(a *faulty[words]) {
			recycle(a, func([]words) bool { return true })
			exact, kept := a.deallocate, map[uintptr]int{}
			a.deallocate = func(s []words) {
				if cap(s) > 4 { // as if all such blocks were multiples of four
					kept[address(s)] = cap(s)
					s = unsafe.Slice(unsafe.SliceData(s), (cap(s)+3)&^3)
				}
				exact(s)
			}
		}},
		{"clears what it thinks was there", func(a *faulty[words]) {
			a.deallocate = func(s []words) {
				if cap(s) == 3 {
					clear(unsafe.Slice(unsafe.SliceData(s), 4))
				}
				a.parent.Deallocate(s)
			}
		}},
		{"grows what is not its own", func(a *faulty[words]) {
			a.resize = func(s []words, n int) ([]words, bool) {
				if n < 1 || n > 2*cap(s) {
					return nil, false
				}
				return unsafe.Slice(unsafe.SliceData(s), n), true
			}
		}},
		{"takes a part for the whole", func(a *faulty[words]) {
			given := map[uintptr][]words{}
			a.allocate = func(n int) ([]words, error) {
				s, err := a.parent.Allocate(n)
				if err == nil && n > 0 {
					given[address(s)] = s
				}
				return s, err
			}
			a.deallocate = func(s []words) {
				if whole, ok := given[address(s)]; ok {
					s = whole // right so far
				} else if whole, ok := given[address(s)-unsafe.Sizeof(words{})]; ok && cap(s) != 0 {
					s = whole // and this is not: the first value may be another's
				}
				a.parent.Deallocate(s)
			}
		}},
		{"panics with a text", func(a *faulty[words]) {
			var live int
			a.allocate = func(n int) ([]words, error) {
				s, err := a.parent.Allocate(n)
				live += cap(s)
				return s, err
			}
			a.deallocate = func(s []words) {
				if live -= cap(s); live < 0 {
					panic("more is released than was handed out")
				}
				a.parent.Deallocate(s)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			message, checks, text := caught(t, property(func(t *rapid.T) *found {
				return misuses(t, treeOf(userNode(Claims{}, func(p allocator.Allocator[words]) allocator.Allocator[words] {
					a := &faulty[words]{parent: p}
					c.plant(a)
					return a
				}), drawTree[words](t, 0)))
			}), briefly)
			if !names(message, misuseIsHarmless) {
				t.Fatalf("found with %q, not with %v:\n%s", message, misuseIsHarmless, text)
			}
			t.Logf("after %d checks: %s", checks, message)
		})
	}
}

func testMisuse[T any](t *testing.T) {
	rapid.Check(t, property(func(t *rapid.T) *found {
		return misuses(t, drawTree[T](t, rapid.IntRange(0, 3).Draw(t, "height")))
	}))
}
