package combinators_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleArena() {
	type node struct {
		Left, Right *node
		Word        string
	}
	chunks := combinators.NewStats(allocator.Heap[node]{})
	arena := combinators.NewArena(chunks, 64)
	insert := func(root **node, word string) {
		for *root != nil {
			if word < (*root).Word {
				root = &(*root).Left
			} else {
				root = &(*root).Right
			}
		}
		*root, _ = allocator.New(arena)
		(*root).Word = word
	}
	for range 1000 { // requests, each with a tree
		var root *node
		for _, word := range []string{"slab", "arena", "region"} {
			insert(&root, word)
		}
		arena.Reuse() // nobody has kept a node
	}
	fmt.Println("chunks for 3000 nodes:", chunks.Counts().Total)
	// Output: chunks for 3000 nodes: 1
}

func TestArenaGrows(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewArena(parent, 4)
	for range 4 + 8 + 16 {
		take(t, a, 1)
	}
	take(t, a, 40) // more than the 32 that come next: a chunk of its own
	take(t, a, 1)  // and so a regular one for this
	take(t, a, 63)
	if diff := cmp.Diff([]int{4, 8, 16, 40, 64}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

// A large block must not end the use of a chunk that has room.
func TestArenaKeepsUsingTheChunkWithMoreRoom(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewArena(parent, 10)
	take(t, a, 1)
	take(t, a, 100)
	take(t, a, 9)
	if diff := cmp.Diff([]int{10, 100}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

// After Reset the cursor must not be in a chunk that was given back.
func TestArenaResetLeavesTheChunks(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewArena(parent, 4)
	for range 3 {
		for range 20 {
			take(t, a, 1)
		}
		a.Reset()
		if parent.count != 0 {
			t.Fatalf("%d values are not back with the parent", parent.count)
		}
	}
	if diff := cmp.Diff([]int{4, 8, 16, 4, 8, 16, 4, 8, 16}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
	s := take(t, a, 1)
	if parent.live[&s[0]] != 4 {
		t.Error("the block is not from a chunk that the parent gave since")
	}
}

// A block that is used after Reset is one that nobody else has.
func TestArenaResetIsMemorySafe(t *testing.T) {
	a := combinators.NewArena(allocator.Heap[int]{}, 4)
	stale := take(t, a, 4)
	a.Reset()
	for range 100 {
		s := take(t, a, 4)
		s[0] = 1
		stale[0] = -1
		if s[0] != 1 {
			t.Fatal("the storage was handed out again")
		}
	}
}

// The parent clears what it gets back. In a Scope nobody does but the arena.
func TestArenaResetClearsWhatNobodyElseDoes(t *testing.T) {
	for _, c := range []struct {
		a       allocator.Allocator[*int]
		cleared bool
	}{
		{combinators.NewArena(newSource[*int](t), 4), false},
		{combinators.For[*int](new(combinators.Scope)), true},
	} {
		s := take(t, c.a, 1)
		s[0] = new(int)
		c.a.(allocator.Resetter).Reset()
		if cleared := s[0] == nil; cleared != c.cleared {
			t.Errorf("%v: Reset cleared its chunk itself: %t, want %t", c.a, cleared, c.cleared)
		}
	}
}

// Once the chunks that Reuse keeps are enough, the parent is not asked again.
func TestArenaReuse(t *testing.T) {
	parent := newSource[*int](t)
	a := combinators.NewArena(parent, 4)
	round := func() {
		for i := range 100 {
			s := take(t, a, 1+i*i%23)
			for k := range s {
				if s[k] != nil {
					t.Fatal("stale pointer")
				}
				s[k] = &parent.count
			}
		}
		a.Reuse()
	}
	for range 10 {
		round()
	}
	asked := len(parent.asked)
	for range 10 {
		round()
	}
	if len(parent.asked) != asked {
		t.Errorf("the parent was asked for %v after ten rounds", parent.asked[asked:])
	}
	if allocs := testing.AllocsPerRun(20, round); allocs != 0 {
		t.Errorf("%v allocations a round", allocs)
	}
	a.Trim()
	if parent.count != 0 {
		t.Errorf("%d values are not back with the parent", parent.count)
	}
}

// An empty chunk that is too small for a request is there for the next one.
func TestArenaKeepsAnEmptyChunk(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewArena(parent, 4)
	take(t, a, 1)
	take(t, a, 5) // a chunk of 8, with less room left than there is in that of 4
	a.Reuse()
	take(t, a, 9) // a chunk of 16, with more
	take(t, a, 8)
	take(t, a, 7)
	take(t, a, 4)
	if diff := cmp.Diff([]int{4, 8, 16}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

func TestArenaAsksForHalf(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 100
	a := combinators.NewArena(parent, 64)
	take(t, a, 64)
	take(t, a, 1)
	parent.limit = 1000
	take(t, a, 32) // one more than there is room for: the next chunk is twice the last one
	if diff := cmp.Diff([]int{64, 128, 64, 32, 64}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

// The collector gets the chunks after Reset.
func TestArenaForgetsItsChunks(t *testing.T) {
	a := combinators.NewArena(heap[[64]byte](), 4)
	var collected sync.WaitGroup
	for range 5 {
		for range 2 { // the second time there is room for all in the lists
			func() {
				for n := range 5 {
					collected.Add(1)
					runtime.AddCleanup(&take(t, a, 4<<n)[0], func(wg *sync.WaitGroup) { wg.Done() }, &collected)
				}
			}()
			a.Reset()
		}
	}
	all := make(chan struct{})
	go func() {
		collected.Wait()
		close(all)
	}()
	awaitCollected(t, all)
	runtime.KeepAlive(a)
}

// It also gets a chunk whose blocks were released one by one, or that was in use again
// after a Rewind.
func TestArenaForgetsAChunk(t *testing.T) {
	for name, release := range map[string]func(a *combinators.Arena[[64]byte], s [][64]byte, m combinators.Mark){
		"Deallocate": func(a *combinators.Arena[[64]byte], s [][64]byte, m combinators.Mark) { a.Deallocate(s); a.Trim() },
		"Rewind":     func(a *combinators.Arena[[64]byte], s [][64]byte, m combinators.Mark) { a.Rewind(m); a.Reset() },
	} {
		t.Run(name, func(t *testing.T) {
			a := combinators.NewArena(heap[[64]byte](), 4)
			collected := make(chan struct{})
			func() {
				s := take(t, a, 4)
				runtime.AddCleanup(&s[0], func(c chan struct{}) { close(c) }, collected)
				m := a.Mark()
				take(t, a, 1)
				release(a, s, m)
			}()
			awaitCollected(t, collected)
			runtime.KeepAlive(a)
		})
	}
}

func TestArenaTakesLessBeforeItFails(t *testing.T) {
	for _, below := range []string{"limit", "slab"} {
		t.Run(below, func(t *testing.T) {
			parent := newSource[int](t)
			parent.limit = 100
			a := combinators.NewArena[int](parent, 64)
			if below == "slab" {
				a = combinators.NewArena(combinators.NewSlab(parent, 100), 64)
			}
			for range 100 {
				take(t, a, 1)
			}
			if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
				t.Errorf("Allocate(1) of 100 when they are out: error %v, want ErrExhausted", err)
			}
			if _, err := a.Allocate(101); !errors.Is(err, allocator.ErrTooLarge) {
				t.Errorf("Allocate(101) of 100: error %v, want ErrTooLarge", err)
			}
			a.Reuse()
			take(t, a, 100) // the kept chunks are all smaller
		})
	}
}

func TestArenaReleasesTheLast(t *testing.T) {
	a := combinators.NewArena(heap[int](), 10)
	s, r := take(t, a, 2), take(t, a, 3)
	a.Deallocate(r)
	if !same(take(t, a, 4), r) {
		t.Error("the storage of the last block was not free after its release")
	}
	far := take(t, a, 20)
	a.Deallocate(far)
	a.Deallocate(s)
}

// Chunks may lie side by side; blocks still don't grow from one into another.
func TestArenaGrowsWithinAChunk(t *testing.T) {
	slab := combinators.NewSlab(heap[int](), 100)
	a := combinators.NewArena(fixed[int]{slab}, 4)
	s, r := take(t, a, 4), take(t, a, 2)
	if _, ok := a.Resize(s, 5); ok {
		t.Fatal("grew into another chunk")
	}
	if s, _ = a.Resize(s, 3); len(s) != 3 || cap(s) != 3 {
		t.Fatal("did not become smaller")
	}
	if r, _ = a.Resize(r, 8); len(r) != 8 || cap(r) != 8 {
		t.Fatal("the last block did not grow")
	}
	if _, ok := a.Resize(r, 9); ok {
		t.Fatal("grew beyond its chunk")
	}
}

// fixed hides what its allocator can do beyond giving and taking.
type fixed[T any] struct{ allocator.Allocator[T] }

func TestArenaAsksForGoodSizes(t *testing.T) {
	parent := newCapableSource[int](t)
	a := combinators.NewArena(parent, 1)
	take(t, a, 1)
	take(t, a, 1)
	if diff := cmp.Diff([]int{2}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

func BenchmarkArena(b *testing.B) {
	benchmarkPair(b, "interface", combinators.NewArena(allocator.Heap[element]{}, 1000))
	benchmarkBuffer(b, "buffer=1500", combinators.NewArena(allocator.Heap[byte]{}, 1<<16), 1500)
	benchmarkPeers(b)
}

// BenchmarkBinaryTrees is the program of that name from the Computer Language
// Benchmarks Game: one tree that stays, and many that come and go. Its nodes
// are two pointers, the smallest that a tree can have.
func BenchmarkBinaryTrees(b *testing.B) {
	for _, depth := range []int{16, 18, 20} {
		b.Run(fmt.Sprintf("depth=%d/arena=reuse", depth), func(b *testing.B) {
			for range b.N {
				stay, pass := combinators.NewArena(allocator.Heap[tree]{}, 64), combinators.NewArena(allocator.Heap[tree]{}, 64)
				binaryTrees(b, depth, func(depth int) *tree { return grow(stay, depth) }, func(depth int) int {
					defer pass.Reuse()
					return grow(pass, depth).count()
				})
			}
		})
		b.Run(fmt.Sprintf("depth=%d/arena=reset", depth), func(b *testing.B) {
			for range b.N {
				stay, pass := combinators.NewArena(allocator.Heap[tree]{}, 64), combinators.NewArena(allocator.Heap[tree]{}, 64)
				binaryTrees(b, depth, func(depth int) *tree { return grow(stay, depth) }, func(depth int) int {
					defer pass.Reset()
					return grow(pass, depth).count()
				})
			}
		})
		b.Run(fmt.Sprintf("depth=%d/region", depth), func(b *testing.B) {
			for range b.N {
				stay, pass := combinators.NewRegion(allocator.Heap[tree]{}, 2<<depth), combinators.NewRegion(allocator.Heap[tree]{}, 4<<depth)
				binaryTrees(b, depth, func(depth int) *tree { return grow(stay, depth) }, func(depth int) int {
					defer pass.Reset()
					return grow(pass, depth).count()
				})
			}
		})
		b.Run(fmt.Sprintf("depth=%d/peer=new", depth), func(b *testing.B) {
			for range b.N {
				binaryTrees(b, depth, growNew, func(depth int) int { return growNew(depth).count() })
			}
		})
	}
}

type tree struct{ left, right *tree }

// binaryTrees makes one tree with stay, and with pass others that are counted
// and given up.
func binaryTrees(b *testing.B, depth int, stay func(depth int) *tree, pass func(depth int) int) {
	nodes := pass(depth + 1)
	long := stay(depth)
	want := 4<<depth - 1
	for d := 4; d <= depth; d += 2 {
		trees := 1 << (depth - d + 4)
		for range trees {
			nodes += pass(d)
		}
		want += trees * (2<<d - 1)
	}
	if nodes != want || long.count() != 2<<depth-1 {
		b.Fatalf("counted %d nodes, want %d", nodes, want)
	}
}

func grow(a allocator.Allocator[tree], depth int) *tree {
	t, err := allocator.New(a)
	if err != nil {
		panic(err)
	}
	if depth != 0 {
		t.left, t.right = grow(a, depth-1), grow(a, depth-1)
	}
	return t
}

func growNew(depth int) *tree {
	t := new(tree)
	if depth != 0 {
		t.left, t.right = growNew(depth-1), growNew(depth-1)
	}
	return t
}

func (t *tree) count() int {
	if t.left == nil {
		return 1
	}
	return 1 + t.left.count() + t.right.count()
}
