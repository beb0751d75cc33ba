package proptest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// A misuser runs programs that do with slices whatever Go lets them, and release
// what they have wherever they like: blocks that append has moved, parts of
// blocks, slices of the Go heap, blocks of another allocator. The one thing that
// they never do is release the same storage twice. No such program may get a
// slice that reaches beyond its storage, or one that shares storage with another
// that it has and has not released.
//
// A program gives up what it releases wrongly, whether the release panics or
// not.
type misuser[T any] struct {
	plan    plan[T]
	layout  *layout
	sides   [2]*side[T]
	live    []*holding[T]
	guards  []*holding[T] // what lies before and behind slices of the Go heap
	heap    [][]T         // those, for good
	unknown [][]T         // what allocators with storage of their own gave that keep no books
	wrong   []int         // the capacities of what was released wrongly
	count   int           // of steps, and so the last one's number
	seeds   uint64
	text    []string
	steps   []misstep
}

// A side is one of the two allocators of a program.
type side[T any] struct {
	name  string
	books *books[T]
	a     allocator.Allocator[T]
}

// misuses draws and runs a program on what a tree builds.
func misuses[T any](t *rapid.T, on *tree[T]) *found {
	m := newMisuser(on.plan())
	f := failureOf(func() {
		defer m.close()
		m.open()
		t.Repeat(map[string]func(*rapid.T){"act": func(t *rapid.T) { m.do(m.draw(t)) }})
		// What poisoned a cache shows when it is handed out.
		for _, n := range m.wrong[max(0, len(m.wrong)-4):] {
			for _, n := range []int{max(n, 1), n + n/8 + 1} {
				m.count++
				m.do(misstep{what: misAllocate, number: m.count, n: n})
			}
		}
	})
	if f == nil {
		return nil
	}
	return &found{f, func(until time.Time) *failure { return smallerMisuse(on, m.steps, f, until) }}
}

// smallerMisuse makes a program that failed smaller, as smallerProgram does.
func smallerMisuse[T any](on *tree[T], steps []misstep, f *failure, until time.Time) *failure {
	fails := func(tree *tree[T], try []misstep) bool {
		if !time.Now().Before(until) {
			return false
		}
		again := replayMisuse(tree.plan(), try)
		if again == nil || again.property != f.property {
			return false
		}
		on, steps, f = tree, try, again
		return true
	}
	for again := true; again; {
		before := len(steps)
		fewer(steps, until, func(steps []misstep) bool { return fails(on, steps) })
		again = len(steps) < before
		for on.simpler(func(tree *tree[T]) bool { return fails(tree, steps) }) {
			again = true
		}
		for i := range steps {
			smallerInt(steps[i].n, 1, func(n int) bool {
				changed := slices.Clone(steps)
				changed[i].n = n
				smaller := fails(on, changed)
				again = again || smaller
				return smaller
			})
		}
	}
	// Without those that were left out the numbers have gaps.
	numbers := map[int]int{}
	renumbered := slices.Clone(steps)
	for i, s := range steps {
		renumbered[i].on = numbers[s.on]
		if s.what != misRelease && s.what != misReslice && s.what != misTrim {
			numbers[s.number] = len(numbers) + 1
			renumbered[i].number = numbers[s.number]
		}
	}
	fails(on, renumbered)
	return f
}

func replayMisuse[T any](p plan[T], steps []misstep) *failure {
	m := newMisuser(p)
	return failureOf(func() {
		defer m.close()
		m.open()
		for _, s := range steps {
			m.do(s)
		}
	})
}

func newMisuser[T any](p plan[T]) *misuser[T] { return &misuser[T]{plan: p, layout: layoutOf[T]()} }

func (m *misuser[T]) open() {
	for i := range m.sides {
		b := blankBooks[T]()
		b.within = m.within
		s := &side[T]{name: string(rune('a' + i)), books: b}
		m.sides[i] = s
		if p := try(func() { s.a = m.plan.build(b) }); p != "" {
			m.fail(noPanic, "building the allocator panics: %s", p)
		}
	}
}

func (m *misuser[T]) close() {
	for _, s := range m.sides {
		if s != nil {
			s.books.close()
		}
	}
}

func (m *misuser[T]) fail(p Property, format string, args ...any) {
	on := ""
	if s := m.sides[0]; s != nil && s.a != nil {
		on = s.books.describe(s.a)
	}
	panic(&failure{p, fmt.Sprintf(format, args...), on, m.text})
}

func (m *misuser[T]) write(format string, args ...any) {
	m.text = append(m.text, fmt.Sprintf(format, args...))
}

func (m *misuser[T]) remark(what string) { m.text[len(m.text)-1] += " // " + what }

// call calls an allocator and reports whether it returned. If it did not, it saw
// the misuse.
func (m *misuser[T]) call(f func()) (returned bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *allocator.MisuseError:
			m.remark("a MisuseError")
		case *failure:
			panic(r)
		default:
			m.fail(misuseIsHarmless, "panics with something else than a *MisuseError: %s", addresses.ReplaceAllString(fmt.Sprint(r), "0x…"))
		}
	}()
	f()
	return true
}
