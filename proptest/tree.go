package proptest

import (
	"fmt"
	"slices"

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

// A node is a kind of allocator in a tree. To have a combinator of this module
// tried with all the others, add a node for it in tree_nodes.go. Those of others
// are registered.
type node[T any] struct {
	name string

	// children is the number of subtrees, and ownsFirst whether the first has
	// to be an Owner.
	children  int
	ownsFirst bool

	// plan returns the plan for parameters within these bounds. It may build a
	// subtree more than once, or none.
	params []param
	plan   func(params []int, below []plan[T]) plan[T]
}

// A param is a number that a node has; the least is the simplest.
type param struct {
	name        string
	least, most int
}

// layer makes a node of one child that has no parameters.
func layer[T any](name string, claims func(below Claims) Claims, build Builder[T]) node[T] {
	return node[T]{name: name, children: 1, plan: func(_ []int, below []plan[T]) plan[T] {
		return on(below[0], claims(below[0].claims), build)
	}}
}

// on returns the plan of an allocator over another.
func on[T any](below plan[T], claims Claims, build Builder[T]) plan[T] {
	return plan[T]{claims: claims, build: func(b *books[T]) allocator.Allocator[T] { return build(below.build(b)) }}
}

// A tree is a composition as data.
type tree[T any] struct {
	node   node[T]
	params []int
	below  []*tree[T]
	users  bool // a user's allocator is the node, or lies below
}

// plan returns what the tree builds, and what that promises.
func (t *tree[T]) plan() plan[T] {
	var below []plan[T]
	for i, child := range t.below {
		p := child.plan()
		if i == 0 && t.node.ownsFirst && !p.owns() {
			p = ownerPlan(p)
		}
		if child.node.name == userName && p.claims.mayRefuse() {
			// What is above it may keep a block that it would refuse to give.
			p.claims.Jagged = true
		}
		below = append(below, p)
	}
	return t.node.plan(t.params, below)
}

// simpler visits trees that are a little simpler, until visit returns true. They
// have the user's allocator if the tree has.
func (t *tree[T]) simpler(visit func(*tree[T]) bool) bool {
	for _, child := range t.below {
		if child.users == t.users && visit(child) {
			return true
		}
	}
	for i, n := range t.params {
		least := t.node.params[i].least
		for _, try := range []int{least, least + (n-least)/2, n - 1} {
			if try >= least && try < n {
				changed := *t
				changed.params = slices.Clone(t.params)
				changed.params[i] = try
				if visit(&changed) {
					return true
				}
			}
		}
	}
	for i, child := range t.below {
		with := func(c *tree[T]) bool {
			changed := *t
			changed.below = slices.Clone(t.below)
			changed.below[i] = c
			return visit(&changed)
		}
		if !child.users && len(child.below) != 0 && with(treeOf(leafNode[T]())) || child.simpler(with) {
			return true
		}
	}
	return false
}

// treeOf returns the simplest tree with a node at the top.
func treeOf[T any](n node[T], below ...*tree[T]) *tree[T] {
	t := &tree[T]{node: n, below: below}
	for _, p := range n.params {
		t.params = append(t.params, p.least)
	}
	for _, child := range below {
		t.users = t.users || child.users
	}
	return t
}

// drawTree draws a composition of at most depth combinators above each other.
func drawTree[T any](t *rapid.T, depth int) *tree[T] {
	return drawNode(t, append([]node[T]{leafNode[T]()}, nodes[T]()...), depth)
}

func drawNode[T any](t *rapid.T, all []node[T], depth int) *tree[T] {
	choice := 0
	if depth > 0 {
		choice = rapid.IntRange(0, len(all)-1).Draw(t, "node")
	}
	n := all[choice]
	var below []*tree[T]
	for range n.children {
		below = append(below, drawNode(t, all, depth-1))
	}
	return drawParams(t, treeOf(n, below...))
}

func drawParams[T any](t *rapid.T, drawn *tree[T]) *tree[T] {
	for i, p := range drawn.node.params {
		drawn.params[i] = rapid.IntRange(p.least, p.most).Draw(t, p.name)
	}
	return drawn
}

const userName = "a user's"

// userNode is the node of a user's allocator.
func userNode[T any](claims Claims, build Builder[T]) node[T] {
	return node[T]{name: userName, children: 1, plan: func(_ []int, below []plan[T]) plan[T] {
		return under(below[0], claims, build)
	}}
}

// under returns the plan of a user's allocator over another.
func under[T any](below plan[T], claims Claims, build Builder[T]) plan[T] {
	return plan[T]{claims: claims.over(below.claims), build: foreign(below, build)}
}

// foreign builds an allocator of which only the rules are known: it need not
// pass a Trim on, nor print itself.
func foreign[T any](below plan[T], build Builder[T]) func(*books[T]) allocator.Allocator[T] {
	return func(b *books[T]) allocator.Allocator[T] {
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
	}
}

// maxAround is how many combinators are drawn below a user's allocator and above it at
// most, and maxLayers how many layers that can be altogether.
const (
	maxAround = 2
	maxLayers = maxAround + 1 + maxAround
)

// drawAround draws a composition with a user's allocator somewhere in it.
func drawAround[T any](t *rapid.T, build Builder[T], claims Claims) *tree[T] {
	drawn := treeOf(userNode(claims, build), drawTree[T](t, max(0, rapid.IntRange(-2, maxAround).Draw(t, "combinators below"))))
	drawn.users = true
	for range max(0, rapid.IntRange(-2, maxAround).Draw(t, "combinators above")) {
		drawn = drawAbove(t, drawn)
	}
	return drawn
}

// drawAbove puts a combinator above a tree.
func drawAbove[T any](t *rapid.T, under *tree[T]) *tree[T] {
	all := nodes[T]()
	n := all[rapid.IntRange(0, len(all)-1).Draw(t, "node")]
	if n.children == 0 {
		return under
	}
	below := make([]*tree[T], n.children)
	place := 0
	if n.children > 1 {
		place = rapid.IntRange(0, n.children-1).Draw(t, "place")
	}
	for i := range below {
		if below[i] = under; i != place {
			below[i] = drawTree[T](t, 0)
		}
	}
	return drawParams(t, treeOf(n, below...))
}
