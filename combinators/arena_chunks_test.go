package combinators_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A block in a chunk of its own is the last one in it: its storage serves the
// next request, and Trim gives it back.
func TestArenaReleasesTheLastOfAnyChunk(t *testing.T) {
	const large = 1 << 20
	parent := newSource[byte](t)
	a := combinators.NewArena(parent, 4096)
	kept := take(t, a, 1)
	for range 100 {
		a.Deallocate(take(t, a, large))
	}
	if live := parent.count - 4096; live != large {
		t.Errorf("the parent has %d values out for blocks of %d", live, large)
	}
	a.Deallocate(kept)
	a.Trim()
	if parent.count != 0 {
		t.Errorf("%d values are not back with the parent", parent.count)
	}
}

// So it can become smaller and grow back.
func TestArenaGrowsTheLastOfAnyChunk(t *testing.T) {
	a := combinators.NewArena(heap[int](), 10)
	blocks := [][]int{take(t, a, 10), take(t, a, 100), take(t, a, 1)}
	for i, s := range blocks[:2] {
		size := len(s)
		s, ok := a.Resize(s, 3)
		if !ok || len(s) != 3 {
			t.Fatalf("block %d did not become smaller", i)
		}
		if s, ok = a.Resize(s, size); !ok || len(s) != size || !same(s, blocks[i]) {
			t.Fatalf("block %d did not grow back", i)
		}
		if _, ok = a.Resize(s, size+1); ok {
			t.Fatalf("block %d grew beyond its chunk", i)
		}
	}
}

// The chunks grow even if each request is for more than the next one has.
func TestArenaGrowsWhateverTheRequest(t *testing.T) {
	for _, first := range []int{1, 99, 100, 101} {
		parent := newSource[byte](t)
		a := combinators.NewArena(parent, first)
		for range 10_000 {
			take(t, a, 100)
		}
		if len(parent.asked) > 22 {
			t.Errorf("first = %d: %d requests to the parent", first, len(parent.asked))
		}
		if parent.count > 3_000_000 {
			t.Errorf("first = %d: %d values for a million", first, parent.count)
		}
	}
}

func TestArenaSeesBlocksThatAreFree(t *testing.T) {
	for name, build := range map[string]func() allocator.Allocator[int]{
		"Region": func() allocator.Allocator[int] { return combinators.NewRegion(heap[int](), 1000) },
		"Arena":  func() allocator.Allocator[int] { return combinators.NewArena(heap[int](), 10) },
	} {
		for _, n := range []int{1, 3, 10, 100} { // with others, filling a chunk, in one of its own
			a := build()
			kept := take(t, a, 1)
			s := take(t, a, n)
			a.Deallocate(s)
			for _, size := range []int{1, n, n + 1} {
				e := misuse(func() { a.(allocator.Resizer[int]).Resize(s, size) })
				if e == nil || e.Problem != "resized, and it is not a block that is handed out" {
					t.Errorf("%s: Resize of a released block of %d to %d: panic is %v", name, n, size, e)
				}
			}
			if e := misuse(func() { a.Deallocate(s) }); e == nil || e.Problem != "released twice" {
				t.Errorf("%s: second release of a block of %d: panic is %v", name, n, e)
			}
			a.Deallocate(kept)
		}
	}
}

// A second release is also found if the block was the last one of an older chunk, or was
// released with all others.
func TestArenaSeesBlocksOfAnyChunkThatAreFree(t *testing.T) {
	a := combinators.NewArena(heap[int](), 4)
	first, last := take(t, a, 2), take(t, a, 2)
	m := a.Mark()
	take(t, a, 5)
	a.Deallocate(last)
	if !rewindPanics(a, m) {
		t.Error("a mark is not void after the release of the block below it")
	}
	after := a.Mark()
	released := take(t, a, 1)
	a.Mark()
	a.Rewind(after)
	free := map[string][]int{"last of its chunk": last, "released by Rewind": released}
	check := func() {
		for name, s := range free {
			if e := misuse(func() { a.Deallocate(s) }); e == nil || e.Problem != "released twice" {
				t.Errorf("a block that is %s and free is released: panic is %v", name, e)
			}
		}
	}
	check()
	a.Reuse()
	free["in an older chunk"] = first
	check()
	a = combinators.NewArena(heap[int](), 4)
	free = map[string][]int{"in the chunk in use": take(t, a, 1)}
	a.Reuse()
	check()
}

// A chunk whose parent can make it larger is not left.
func TestArenaGrowsItsChunkInPlace(t *testing.T) {
	slab := combinators.NewSlab(heap[int](), 1000)
	counts := combinators.NewStats(slab)
	a := combinators.NewArena(counts, 4)
	first := take(t, a, 4)
	for range 100 {
		take(t, a, 5)
	}
	if n := counts.Counts().Total; n != 1 {
		t.Errorf("%d chunks, where one could grow", n)
	}
	last := take(t, a, 1)
	if last, ok := a.Resize(last, 400); !ok || len(last) != 400 {
		t.Error("the last block did not grow, where its chunk could")
	}
	before := counts.Counts().LiveBytes
	if _, ok := a.Resize(first, 450); ok {
		t.Error("grew into another block")
	}
	if now := counts.Counts().LiveBytes; now != before {
		t.Errorf("the chunk has %d bytes now, and had %d, though no block grew", now, before)
	}
	if _, err := a.Allocate(1000); !errors.Is(err, allocator.ErrExhausted) && !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate(1000): error %v", err)
	}
	a.Reset()
	take(t, slab, 1000)
}

// When the parent has no other chunk, what it can add to this one still serves
// a request.
func TestArenaGrowsItsChunkByTheLittleThereIs(t *testing.T) {
	slab := combinators.NewSlab(heap[int](), 10)
	a := combinators.NewArena(slab, 8)
	take(t, a, 7)
	take(t, a, 3)
	if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("error %v, want ErrExhausted", err)
	}
	b := combinators.NewArena(combinators.NewSlab(heap[int](), 10), 8)
	s := take(t, b, 8)
	if s, ok := b.Resize(s, 10); !ok || len(s) != 10 {
		t.Error("the last block did not grow by what there is")
	}
}

// A chunk that the parent made larger does not change what the parent is asked for next: twice
// the size of the chunk that was asked for last.
func TestArenaAsksForTwiceTheLastChunk(t *testing.T) {
	for name, fill := range map[string]func(a *combinators.Arena[int]){
		"Allocate": func(a *combinators.Arena[int]) { take(t, a, 7); take(t, a, 3) },
		"Resize":   func(a *combinators.Arena[int]) { a.Resize(take(t, a, 8), 10) },
	} {
		parent := &asking{Slab: combinators.NewSlab(heap[int](), 10)}
		a := combinators.NewArena(parent, 8)
		fill(a)
		parent.asked = nil
		if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) || len(parent.asked) == 0 || parent.asked[0] != 16 {
			t.Errorf("%s made the first chunk larger: then the parent is asked for %v, error %v; want 16 at first", name, parent.asked, err)
		}
	}
}

// Where the parent makes the chunk larger, it is asked for twice as much the next time.
func TestArenaGrowsItsChunkByTwiceAsMuch(t *testing.T) {
	parent := &asking{Slab: combinators.NewSlab(heap[int](), 1000)}
	a := combinators.NewArena(parent, 10)
	for range 10 + 20 + 1 {
		take(t, a, 1)
	}
	if diff := cmp.Diff([]int{10 + 20, 10 + 20 + 40}, parent.resized); diff != "" {
		t.Errorf("sizes that the chunk is to have (-want +got):\n%s", diff)
	}
}

// A chunk that the parent makes larger than it has to be is used up to its end.
func TestArenaUsesAllThatItsChunkGrewBy(t *testing.T) {
	parent := &asking{Slab: combinators.NewSlab(heap[int](), 16)}
	a := combinators.NewArena(combinators.NewQuantizer(parent, eights), 8)
	take(t, a, 1)
	take(t, a, 9) // there is no other chunk for it, and of 10 values the parent makes 16
	parent.asked, parent.resized = nil, nil
	take(t, a, 6)
	if parent.asked != nil || parent.resized != nil {
		t.Errorf("for what its chunk has room for, it asks for %v, and for a chunk of %v", parent.asked, parent.resized)
	}
}

// The parent is not asked to make room for what can never be.
func TestArenaGrowsToNoImpossibleSize(t *testing.T) {
	parent := &asking{Slab: combinators.NewSlab(heap[int](), 10)}
	a := combinators.NewArena(parent, 8)
	s := take(t, a, 8)
	if _, ok := a.Resize(s, math.MaxInt); ok || parent.resized != nil {
		t.Errorf("Resize to %d: %t; the parent is asked for %v", math.MaxInt, ok, parent.resized)
	}
}

// An asking is a Slab that records what it is asked for.
type asking struct {
	*combinators.Slab[int]
	asked, resized []int
}

func (a *asking) Resize(s []int, n int) ([]int, bool) {
	a.resized = append(a.resized, n)
	return a.Slab.Resize(s, n)
}

func (a *asking) Allocate(n int) ([]int, error) {
	a.asked = append(a.asked, n)
	return a.Slab.Allocate(n)
}

// A chunk grows for its last block alone, and by no more than the request.
func TestArenaGrowsItsChunkByTheRequest(t *testing.T) {
	slab := combinators.NewLimit(combinators.NewSlab(heap[int](), 1000), 1000)
	a := combinators.NewArena(slab, 10)
	first := take(t, a, 5)
	if _, ok := a.Resize(take(t, a, 2), 5); !ok || slab.Live() != 10 {
		t.Errorf("a block became as large as its chunk allows: %t; the chunk has %d values, want 10", ok, slab.Live())
	}
	if _, ok := a.Resize(first, 20); ok || slab.Live() != 10 {
		t.Errorf("a block with another one behind it grew: %t; the chunk has %d values, want 10", ok, slab.Live())
	}
	a.Reset()
	a = combinators.NewArena(slab, 100)
	if s, ok := a.Resize(take(t, a, 100), 250); !ok || len(s) != 250 || slab.Live() > 100+250 {
		t.Errorf("a block of 100 became 250: %t; the chunk has %d values, want no more than both", ok, slab.Live())
	}
	a.Reset()
	a = combinators.NewArena(slab, 10)
	take(t, a, 10)
	take(t, a, 1)
	if slab.Live() != 10+20 {
		t.Errorf("a full chunk of 10 has become one of %d values, want one of another 20", slab.Live())
	}
}

// generous gives more than it is asked for.
type generous[T any] struct{ *source[T] }

func (p generous[T]) Allocate(n int) ([]T, error) {
	if n < 2 {
		return p.source.Allocate(n)
	}
	s, err := p.source.Allocate(n + n/2)
	return s[:min(n, len(s))], err
}

// What a parent gives beyond the request is used by an Arena, and goes back with
// the rest.
func TestParentThatGivesMore(t *testing.T) {
	parent := generous[int]{newSource[int](t)}
	a := combinators.NewArena(parent, 10)
	for range 15 {
		take(t, a, 1)
	}
	region := combinators.NewRegion(parent, 10)
	for range 10 {
		take(t, region, 1)
	}
	if _, err := region.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("a region beyond its capacity: error %v, want ErrExhausted", err)
	}
	if diff := cmp.Diff([]int{15, 15}, parent.asked); diff != "" {
		t.Errorf("what the parent gave (-want +got):\n%s", diff)
	}
	a.Reset()
	region.Reset()
	region.Trim()
	if parent.count != 0 {
		t.Errorf("%d values are not back with the parent", parent.count)
	}
}

// When the parent gives more than it was asked for, the next chunk is twice as large as
// what it gave.
func TestArenaDoublesWhatItGot(t *testing.T) {
	for _, n := range []int{1, 10} { // less than a chunk, and as much
		parent := generous[int]{newSource[int](t)}
		a := combinators.NewArena(parent, 10)
		for range 15/n + 1 {
			take(t, a, n)
		}
		if diff := cmp.Diff([]int{15, 45}, parent.asked); diff != "" {
			t.Errorf("what the parent gave for blocks of %d (-want +got):\n%s", n, diff)
		}
	}
}

// A round that needs much does not cost memory for ever.
func TestArenaKeepsAtMost(t *testing.T) {
	const keep = 1000
	parent := newSource[*int](t)
	a := combinators.NewArena(parent, 4)
	a.Keep = keep
	round := func(n int) {
		for range n {
			take(t, a, 1)
		}
		a.Reuse()
	}
	round(keep)
	if parent.count != keep {
		t.Errorf("%d values kept after a round of %d, of which all may be kept", parent.count, keep)
	}
	for _, burst := range []int{keep + 1, 64 * keep} {
		round(burst)
		if parent.count > keep {
			t.Errorf("%d values kept after a round of %d, want %d at most", parent.count, burst, keep)
		}
		round(keep) // the chunks fit again after one round
		asked := len(parent.asked)
		for range 5 {
			round(keep)
		}
		if got := parent.asked[asked:]; len(got) != 0 {
			t.Errorf("the parent is asked for %v in rounds for which enough is kept", got)
		}
	}
	asked := len(parent.asked)
	round(2 * keep)
	if largest := slices.Max(parent.asked[asked:]); largest > 2*keep {
		t.Errorf("after a burst the parent is asked for %d values at once", largest)
	}
	a.Trim()
	if parent.count != 0 {
		t.Errorf("%d values are not back with the parent", parent.count)
	}
}

// Chunks do not double while Keep bounds them, however often they come and go.
func TestArenaDoublesNoBoundedChunk(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 1000
	a := combinators.NewArena(parent, 4)
	a.Keep = 10
	for range 100 {
		a.Deallocate(take(t, a, 3))
		a.Trim()
	}
	for range 20 { // of which Keep would keep a part
		take(t, a, 3)
	}
	if largest := slices.Max(parent.asked); largest > 100 {
		t.Errorf("the parent was asked for %d values at once", largest)
	}
}

// Also of a chunk that the parent made larger no more is kept.
func TestArenaKeepsAtMostWhereAChunkGrows(t *testing.T) {
	parent := combinators.NewLimit(combinators.NewSlab(heap[int](), 1000), 1000)
	a := combinators.NewArena(parent, 10)
	a.Keep = 20
	for range 21 {
		take(t, a, 1)
	}
	if parent.Live() < 21 {
		t.Fatalf("the parent has %d values out for 21", parent.Live())
	}
	a.Reuse()
	if parent.Live() > a.Keep {
		t.Errorf("%d values kept, want %d at most", parent.Live(), a.Keep)
	}
}

// The largest chunk goes first, wherever it is.
func TestArenaKeepsSmallChunks(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewArena(parent, 4)
	a.Keep = 10
	take(t, a, 1)
	take(t, a, 100)
	a.Reuse()
	if parent.count != 4 {
		t.Errorf("of chunks of 4 and of 100, %d values are kept, want the 4", parent.count)
	}
}

// An Arena may keep as little as one value.
func TestArenaKeepsOne(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewArena(parent, 4)
	a.Keep = 1
	take(t, a, 100)
	a.Reuse()
	if parent.count > 1 {
		t.Errorf("%d values kept, want 1 at most", parent.count)
	}
}

// What there is just room for is kept, and the chunks go on to double.
func TestArenaKeepsAllItMay(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewArena(parent, 4)
	a.Keep = 4 + 8
	for _, n := range []int{12, 13, 13} {
		for range n {
			take(t, a, 1)
		}
		a.Reuse()
		if parent.count != a.Keep {
			t.Errorf("%d values kept after a round of %d, want %d", parent.count, n, a.Keep)
		}
	}
	// After the chunk of 16 was given back, the next one is as large as all that is kept.
	if diff := cmp.Diff([]int{4, 8, 16, 12}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}
