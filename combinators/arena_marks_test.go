package combinators_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// rewindable is a Region or an Arena.
type rewindable[T any] interface {
	allocator.Allocator[T]
	allocator.Resizer[T]
	allocator.Resetter
	Mark() combinators.Mark
	Rewind(combinators.Mark)
}

func eachRewindable[T any](t *testing.T, test func(t *testing.T, a rewindable[T])) {
	for _, a := range []rewindable[T]{
		combinators.NewRegion(heap[T](), 1000),
		combinators.NewArena(heap[T](), 1),
		combinators.NewArena(heap[T](), 10),
		combinators.NewArena(heap[T](), 1000),
		combinators.NewArena(combinators.NewSlab(heap[T](), 1000), 3),
	} {
		t.Run(allocator.Describe(a), func(t *testing.T) { test(t, a) })
	}
}

// rewindPanics reports whether a refuses to go back to m.
func rewindPanics[T any](a rewindable[T], m combinators.Mark) (refused bool) {
	defer func() {
		if r := recover(); r != nil {
			refused = strings.Contains(r.(string), "Rewind to a mark that is void")
		}
	}()
	a.Rewind(m)
	return false
}

func TestArenaMarks(t *testing.T) {
	parent := newSource[*int](t)
	a := combinators.NewArena(parent, 4)
	kept := take(t, a, 3)
	kept[2] = new(2)
	outer := a.Mark()
	for range 3 {
		first := take(t, a, 1) // the rest of the chunk
		first[0] = new(1)
		own := take(t, a, 50) // a chunk of its own
		inner := a.Mark()
		for range 20 { // several chunks
			take(t, a, 3)[1] = new(3)
		}
		a.Rewind(inner)
		if *first[0] != 1 {
			t.Error("a block below the mark changed")
		}
		own[49] = new(49)
		a.Rewind(outer)
		if again := take(t, a, 1); !same(again, first) || again[0] != nil {
			t.Error("the outer Rewind released not just what came after its mark")
		}
		a.Rewind(outer)
	}
	if *kept[2] != 2 {
		t.Error("a block below the mark changed")
	}
	asked := len(parent.asked)
	for range 10 {
		m := a.Mark()
		for range 23 {
			s := take(t, a, 3)
			if s[0] != nil {
				t.Fatal("stale pointer")
			}
			s[0] = kept[2]
		}
		a.Rewind(m)
	}
	if got := parent.asked[asked:]; len(got) > 1 {
		t.Errorf("the parent was asked for %v, where Rewind keeps the chunks", got)
	}
	a.Rewind(combinators.Mark{})
	a.Trim()
	if parent.count != 0 {
		t.Errorf("%d values are not back with the parent", parent.count)
	}
}

// Back at the first mark, all chunks have all their room again, the oldest one too.
func TestRewindEmptiesAllChunks(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewArena(parent, 4)
	for range 5 {
		for range 3 {
			take(t, a, 4)
		}
		a.Rewind(combinators.Mark{})
	}
	if diff := cmp.Diff([]int{4, 8}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

// A chunk that is in use again after a Rewind takes no other chunk with it, wherever it
// was among those that have blocks.
func TestRewindLeavesTheOtherChunks(t *testing.T) {
	a := combinators.NewArena(newSource[int](t), 4)
	first := take(t, a, 4)
	second := take(t, a, 8)
	third := take(t, a, 16)
	m := a.Mark()
	take(t, a, 1)
	a.Deallocate(first) // the last chunk that has blocks, which is the third, comes in place of this one
	a.Rewind(m)
	if !a.Owns(second) || !a.Owns(third) {
		t.Errorf("it owns the blocks that were there before the mark: %t, %t", a.Owns(second), a.Owns(third))
	}
	a.Deallocate(second)
	a.Deallocate(third)
}

// Each of these would hand the storage of a live block out again.
func TestVoidMarks(t *testing.T) {
	for name, program := range map[string]func(t *testing.T, a rewindable[int]) combinators.Mark{
		"the last block is released": func(t *testing.T, a rewindable[int]) combinators.Mark {
			s := take(t, a, 3)
			m := a.Mark()
			a.Deallocate(s)
			return m
		},
		"the last block is released and its storage in use": func(t *testing.T, a rewindable[int]) combinators.Mark {
			s := take(t, a, 3)
			m := a.Mark()
			a.Deallocate(s)
			take(t, a, 5)
			return m
		},
		"the last block grew": func(t *testing.T, a rewindable[int]) combinators.Mark {
			s := take(t, a, 3)
			m := a.Mark()
			a.Resize(s, 5)
			return m
		},
		"the last block shrank": func(t *testing.T, a rewindable[int]) combinators.Mark {
			s := take(t, a, 3)
			m := a.Mark()
			a.Resize(s, 2)
			return m
		},
		"a mark before it was rewound to": func(t *testing.T, a rewindable[int]) combinators.Mark {
			outer := a.Mark()
			take(t, a, 3)
			m := a.Mark()
			a.Rewind(outer)
			take(t, a, 7)
			return m
		},
		"and another mark taken": func(t *testing.T, a rewindable[int]) combinators.Mark {
			take(t, a, 3)
			outer := a.Mark()
			take(t, a, 3)
			m := a.Mark()
			a.Rewind(outer)
			take(t, a, 7)
			a.Mark()
			return m
		},
		"reset": func(t *testing.T, a rewindable[int]) combinators.Mark {
			take(t, a, 3)
			m := a.Mark()
			a.Reset()
			take(t, a, 7)
			a.Mark()
			return m
		},
		"reused": func(t *testing.T, a rewindable[int]) combinators.Mark {
			take(t, a, 3)
			m := a.Mark()
			switch a := a.(type) {
			case *combinators.Arena[int]:
				a.Reuse()
			case *combinators.Region[int]:
				a.Reset()
			}
			take(t, a, 7)
			return m
		},
		"of another": func(t *testing.T, a rewindable[int]) combinators.Mark {
			b := combinators.NewRegion(heap[int](), 10)
			take(t, b, 3)
			take(t, a, 3)
			a.Mark()
			return b.Mark()
		},
	} {
		for _, a := range []rewindable[int]{
			combinators.NewRegion(heap[int](), 100),
			combinators.NewArena(heap[int](), 100),
		} {
			t.Run(fmt.Sprintf("%s/%v", name, a), func(t *testing.T) {
				if m := program(t, a); !rewindPanics(a, m) {
					t.Error("no panic")
				}
			})
		}
	}
}

// A mark is in the chunk that was in use; what happens to it when that is an
// older one is the same.
func TestVoidMarkInAnOlderChunk(t *testing.T) {
	a := combinators.NewArena(heap[int](), 10)
	s := take(t, a, 8)
	m := a.Mark()
	take(t, a, 3)
	inner := a.Mark()
	s, _ = a.Resize(s, 6)
	if s, _ = a.Resize(s, 9); len(s) != 9 {
		t.Fatal("the block did not grow back")
	}
	a.Rewind(inner)
	if !rewindPanics(a, m) {
		t.Error("no panic")
	}
	a.Deallocate(s)
	if !rewindPanics(a, m) {
		t.Error("no panic when the chunk has no blocks")
	}
}

// TestMarkPrograms runs random programs with marks. A Rewind releases what was
// handed out since, or panics and releases nothing; it never lets two live
// blocks share storage.
func TestMarkPrograms(t *testing.T) {
	type block struct {
		s    []int
		born int
	}
	type mark struct {
		m     combinators.Mark
		taken int
	}
	rapid.Check(t, func(t *rapid.T) {
		var below allocator.Allocator[int] = newSource[int](t)
		if rapid.Bool().Draw(t, "in place") {
			below = combinators.NewSlab(below, 2000)
		}
		var a rewindable[int] = combinators.NewRegion(below, 500)
		if rapid.Bool().Draw(t, "arena") {
			a = combinators.NewArena(below, rapid.IntRange(1, 30).Draw(t, "first"))
		}
		var live []block
		var all []mark
		now := 0
		fill := func(s []int) {
			for i := range s {
				s[i] = now
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				for _, b := range live {
					for _, v := range b.s {
						if v != b.s[0] {
							t.Fatalf("%v: a live block changed", a)
						}
					}
				}
			},
			"allocate": func(t *rapid.T) {
				now++
				if s, err := a.Allocate(rapid.IntRange(1, 40).Draw(t, "n")); err == nil {
					fill(s)
					live = append(live, block{s, now})
				}
			},
			"release": func(t *rapid.T) {
				if len(live) != 0 {
					i := len(live) - 1 - min(rapid.IntRange(0, 5).Draw(t, "i"), len(live)-1)
					a.Deallocate(live[i].s)
					live = slices.Delete(live, i, i+1)
				}
			},
			"resize": func(t *rapid.T) {
				if len(live) != 0 {
					i := len(live) - 1 - min(rapid.IntRange(0, 5).Draw(t, "i"), len(live)-1)
					now++
					if s, ok := a.Resize(live[i].s, rapid.IntRange(1, 40).Draw(t, "n")); ok {
						fill(s)
						live[i].s = s
					}
				}
			},
			"mark": func(t *rapid.T) {
				now++
				all = append(all, mark{a.Mark(), now})
			},
			"rewind": func(t *rapid.T) {
				if len(all) != 0 {
					m := all[rapid.IntRange(0, len(all)-1).Draw(t, "mark")]
					if !rewindPanics(a, m.m) {
						live = slices.DeleteFunc(live, func(b block) bool { return b.born > m.taken })
					}
				}
			},
			"reset": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "reset") == 0 {
					a.Reset()
					live = nil
				}
			},
		})
	})
}

// Resize of a block that is not the last one does not touch the marks above.
func TestMarksThatStayValid(t *testing.T) {
	eachRewindable(t, func(t *testing.T, a rewindable[int]) {
		empty := a.Mark()
		first := take(t, a, 3)
		take(t, a, 1)
		low := a.Mark()
		take(t, a, 3)
		high := a.Mark()
		if a.Mark() != high {
			t.Error("two marks of one state differ")
		}
		a.Resize(first, 2)
		take(t, a, 1)
		for _, m := range []combinators.Mark{high, high, low, low, empty, empty} {
			a.Rewind(m)
			take(t, a, 2)
		}
		if !rewindPanics(a, low) {
			t.Error("a mark that was void became valid")
		}
		a.Rewind(empty)
		a.Deallocate(take(t, a, 1))
	})
}

// The release of the last block voids the marks above it and no others, one block
// after another.
func TestMarksGoBlockByBlock(t *testing.T) {
	eachRewindable(t, func(t *testing.T, a rewindable[int]) {
		for lowest := range 2 {
			take(t, a, 1)
			a.Mark()
			var blocks [3][]int
			var marks [3]combinators.Mark
			for i := range blocks {
				blocks[i] = take(t, a, 2)
				marks[i] = a.Mark()
			}
			for i := 2; i > lowest; i-- {
				a.Deallocate(blocks[i])
				if !rewindPanics(a, marks[i]) {
					t.Errorf("mark %d is not void; the block below it was released", i)
				}
			}
			if rewindPanics(a, marks[lowest]) {
				t.Errorf("mark %d is void; only blocks above it were released", lowest)
			}
			a.Reset()
		}
	})
}

// A mark that takes the place of one that is void is the mark of what is below it.
func TestMarkInPlaceOfAVoidOne(t *testing.T) {
	eachRewindable(t, func(t *testing.T, a rewindable[int]) {
		for range 3 {
			s := take(t, a, 3)
			void := a.Mark()
			a.Deallocate(s)
			take(t, a, 3)
			m := a.Mark()
			above := take(t, a, 2)
			if !rewindPanics(a, void) {
				t.Error("a mark that was void became valid")
			}
			a.Rewind(m)
			if again := take(t, a, 2); !same(again, above) {
				t.Error("Rewind released what was below the mark")
			}
			a.Reset()
		}
	})
}

// What was released twice is found where marks have become void, too.
func TestSecondReleaseBelowAVoidMark(t *testing.T) {
	eachRewindable(t, func(t *testing.T, a rewindable[int]) {
		s := take(t, a, 3)
		a.Mark()
		a.Deallocate(s)
		if misuse(func() { a.Deallocate(s) }) == nil {
			t.Error("no panic")
		}
		take(t, a, 3)
		m := a.Mark()
		s = take(t, a, 2)
		a.Mark()
		a.Rewind(m)
		if misuse(func() { a.Deallocate(s) }) == nil {
			t.Error("no panic for a block that a Rewind has released")
		}
	})
}

// Marks cost nothing in the long run.
func TestMarksAllocateNothing(t *testing.T) {
	eachRewindable(t, func(t *testing.T, a rewindable[int]) {
		run := func() {
			for range 5 {
				outer := a.Mark()
				take(t, a, 7)
				inner := a.Mark()
				take(t, a, 20)
				a.Rewind(inner)
				take(t, a, 2)
				a.Rewind(outer)
			}
		}
		run()
		run()
		if allocs := testing.AllocsPerRun(20, run); allocs != 0 {
			t.Errorf("%v allocations a run", allocs)
		}
	})
}

func ExampleArena_Rewind() {
	words := combinators.NewArena(allocator.Heap[string]{}, 64)
	kept, _ := words.Allocate(2)
	copy(kept, []string{"arena", "region"})

	before := words.Mark()
	tried, _ := words.Allocate(1000)
	copy(tried, []string{"cul-de-sac"})
	words.Rewind(before) // it leads nowhere

	more, _ := words.Allocate(1)
	fmt.Printf("%q %q\n", kept, more)
	// Output: ["arena" "region"] [""]
}

// A search that goes forward and back keeps a Mark for each step on its way.
func ExampleMark() {
	type step struct{ from, to string }
	steps := combinators.NewArena(allocator.Heap[step]{}, 64)
	var marks []combinators.Mark
	forward := func(from, to string) *step {
		marks = append(marks, steps.Mark())
		s, _ := allocator.New(steps)
		*s = step{from, to}
		return s
	}
	back := func() {
		last := len(marks) - 1
		steps.Rewind(marks[last])
		marks = marks[:last]
	}
	first := forward("door", "hall")
	wrong := forward("hall", "cellar")
	back()
	right := forward("hall", "attic")
	fmt.Println(*first, *right)
	fmt.Println("in the same place:", right == wrong)
	// Output:
	// {door hall} {hall attic}
	// in the same place: true
}
