package combinators_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// BenchmarkScopeBinaryTrees is [BenchmarkBinaryTrees] over scopes.
func BenchmarkScopeBinaryTrees(b *testing.B) {
	for _, depth := range []int{16, 18, 20} {
		run := func(name string, release func(*combinators.Scope)) {
			b.Run(fmt.Sprintf("depth=%d/%s", depth, name), func(b *testing.B) {
				for range b.N {
					var stay, pass combinators.Scope
					kept, passing := combinators.For[tree](&stay), combinators.For[tree](&pass)
					binaryTrees(b, depth, func(depth int) *tree { return grow(kept, depth) }, func(depth int) int {
						defer release(&pass)
						return grow(passing, depth).count()
					})
				}
			})
		}
		run("scope=reuse", (*combinators.Scope).Reuse)
		run("scope=reset", (*combinators.Scope).Reset)
		b.Run(fmt.Sprintf("depth=%d/peer=new", depth), func(b *testing.B) {
			for range b.N {
				binaryTrees(b, depth, growNew, func(depth int) int { return growNew(depth).count() })
			}
		})
	}
}

// A bTree is a set of numbers. Inner nodes and leaves are of two types, since a
// leaf needs no children. It is made with new if it has no allocators.
type bTree struct {
	root   *bNode
	nodes  allocator.Allocator[bNode]
	family allocator.Allocator[[16]*bNode]
}

type bNode struct {
	n        int
	keys     [15]int
	children *[16]*bNode // nil in a leaf
}

func (t *bTree) node(leaf bool) *bNode {
	if t.nodes == nil {
		n := new(bNode)
		if !leaf {
			n.children = new([16]*bNode)
		}
		return n
	}
	n, _ := allocator.New(t.nodes)
	if !leaf {
		n.children, _ = allocator.New(t.family)
	}
	return n
}

func (t *bTree) insert(key int) {
	if t.root == nil {
		t.root = t.node(true)
	}
	if t.root.n == 15 {
		old := t.root
		t.root = t.node(false)
		t.root.children[0] = old
		t.split(t.root, 0)
	}
	for x := t.root; ; {
		i, found := slices.BinarySearch(x.keys[:x.n], key)
		if found {
			return
		}
		if x.children == nil {
			copy(x.keys[i+1:x.n+1], x.keys[i:x.n])
			x.keys[i] = key
			x.n++
			return
		}
		if x.children[i].n == 15 {
			t.split(x, i)
			if key == x.keys[i] {
				return
			} else if key > x.keys[i] {
				i++
			}
		}
		x = x.children[i]
	}
}

// split makes two of the full child i of x.
func (t *bTree) split(x *bNode, i int) {
	low := x.children[i]
	high := t.node(low.children == nil)
	high.n = copy(high.keys[:], low.keys[8:])
	if low.children != nil {
		copy(high.children[:], low.children[8:])
		clear(low.children[8:])
	}
	copy(x.keys[i+1:x.n+1], x.keys[i:x.n])
	copy(x.children[i+2:x.n+2], x.children[i+1:x.n+1])
	x.keys[i], x.children[i+1] = low.keys[7], high
	x.n++
	low.n = 7
}

func (x *bNode) count() int {
	n := x.n
	if x.children != nil {
		for _, c := range x.children[:x.n+1] {
			n += c.count()
		}
	}
	return n
}

// An index that is built for one query and then dropped.
func ExampleScope_bTree() {
	var scope combinators.Scope
	for _, size := range []int{10, 10_000} {
		set := bTree{nodes: combinators.For[bNode](&scope), family: combinators.For[[16]*bNode](&scope)}
		for i := range 2 * size {
			set.insert(i * 7919 % size)
		}
		fmt.Println(set.root.count())
		scope.Reuse()
	}
	// Output:
	// 10
	// 10000
}

func BenchmarkBTree(b *testing.B) {
	const size = 200_003
	run := func(name string, scope *combinators.Scope, release func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				var set bTree
				if scope != nil {
					set = bTree{nodes: combinators.For[bNode](scope), family: combinators.For[[16]*bNode](scope)}
				}
				for i := range size {
					set.insert(i * 7919 % size)
				}
				if n := set.root.count(); n != size {
					b.Fatalf("%d keys, want %d", n, size)
				}
				release()
			}
		})
	}
	var reuse, reset combinators.Scope
	run("scope=reuse", &reuse, reuse.Reuse)
	reuse.Reset()
	run("scope=reset", &reset, reset.Reset)
	reset.Reset()
	run("peer=new", nil, func() {})
}
