package proptest

import (
	"cmp"
	"math"
	"math/bits"
	"reflect"
	"slices"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// nodes returns the combinators that trees are made of. What a shrunk tree has
// is near the start.
func nodes[T any]() []node[T] {
	return slices.Concat(sources[T](), observers[T](), policies[T](), caches[T](), stores[T](), routers[T](), registered[T]())
}

// leafNode is the parent that keeps account. Half of the leaves have a limit.
func leafNode[T any]() node[T] {
	params := []param{{"limit", -largest[T](), 2 * largest[T]()}, {"abilities", 0, allAbilities}}
	return node[T]{name: "leaf", params: params, plan: func(p []int, _ []plan[T]) plan[T] {
		return leafPlan[T](max(0, p[0]), ability(p[1]))
	}}
}

func leafPlan[T any](limit int, able ability) plan[T] {
	return plan[T]{
		claims: Claims{SafeAsParent: true},
		build:  func(b *books[T]) allocator.Allocator[T] { return b.leaf(limit, able) },
	}
}

// ownerPlan puts what makes an Owner of any allocator over p.
func ownerPlan[T any](p plan[T]) plan[T] {
	return on(p, scopedClaims(p.claims), func(parent allocator.Allocator[T]) allocator.Allocator[T] {
		return combinators.NewScoped(parent)
	})
}

func scopedClaims(below Claims) Claims {
	c := below.passing()
	c.ThreadSafe, c.SafeAsParent = false, false
	c.SeesDoubleRelease, c.SeesForeign = true, true
	c.Loses = c.Loses || c.UntilReset // its Reset releases block by block
	return c
}

// sources need no parent.
func sources[T any]() []node[T] {
	source := func(name string, claims Claims, build func() allocator.Allocator[T]) node[T] {
		return node[T]{name: name, plan: func([]int, []plan[T]) plan[T] {
			return plan[T]{claims: claims, build: func(b *books[T]) allocator.Allocator[T] { return b.account(build(), false) }}
		}}
	}
	all := []node[T]{
		source("Null", Claims{ThreadSafe: true, MayRefuse: true, SeesForeign: true},
			func() allocator.Allocator[T] { return allocator.Null[T]{} }),
		source("Heap", Claims{ThreadSafe: true, OwnStorage: true, Zeroed: true},
			func() allocator.Allocator[T] { return allocator.Heap[T]{} }),
	}
	if _, err := allocator.NewPages[T](); err == nil {
		c := Claims{ThreadSafe: true, OwnStorage: true, Zeroed: true, SeesDoubleRelease: true, SeesForeign: true, Jagged: true}
		all = append(all, pagesNode("Pages", c, allocator.NewPages[T]), pagesNode("GuardedPages", c, allocator.NewGuardedPages[T]))
	}
	return all
}

// account returns a, or, for a program that misuses its blocks, a with books that
// keep account of it.
func (b *books[T]) account(a allocator.Allocator[T], gone bool) allocator.Allocator[T] {
	if b.within == nil {
		return a
	}
	return &accounted[T]{a, b, gone}
}

func pagesNode[T any](name string, claims Claims, build func() (*allocator.Pages[T], error)) node[T] {
	return node[T]{name: name, plan: func([]int, []plan[T]) plan[T] {
		return plan[T]{claims: claims, build: func(b *books[T]) allocator.Allocator[T] {
			pages, err := build()
			if err != nil {
				panic(err) // it was tried before
			}
			b.extend(func() { b.ends = append(b.ends, pages.Reset) })
			return b.account(pages, true)
		}}
	}}
}

// observers pass everything on.
func observers[T any]() []node[T] {
	type parent = allocator.Allocator[T]
	return []node[T]{
		layer("ThreadSafe", func(below Claims) Claims {
			c := below.passing()
			c.ThreadSafe = true
			return c
		}, func(p parent) parent { return combinators.NewThreadSafe(p) }),
		{name: "Stats", children: 1, plan: func(_ []int, below []plan[T]) plan[T] {
			return plan[T]{claims: below[0].claims.passing(), build: func(b *books[T]) parent {
				a := combinators.NewStats(below[0].build(b))
				b.audit(a, func() int { c := a.Counts(); return cmp.Or(int(c.Live), int(c.LiveBytes)) })
				return a
			}}
		}},
		layer("Profiled", Claims.passing, func(p parent) parent {
			a := combinators.NewProfiled(p)
			a.Rate = 64
			return a
		}),
		layer("Trace", Claims.passing, func(p parent) parent { return combinators.NewTrace(p, "trace") }),
		layer("Failing", Claims.passing, func(p parent) parent { return combinators.NewFailingAt(p) }),
		{name: "Checked", children: 1, params: []param{{"quarantine", 0, 8}}, plan: func(p []int, below []plan[T]) plan[T] {
			quarantine := p[0]
			c := below[0].claims.passing()
			c.SeesDoubleRelease, c.SeesForeign = true, true
			c.Zeroed = false // a released block is filled with a pattern
			return on(below[0], c, func(p parent) parent {
				a := combinators.NewChecked(p)
				a.Quarantine = quarantine
				return a
			})
		}},
		layer("Scoped", scopedClaims, func(p parent) parent { return combinators.NewScoped(p) }),
	}
}

// policies change what is asked of the parent.
func policies[T any]() []node[T] {
	type parent = allocator.Allocator[T]
	return []node[T]{
		{name: "Limit", children: 1, params: []param{{"limit", 0, 3 * largest[T]()}}, plan: func(p []int, below []plan[T]) plan[T] {
			limit := p[0]
			c := below[0].claims.passing()
			c.Capacity, c.MayRefuse = 0, true
			return plan[T]{claims: c, build: func(b *books[T]) parent {
				a := combinators.NewLimit(below[0].build(b), limit)
				b.audit(a, a.Live)
				return a
			}}
		}},
		{name: "Budgeted", children: 1, params: []param{{"limit", 0, 3 * largest[T]()}}, plan: func(p []int, below []plan[T]) plan[T] {
			limit := p[0] * int(layoutOf[T]().size)
			c := below[0].claims.passing()
			c.Capacity, c.MayRefuse = 0, true
			return plan[T]{claims: c, build: func(b *books[T]) parent {
				a := combinators.NewBudgeted(below[0].build(b), combinators.NewBudget(limit))
				b.audit(a, a.Live)
				return a
			}}
		}},
		{name: "Quantizer", children: 1, params: []param{{"step", 1, 9}}, plan: func(p []int, below []plan[T]) plan[T] {
			step := p[0]
			c := below[0].claims.passing()
			c.Capacity, c.MayRefuse = 0, c.mayRefuse()
			c.Zeroed = false // what Resize adds may have been in use
			c.Jagged = true  // it hands out more than was asked for
			return on(below[0], c, func(p parent) parent {
				return combinators.NewQuantizer(p, func(n int) int { return roundUp(n, step) })
			})
		}},
		{name: "Guarded", children: 1, params: []param{{"guard", 1, 3}}, plan: func(p []int, below []plan[T]) plan[T] {
			guard := p[0]
			c := below[0].claims.passing()
			c.Capacity, c.MayRefuse = 0, c.mayRefuse()
			c.Alignment = 0
			return on(below[0], c, func(p parent) parent { return combinators.NewGuarded(p, guard) })
		}},
		{name: "Aligned", children: 1, params: []param{{"alignment", 0, alignable[T]()}}, plan: func(p []int, below []plan[T]) plan[T] {
			power := p[0]
			alignment := 1 << power
			c := below[0].claims.passing()
			c.ThreadSafe, c.SafeAsParent = false, false
			c.Capacity, c.MayRefuse = 0, c.mayRefuse()
			c.Alignment = uintptr(alignment)
			c.Jagged = true
			c.Varies = true // how many values are skipped depends on the address
			return on(below[0], c, func(p parent) parent { return combinators.NewAligned(p, alignment) })
		}},
		layer("Zeroed", func(below Claims) Claims {
			c := below.passing()
			c.Zeroed = true
			return c
		}, func(p parent) parent { return combinators.NewZeroed(p) }),
	}
}

// alignable is the largest alignment, as a power of two, to which any block of
// T can be brought: blocks with pointers may lie 8 bytes off larger ones.
func alignable[T any]() int {
	if size := reflect.TypeFor[T]().Size(); allocator.HasPointers[T]() && size%(2*word) == 0 {
		return bits.TrailingZeros(uint(word))
	}
	return 6
}

// roundUp is a quantum for any n: what it cannot round it leaves.
func roundUp(n, step int) int {
	if n > math.MaxInt-step {
		return n
	}
	return (n + step - 1) / step * step
}

// caches keep released blocks and hand them out again.
func caches[T any]() []node[T] {
	type parent = allocator.Allocator[T]
	return []node[T]{
		layer("SingleSlot", cacheClaims, func(p parent) parent { return combinators.NewSingleSlot(p) }),
		{name: "Slots", children: 1, params: []param{{"slots", 0, 4}}, plan: func(p []int, below []plan[T]) plan[T] {
			count := p[0]
			return on(below[0], cacheClaims(below[0].claims), func(p parent) parent { return combinators.NewSlots(p, count) })
		}},
		{name: "Recycling", children: 1, params: []param{{"kept", 0, 2 * largest[T]()}}, plan: func(p []int, below []plan[T]) plan[T] {
			limit := p[0]
			return on(below[0], cacheClaims(below[0].claims), func(p parent) parent { return combinators.NewRecycling(p, limit) })
		}},
		{name: "Sharded", children: 1, params: []param{{"kept", 0, 20 * largest[T]()}}, plan: func(p []int, below []plan[T]) plan[T] {
			limit := p[0]
			c := cacheClaims(below[0].claims)
			c.ThreadSafe = true
			c.Varies = true // a shard is picked by the address of the stack
			return on(below[0], c, func(p parent) parent { return combinators.NewSharded(p, limit) })
		}},
		layer("Pool", func(below Claims) Claims {
			c := Claims{SafeAsParent: true, Loses: true, Varies: true, Jagged: true}.over(below)
			c.MayRefuse = true // the parent may have lost blocks
			return c
		}, func(p parent) parent { return combinators.NewPool(p) }),
	}
}

func cacheClaims(below Claims) Claims {
	c := below.passing()
	c.ThreadSafe, c.SafeAsParent = false, false
	c.Zeroed = false
	c.Capacity, c.MayRefuse = 0, c.mayRefuse()
	c.Jagged = true // larger blocks that are kept serve smaller requests
	return c
}

// stores divide storage of their parent.
func stores[T any]() []node[T] {
	type parent = allocator.Allocator[T]
	bounded := func(name string, claims Claims, build func(p parent, capacity int) parent) node[T] {
		return node[T]{name: name, children: 1, params: []param{{"capacity", 1, 2 * largest[T]()}}, plan: func(p []int, below []plan[T]) plan[T] {
			capacity := p[0]
			c := claims
			c.Capacity = capacity
			return on(below[0], c.over(below[0].claims), func(p parent) parent { return build(p, capacity) })
		}}
	}
	return []node[T]{
		bounded("Slab", Claims{SeesDoubleRelease: true, SeesForeign: true, SteadyState: true},
			func(p parent, capacity int) parent { return combinators.NewSlab(p, capacity) }),
		bounded("Buddy", Claims{SeesDoubleRelease: true, SeesForeign: true, SteadyState: true},
			func(p parent, capacity int) parent { return combinators.NewBuddy(p, capacity, 1) }),
		bounded("Region", Claims{SeesForeign: true, UntilReset: true, SteadyState: true},
			func(p parent, capacity int) parent { return combinators.NewRegion(p, capacity) }),
		{name: "Arena", children: 1, params: []param{{"first", 1, largest[T]()}}, plan: func(p []int, below []plan[T]) plan[T] {
			first := p[0]
			return on(below[0], Claims{UntilReset: true}.over(below[0].claims), func(p parent) parent { return combinators.NewArena(p, first) })
		}},
	}
}

// routers have several children.
func routers[T any]() []node[T] {
	type parent = allocator.Allocator[T]
	all := []node[T]{
		{name: "Buckets", children: 1, params: []param{{"first", 1, 8}, {"step", 1, 8}, {"steps", 0, 6}}, plan: func(p []int, below []plan[T]) plan[T] {
			first, step, steps := p[0], p[1], p[2]
			last := first + step*steps
			c := below[0].claims.passing()
			c.Capacity, c.MayRefuse = 0, true
			c.Zeroed = false
			c.Jagged = true
			return plan[T]{claims: c, build: func(b *books[T]) parent {
				return combinators.NewBuckets(first, last, step, func(int) parent { return below[0].build(b) })
			}}
		}},
		{name: "Segregator", children: 2, params: []param{{"threshold", 0, largest[T]()}}, plan: func(p []int, below []plan[T]) plan[T] {
			threshold := p[0]
			c := both(below[0].claims, below[1].claims)
			c.Jagged = true
			return pair(below, c, func(a, b parent) parent { return combinators.NewSegregator(a, b, threshold) })
		}},
		{name: "Fallback", children: 2, ownsFirst: true, plan: func(_ []int, below []plan[T]) plan[T] {
			c := both(below[0].claims, below[1].claims)
			c.MayRefuse = below[1].claims.mayRefuse() && below[0].claims.mayRefuse()
			return pair(below, c, func(a, b parent) parent { return combinators.NewFallback(a, b) })
		}},
		{name: "Cascade", children: 1, ownsFirst: true, plan: func(_ []int, below []plan[T]) plan[T] {
			c := below[0].claims.passing()
			c.ThreadSafe, c.SafeAsParent = false, false
			c.Capacity = 0
			c.MayRefuse = true // what a new child can never serve
			return plan[T]{claims: c, build: func(b *books[T]) parent {
				return combinators.NewCascade(func(int) parent { return below[0].build(b) })
			}}
		}},
	}
	// The last two go by who owns a block, and of a block of no size nobody can
	// tell.
	if reflect.TypeFor[T]().Size() == 0 {
		all = all[:len(all)-2]
	}
	return all
}

// both returns what a router over two children promises.
func both(a, b Claims) Claims {
	return Claims{
		ThreadSafe:   a.ThreadSafe && b.ThreadSafe,
		SafeAsParent: (a.SafeAsParent || a.ThreadSafe) && (b.SafeAsParent || b.ThreadSafe),
		MayRefuse:    a.mayRefuse() || b.mayRefuse(),
		UntilReset:   a.UntilReset || b.UntilReset,
		Keeps:        a.Keeps + b.Keeps,
		Loses:        a.Loses || b.Loses,
		Varies:       a.Varies || b.Varies,
		OwnStorage:   a.OwnStorage || b.OwnStorage,
		Zeroed:       a.Zeroed && b.Zeroed,
		Jagged:       a.Jagged || b.Jagged,
	}
}

func pair[T any](below []plan[T], claims Claims, build func(a, b allocator.Allocator[T]) allocator.Allocator[T]) plan[T] {
	return plan[T]{claims: claims, build: func(b *books[T]) allocator.Allocator[T] {
		first := below[0].build(b)
		return build(first, below[1].build(b))
	}}
}
