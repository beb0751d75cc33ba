package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/proptest"
)

func ExampleScope() {
	type word struct {
		Text  string
		Lines []int
	}
	var scope combinators.Scope
	words, lines := combinators.For[word](&scope), combinators.For[int](&scope)
	for range 1000 { // documents, each with an index of its own
		w, _ := allocator.New(words)
		w.Text = "arena"
		w.Lines, _ = lines.Allocate(3)
		copy(w.Lines, []int{2, 3, 5})
		scope.Reuse() // nobody has kept a word
	}
	fmt.Println(words, "in less than 4 KiB:", scope.Held() < 4<<10)
	scope.Reset() // and if somebody has, the word is still there
	fmt.Println(scope.Held())
	// Output:
	// For[combinators_test.word](Scope) in less than 4 KiB: true
	// 0
}

func ExampleFor() {
	var scope combinators.Scope
	names := combinators.For[string](&scope)
	s, err := names.Allocate(2)
	fmt.Println(len(s), err, names == combinators.For[string](&scope))
	// Output: 2 <nil> true
}

func scoped[T any](allocator.Allocator[T]) allocator.Allocator[T] {
	return combinators.For[T](new(combinators.Scope))
}

func TestScopeConforms(t *testing.T) {
	proptest.ConformAll(t, scoped, scoped, scoped, scoped, scoped, scoped, scoped,
		proptest.Claims{OwnStorage: true, UntilReset: true, SeesForeign: true})
}

// What two types have is released together.
func TestScopeReuse(t *testing.T) {
	var scope combinators.Scope
	round := func() {
		numbers, pointers := combinators.For[int](&scope), combinators.For[*int](&scope)
		for i := range 300 {
			n := take(t, numbers, 1+i%7)
			p := take(t, pointers, 1+i%3)
			if p[0] != nil {
				t.Fatal("stale pointer")
			}
			p[0] = &n[0]
		}
		scope.Reuse()
	}
	for range 3 {
		round()
	}
	held := scope.Held()
	if allocs := testing.AllocsPerRun(20, round); allocs != 0 || scope.Held() != held {
		t.Errorf("%v allocations a round, and %d bytes where there were %d", allocs, scope.Held(), held)
	}
	scope.Trim()
	if scope.Held() != 0 {
		t.Errorf("%d bytes held after Trim", scope.Held())
	}
}

// A value that is used after Reset is what it was, with what it points to.
func TestScopeResetIsMemorySafe(t *testing.T) {
	var scope combinators.Scope
	nodes := combinators.For[tree](&scope)
	root := grow(nodes, 10)
	scope.Reset()
	if scope.Held() != 0 {
		t.Errorf("%d bytes held after Reset", scope.Held())
	}
	other := grow(nodes, 12)
	runtime.GC()
	if n := root.count(); n != 2<<10-1 {
		t.Errorf("a tree from before Reset has %d nodes, want %d", n, 2<<10-1)
	}
	if n := other.count(); n != 2<<12-1 {
		t.Errorf("a tree from after Reset has %d nodes, want %d", n, 2<<12-1)
	}
}

// The chunks that Reset drops are collected, and what Reuse keeps holds nothing.
func TestScopeKeepsNothingAlive(t *testing.T) {
	for name, release := range map[string]func(*combinators.Scope, combinators.Mark){
		"Reset":  func(s *combinators.Scope, _ combinators.Mark) { s.Reset() },
		"Reuse":  func(s *combinators.Scope, _ combinators.Mark) { s.Reuse() },
		"Rewind": func(s *combinators.Scope, m combinators.Mark) { s.Rewind(m) },
	} {
		t.Run(name, func(t *testing.T) {
			var scope combinators.Scope
			collected := make(chan struct{})
			take(t, combinators.For[int](&scope), 3)
			m := scope.Mark()
			func() {
				for range 100 {
					take(t, combinators.For[*[16]int](&scope), 3)
				}
				p := new([16]int)
				take(t, combinators.For[*[16]int](&scope), 3)[1] = p
				runtime.AddCleanup(p, func(c chan struct{}) { close(c) }, collected)
			}()
			release(&scope, m)
			awaitCollected(t, collected)
			runtime.KeepAlive(&scope)
		})
	}
}

// One type's spare storage is not the reason why another's request fails.
func TestScopeLimit(t *testing.T) {
	const limit = 64 << 10
	scope := combinators.Scope{Limit: limit}
	fill := func(f func() error) (n int) {
		for f() == nil {
			n++
			if scope.Held() > limit {
				t.Fatalf("%d bytes held, the limit is %d", scope.Held(), limit)
			}
		}
		return n
	}
	bytes, words := combinators.For[byte](&scope), combinators.For[[4]uint64](&scope)
	for range 3 {
		n := fill(func() error { _, err := bytes.Allocate(32); return err })
		if n != limit/32 {
			t.Errorf("%d blocks of 32 bytes in %d", n, limit)
		}
		scope.Reuse()
		n = fill(func() error { _, err := words.Allocate(1); return err })
		if n != limit/32 {
			t.Errorf("%d values of 32 bytes in %d", n, limit)
		}
		if _, err := bytes.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
			t.Errorf("Allocate(1) beyond the limit: error %v, want ErrExhausted", err)
		}
		if _, err := bytes.Allocate(limit + 1); !errors.Is(err, allocator.ErrTooLarge) {
			t.Errorf("Allocate(%d): error %v, want ErrTooLarge", limit+1, err)
		}
		scope.Reuse()
	}
}

func TestScopeKeepsAtMost(t *testing.T) {
	const keep = 100 << 10
	scope := combinators.Scope{Keep: keep}
	round := func(n int) {
		for range n {
			take(t, combinators.For[[8]int](&scope), 1)
			take(t, combinators.For[*int](&scope), 2)
		}
		scope.Reuse()
	}
	for _, burst := range []int{10, 500, 10_000, 500} {
		round(burst)
		if scope.Held() > keep {
			t.Errorf("%d bytes kept after a round of %d, want %d at most", scope.Held(), burst, keep)
		}
	}
	if scope.Held() < 500*80/2 {
		t.Errorf("%d bytes kept, where each round needs 40000", scope.Held())
	}
}

// The limits are exact.
func TestScopeBounds(t *testing.T) {
	full := combinators.Scope{Limit: 64}
	take(t, combinators.For[byte](&full), 64)
	if full.Held() != 64 {
		t.Errorf("%d bytes held, want 64", full.Held())
	}
	one := combinators.Scope{Limit: 1}
	bytes := combinators.For[byte](&one)
	take(t, bytes, 1)
	if _, err := bytes.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("a second byte of 1: error %v, want ErrExhausted", err)
	}
	if _, err := bytes.Allocate(2); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("two bytes of 1: error %v, want ErrTooLarge", err)
	}
	for keep, want := range map[int]int{0: 1024 + 2048, 1: 0, 1023: 0, 1024: 1024, 1024 + 2047: 1024 + 2047, 1024 + 2048: 1024 + 2048} {
		scope := combinators.Scope{Keep: keep}
		bytes := combinators.For[byte](&scope)
		take(t, bytes, 1024)
		take(t, bytes, 1)
		scope.Reuse()
		if scope.Held() != want {
			t.Errorf("%d bytes kept of chunks of 1024 and at most 2048, want %d with a Keep of %d", scope.Held(), want, keep)
		}
	}
}

// Values larger than a first chunk have a chunk each, and those without a size none.
func TestScopeExtremeSizes(t *testing.T) {
	var scope combinators.Scope
	take(t, combinators.For[[2000]byte](&scope), 1)
	take(t, combinators.For[struct{}](&scope), 5)
	if scope.Held() != 2000 {
		t.Errorf("%d bytes held, want 2000", scope.Held())
	}
}

// What the system refuses is refused by the scope, and counts as nothing held.
func TestScopeBeyondTheMemory(t *testing.T) {
	if runtime.GOOS != "linux" || bits.UintSize < 64 {
		t.Skip("the system may give any amount")
	}
	const size = math.MaxInt >> 18 // 32 TiB
	pages, err := allocator.NewPages[byte]()
	if err != nil {
		t.Fatal(err)
	}
	if s, err := pages.Allocate(size); err == nil {
		pages.Deallocate(s)
		t.Skip("the system gives any amount")
	}
	for _, limit := range []int{0, math.MaxInt} {
		scope := combinators.Scope{Limit: limit}
		s, err := combinators.For[byte](&scope).Allocate(size)
		if s != nil || !errors.Is(err, allocator.ErrExhausted) || scope.Held() != 0 {
			t.Errorf("limit %d: error %v with %d bytes held, want ErrExhausted and none", limit, err, scope.Held())
		}
	}
}

// A mark of the empty scope stays valid.
func TestScopeMarkOfTheEmptyScope(t *testing.T) {
	var scope combinators.Scope
	ints := combinators.For[int](&scope)
	m := scope.Mark()
	for _, release := range []func(){scope.Reuse, scope.Reset, scope.Reuse} {
		take(t, ints, 3)
		scope.Mark()
		release()
		take(t, ints, 3)
		scope.Rewind(m)
	}
}

// Scopes in the same state have marks of their own.
func TestScopeMarkOfAnotherScope(t *testing.T) {
	var a, b combinators.Scope
	a.Rewind(combinators.Mark{}) // nothing happens, as it is empty
	take(t, combinators.For[int](&a), 3)
	take(t, combinators.For[int](&b), 3)
	own, other := a.Mark(), b.Mark()
	if !scopeRefuses(&a, other) {
		t.Error("Rewind to the mark of another scope does not panic")
	}
	a.Rewind(own)
}

// Marks that a release of everything makes void take no memory.
func TestScopeForgetsMarks(t *testing.T) {
	for name, release := range map[string]func(*combinators.Scope){
		"Reuse":  (*combinators.Scope).Reuse,
		"Reset":  (*combinators.Scope).Reset,
		"Rewind": func(s *combinators.Scope) { s.Rewind(combinators.Mark{}) },
	} {
		var scope combinators.Scope
		ints := combinators.For[int](&scope)
		round := func(marks bool) func() {
			return func() {
				take(t, ints, 3)
				if marks {
					scope.Mark()
				}
				release(&scope)
			}
		}
		round(true)()
		want := testing.AllocsPerRun(50, round(false))
		if got := testing.AllocsPerRun(50, round(true)); got != want {
			t.Errorf("%s: %v allocations a round with a mark, want the %v without", name, got, want)
		}
	}
}

// A round for which Keep is enough has its storage again in the next one.
func TestScopeKeepsAllItMay(t *testing.T) {
	scope := combinators.Scope{Keep: 3000}
	bytes := combinators.For[byte](&scope)
	for range 3000 {
		take(t, bytes, 1)
	}
	scope.Reuse()
	if scope.Held() != 3000 {
		t.Errorf("%d bytes are kept after a round of 3000", scope.Held())
	}
}

// A type that has no storage is not asked for some.
func TestScopeKeepsOneByte(t *testing.T) {
	scope := combinators.Scope{Limit: 2, Keep: 1}
	combinators.For[string](&scope)
	take(t, combinators.For[byte](&scope), 1)
	take(t, combinators.For[bool](&scope), 1)
	scope.Reuse()
	if scope.Held() != 1 {
		t.Errorf("of two chunks of a byte, %d bytes are kept, want 1", scope.Held())
	}
}

// What is the largest chunk is a matter of bytes.
func TestScopeKeepsSmallChunks(t *testing.T) {
	scope := combinators.Scope{Keep: 4000}
	take(t, combinators.For[byte](&scope), 3000)
	take(t, combinators.For[[64]byte](&scope), 100)
	scope.Reuse()
	if scope.Held() != 3000 {
		t.Errorf("of 3000 single bytes and 100 blocks of 64, %d bytes are kept, want the 3000", scope.Held())
	}
}

// A round that needs much does not make the chunks of later rounds large.
func TestScopeStartsSmallAfterABurst(t *testing.T) {
	scope := combinators.Scope{Keep: 4 << 10}
	bytes := combinators.For[byte](&scope)
	for _, kilobytes := range []int{100, 5} {
		scope.Reuse()
		for range kilobytes {
			take(t, bytes, 1<<10)
		}
	}
	if scope.Held() > 10<<10 {
		t.Errorf("%d bytes for 5 KiB after a round of 100", scope.Held())
	}
}

func TestScopeMarks(t *testing.T) {
	var scope combinators.Scope
	empty := scope.Mark()
	ints, texts := combinators.For[int](&scope), combinators.For[string](&scope)
	first := take(t, ints, 3)
	first[0] = 1
	outer := scope.Mark()
	for range 3 {
		kept := take(t, texts, 2)
		kept[1] = "kept"
		inner := scope.Mark()
		if scope.Mark() != inner {
			t.Error("two marks of one state differ")
		}
		for i := range 300 {
			take(t, ints, 3)[0] = 2
			take(t, texts, 3)[0] = "dropped"
			take(t, combinators.For[[3]int](&scope), i%5)
		}
		scope.Rewind(inner)
		if again := take(t, texts, 1); again[0] != "" || kept[1] != "kept" {
			t.Errorf("after Rewind a fresh value is %q and one below the mark %q", again[0], kept[1])
		}
		scope.Rewind(outer)
		if again := take(t, texts, 2); !same(again, kept) {
			t.Error("the outer Rewind did not release what came after its mark")
		}
		scope.Rewind(outer)
		if !scopeRefuses(&scope, inner) {
			t.Error("Rewind to a mark that an outer Rewind has made void does not panic")
		}
	}
	ints.Deallocate(first)
	if !scopeRefuses(&scope, outer) || !scopeRefuses(&scope, new(combinators.Scope).Mark()) {
		t.Error("Rewind to a mark that is void or of another scope does not panic")
	}
	scope.Rewind(empty)
	scope.Rewind(combinators.Mark{})
	run := func() {
		m := scope.Mark()
		take(t, ints, 2)
		inner := scope.Mark()
		take(t, texts, 2)
		scope.Rewind(inner)
		scope.Rewind(m)
	}
	take(t, ints, 1)
	run()
	if allocs := testing.AllocsPerRun(20, run); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}

func scopeRefuses(s *combinators.Scope, m combinators.Mark) (refused bool) {
	defer func() {
		refused = recover() == "combinators: Scope: Rewind to a mark that is void or of another allocator"
	}()
	s.Rewind(m)
	return false
}

func BenchmarkScope(b *testing.B) {
	var scope combinators.Scope
	benchmarkPair(b, "interface", combinators.For[element](&scope))
	b.Run("For", func(b *testing.B) {
		combinators.For[byte](&scope)
		combinators.For[string](&scope)
		for range b.N {
			combinators.For[string](&scope)
		}
	})
	benchmarkPeers(b)
}

// Marks of the same state are the same, so a loop that takes one in each round costs no
// memory.
func TestScopeMarksOfOneState(t *testing.T) {
	var s combinators.Scope
	for n := range 3 {
		take(t, combinators.For[int](&s), 1)
		if a, b := s.Mark(), s.Mark(); a != b {
			t.Errorf("after %d values two marks in a row differ", n+1)
		}
		if allocs := testing.AllocsPerRun(50, func() { s.Mark() }); allocs != 0 {
			t.Errorf("after %d values: %v allocations a mark", n+1, allocs)
		}
	}
}
