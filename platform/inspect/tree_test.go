package inspect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/platform/inspect"
)

// spell draws a layer as one line a layer, with its figures.
func spell(l layer) string {
	var lines []string
	var walk func(l layer, depth string)
	walk = func(l layer, depth string) {
		line := depth + l.Name
		if len(l.Arguments) != 0 {
			line += " " + strings.Join(l.Arguments, "; ")
		}
		if l.Times != 0 {
			line += fmt.Sprint(" x", l.Times)
		}
		if l.Repeated {
			line += " repeated"
		}
		if c := l.Counts; c != nil {
			line += fmt.Sprintf(" live=%d peak=%d requests=%d refused=%d", c.Live, c.Peak, *l.Requests, c.Failures)
		}
		if l.PassedOn != nil {
			line += fmt.Sprint(" passed on=", *l.PassedOn)
		}
		lines = append(lines, line)
		for _, p := range l.Parents {
			walk(p, depth+"  ")
		}
	}
	walk(l, "")
	return strings.Join(lines, "\n") + "\n"
}

// tree returns how the page draws a.
func tree(t *testing.T, a any) string {
	t.Helper()
	var page inspect.Page
	page.AddAllocator("a", a)
	return spell(read(t, &page).Allocators[0].Allocator)
}

func round(n int) int { return (n + 7) &^ 7 }

func newInt() *int { return new(int) }

type mute struct{ allocator.Heap[int] }

func (mute) String() string { return "my allocator, (with; words" }

// stranger is a combinator of somebody else, which tells its parent, but prints
// otherwise.
type stranger struct{ allocator.Allocator[int] }

func (s *stranger) Parents() []any { return []any{s.Allocator} }
func (s *stranger) String() string { return "stranger" }

// cycle is its own parent.
type cycle struct{ allocator.Heap[int] }

func (c *cycle) Parents() []any { return []any{c} }
func (c *cycle) String() string { return "cycle" }

func TestTree(t *testing.T) {
	type parent = allocator.Allocator[int]
	heap := allocator.Heap[int]{}
	counted := combinators.NewStats[int](heap)
	shared := combinators.NewLimit[int](heap, 100)
	for name, c := range map[string]struct {
		a    any
		want string
	}{
		"source": {heap, `
Heap[int]`},
		"chain": {combinators.NewThreadSafe(combinators.NewRecycling[int](heap, 64)), `
ThreadSafe
  Recycling 64
    Heap[int]`},
		"type with brackets": {allocator.Heap[func(a, b int) (map[string]int, error)]{}, `
Heap[func(int, int) (map[string]int, error)]`},
		"string": {combinators.NewTrace[int](heap, `a "(b), c`), `
Trace "a \"(b), c"
  Heap[int]`},
		"function": {combinators.NewQuantizer[int](heap, round), `
Quantizer inspect_test.round
  Heap[int]`},
		"two parents": {combinators.NewFallback(combinators.NewSlab[int](heap, 8), allocator.Null[int]{}), `
Fallback
  Slab 8
    Heap[int]
  Null[int]`},
		"the same twice": {combinators.NewSegregator(shared, shared, 8), `
Segregator 8
  Limit 100
    Heap[int]
  Limit 100 repeated`},
		"the same counts for two": {combinators.NewSegregator[int](counted, combinators.NewSlab(counted, 8), 8), `
Segregator 8
  Stats live=0 peak=0 requests=0 refused=0
    Heap[int]
  Slab 8
    Stats repeated live=0 peak=0 requests=0 refused=0`},
		"buckets": {combinators.NewBuckets(8, 32, 8, func(n int) parent { return combinators.NewSlab[int](heap, 1000*(1+n/24)) }), `
Buckets 8; 32; 8
  Slab 1000 x2
    Heap[int]
  Slab 2000 x2
    Heap[int]`},
		"buckets that count": {combinators.NewBuckets(8, 16, 8, func(int) parent { return combinators.NewStats[int](heap) }), `
Buckets 8; 16; 8 passed on=0
  Stats live=0 peak=0 requests=0 refused=0
    Heap[int]
  Stats live=0 peak=0 requests=0 refused=0
    Heap[int]`},
		"budget": {combinators.NewBudgeted[int](heap, combinators.NewBudget(64)), `
Budgeted
  Heap[int]
  Budget 64`},
		"nothing leads to it": {combinators.NewCascade(func(int) parent { return combinators.NewSlab[int](heap, 8) }), `
Cascade
  Slab 8
    Heap[int]`},
		"zero value": {new(combinators.SingleSlot[int]), `
SingleSlot
  Heap[int]`},
		"not an allocator": {combinators.NewObjects(newInt, 8), `
Objects inspect_test.newInt; 8`},
		"scope": {combinators.For[int](new(combinators.Scope)), `
For[int] Scope`},
		"words": {combinators.NewZeroed[int](mute{}), `
Zeroed(my allocator, (with; words)
  my allocator, (with; words`},
		"not printed": {&stranger{combinators.NewStats[int](heap)}, `
stranger passed on=0
  Stats live=0 peak=0 requests=0 refused=0
    Heap[int]`},
		"cycle": {new(cycle), `
cycle
  cycle repeated`},
		"no String": {struct{}{}, `
struct {}`},
		"nil": {nil, `
<nil>`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want[1:]+"\n", tree(t, c.a)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", allocator.Describe(c.a), diff)
			}
		})
	}
}

// TestCounts has what a cache between two Stats misses, and what its parent refuses.
func TestCounts(t *testing.T) {
	below := combinators.NewStats(combinators.NewLimit[byte](allocator.Heap[byte]{}, 200))
	a := combinators.NewStats(combinators.NewThreadSafe(combinators.NewRecycling(below, 100)))
	var page inspect.Page
	page.AddAllocator("buffers", a)
	var blocks [][]byte
	for range 2 {
		for range 2 {
			s, err := a.Allocate(64)
			if err != nil {
				t.Fatal(err)
			}
			blocks = append(blocks, s)
		}
		a.Deallocate(blocks[0])
		blocks = blocks[1:]
	}
	want := `
Stats live=2 peak=3 requests=4 refused=0
  ThreadSafe
    Recycling 100 passed on=3
      Stats live=3 peak=3 requests=3 refused=0
        Limit 200
          Heap[uint8]
`
	if diff := cmp.Diff(want[1:], spell(read(t, &page).Allocators[0].Allocator)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := a.Allocate(150); err == nil {
		t.Fatal("the limit has been exceeded")
	}
	got := read(t, &page).Allocators[0].Allocator
	if got.Counts.Failures != 1 || *got.Requests != 5 {
		t.Errorf("a request that was refused:\n%s", spell(got))
	}
}
