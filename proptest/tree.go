package proptest

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// A plan is a composition that can be built any number of times, each time on
// leaves of its own, and what it promises.
type plan[T any] struct {
	build  func(*books[T]) allocator.Allocator[T]
	claims Claims
}

// owns reports whether what the plan builds is an Owner.
func (p plan[T]) owns() bool {
	_, ok := allocator.AsOwner(p.build(blankBooks[T]()))
	return ok
}

// A node is a kind of allocator in a tree. To have a combinator tried with all
// the others, add a node for it in tree_nodes.go.
type node[T any] struct {
	name string

	// children is the number of subtrees, and ownsFirst whether the first has
	// to be an Owner.
	children  int
	ownsFirst bool

	// draw draws the parameters and returns the plan. It may build a subtree
	// more than once, or none.
	draw func(t *rapid.T, below []plan[T]) plan[T]
}

// layer makes a node of one child that has no parameters.
func layer[T any](name string, claims func(below Claims) Claims, build func(parent allocator.Allocator[T]) allocator.Allocator[T]) node[T] {
	return node[T]{name: name, children: 1, draw: func(_ *rapid.T, below []plan[T]) plan[T] {
		return on(below[0], claims(below[0].claims), build)
	}}
}

// on returns the plan of an allocator over another.
func on[T any](below plan[T], claims Claims, build func(parent allocator.Allocator[T]) allocator.Allocator[T]) plan[T] {
	return plan[T]{claims: claims, build: func(b *books[T]) allocator.Allocator[T] { return build(below.build(b)) }}
}

// drawTree draws a composition of at most depth combinators above each other.
func drawTree[T any](t *rapid.T, depth int) plan[T] {
	return drawNode(t, append([]node[T]{leafNode[T]()}, nodes[T]()...), depth)
}

func drawNode[T any](t *rapid.T, all []node[T], depth int) plan[T] {
	choice := 0
	if depth > 0 {
		choice = rapid.IntRange(0, len(all)-1).Draw(t, "node")
	}
	n := all[choice]
	var below []plan[T]
	for range n.children {
		below = append(below, drawNode(t, all, depth-1))
	}
	if n.ownsFirst && !below[0].owns() {
		below[0] = ownerPlan(below[0])
	}
	return n.draw(t, below)
}

// under returns the plan of a user's allocator over another.
func under[T any](below plan[T], claims Claims, build func(parent allocator.Allocator[T]) allocator.Allocator[T]) plan[T] {
	return plan[T]{claims: claims.over(below.claims), build: func(b *books[T]) allocator.Allocator[T] {
		parent := below.build(b)
		if t, ok := parent.(allocator.Trimmer); ok {
			b.extend(func() { b.below = append(b.below, t) })
		}
		a := build(parent)
		if _, prints := a.(fmt.Stringer); !prints {
			text := fmt.Sprintf("%T over %s", a, describe(parent))
			b.extend(func() { b.under = append(b.under, text) })
		}
		return a
	}}
}

// drawAround draws a composition with a user's allocator somewhere in it.
func drawAround[T any](t *rapid.T, build func(parent allocator.Allocator[T]) allocator.Allocator[T], claims Claims) plan[T] {
	below := drawTree[T](t, max(0, rapid.IntRange(-2, 2).Draw(t, "combinators below")))
	p := under(below, claims, build)
	for range max(0, rapid.IntRange(-2, 2).Draw(t, "combinators above")) {
		p = drawAbove(t, p)
	}
	return p
}

// drawAbove puts a combinator above p.
func drawAbove[T any](t *rapid.T, p plan[T]) plan[T] {
	all := nodes[T]()
	n := all[rapid.IntRange(0, len(all)-1).Draw(t, "node")]
	var below []plan[T]
	for range n.children {
		below = append(below, drawTree[T](t, 0))
	}
	place := 0
	if n.children > 1 {
		place = rapid.IntRange(0, n.children-1).Draw(t, "place")
	}
	if n.children == 0 {
		return p
	}
	below[place] = p
	if n.ownsFirst && !below[0].owns() {
		below[0] = ownerPlan(below[0])
	}
	return n.draw(t, below)
}
