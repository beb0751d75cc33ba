package proptest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// finish ends a program: everything is released, in some order, has to be
// where it came from, and the allocator has to be as good as new.
func (m *machine[T]) finish(e ending) {
	m.withoutFailures()
	m.releaseAll(e.orders[0], false)
	if len(m.released) != 0 {
		m.collect()
	}
	if m.layout.size != 0 {
		m.misuse()
	}
	m.settle()
	if !m.claims.Loses && m.layout.size != 0 && (!m.claims.UntilReset || m.resetter != nil) {
		m.refill(e)
		m.again(e)
	}
	m.books.untouched()
	m.call(func() {})
}

// An order is an order in which blocks are released.
type order int

const (
	asAllocated order = iota
	reverse
	shuffled
)

func (o order) String() string { return [...]string{"as allocated", "reverse", "shuffled"}[o] }

// An ending is how a program ends, as far as that is drawn.
type ending struct {
	orders   [3]order
	replaced int // the index of a block, modulo how many there are
	again    []int
}

func drawOrder(t *rapid.T) order {
	return order(rapid.IntRange(0, 2).Draw(t, "order of release"))
}

func drawEnding[T any](t *rapid.T) *ending {
	e := new(ending)
	for i := range e.orders {
		e.orders[i] = drawOrder(t)
	}
	e.replaced = rapid.IntRange(0, 199).Draw(t, "replaced")
	e.again = rapid.SliceOfN(rapid.IntRange(1, largest[T]()), 1, 4).Draw(t, "again")
	return e
}

func (m *machine[T]) releaseAll(o order, probe bool) {
	blocks := slices.Clone(m.live)
	switch o {
	case reverse:
		slices.Reverse(blocks)
	case shuffled:
		rand.New(rand.NewPCG(1, uint64(len(blocks)))).Shuffle(len(blocks), func(i, j int) {
			blocks[i], blocks[j] = blocks[j], blocks[i]
		})
	}
	for _, b := range blocks {
		m.deallocate(b, b.n, probe)
	}
}

// settle brings an allocator without live blocks to where it holds nothing,
// and checks that.
func (m *machine[T]) settle() {
	if m.claims.UntilReset && m.resetter != nil {
		m.reset()
	}
	if m.trimmer != nil {
		m.trim()
	}
	m.trimBelow()
	if m.claims.Loses || m.claims.UntilReset && m.resetter == nil {
		return
	}
	if held := m.books.values; held > m.claims.Keeps {
		m.fail(noLeak, "%s", leaked(held, m.trimmer != nil))
	}
	if m.layout.size == 0 {
		return // blocks of no size cannot be told apart, so they need not go back to where they came from
	}
	if text := m.books.settled(); text != "" && m.claims.Keeps == 0 {
		m.fail(countsToNothing, "%s", text)
	}
}

// leaked says how much the parent lacks, and what an allocator that keeps it can do.
func leaked(held int, trims bool) string {
	text := fmt.Sprintf("everything is released, and the parent does not have %d values back", held)
	if !trims {
		text += "; an allocator that keeps some has a Trim, or claims Keeps, Loses or UntilReset"
	}
	return text
}

// trimBelow trims what is below an allocator that need not pass a Trim on.
func (m *machine[T]) trimBelow() { m.books.trimBelow(m.call) }

// enough bounds how far a fill goes.
func (m *machine[T]) enough() int { return max(8, int(min(200, 256<<10/m.layout.size))) }

// fillUp allocates single values until that fails and returns how many there
// were.
func (m *machine[T]) fillUp() int {
	count := 0
	for count < m.enough() && m.allocate(0, 1) != nil {
		count++
	}
	return count
}

// refill compares the room that there is with that in a new allocator.
func (m *machine[T]) refill(e ending) {
	fresh := m.twin()
	m.books.steady, fresh.books.steady = true, true
	room := fresh.fillUp()
	if c := m.claims.Capacity; c != 0 && fresh.books.refused == 0 && room != min(c, m.enough()) {
		m.fail(holdsItsCapacity, "a new one has room for %d values; the capacity is %d", room, c)
	}
	o := e.orders[1]
	m.write("for range %d { a.Allocate(1) } // until it fails; then released in order: %v", room, o)
	switch got := m.fillUp(); {
	case got == 0 && room != 0 && m.trimmer != nil:
		m.fail(usableAfterTrim, "after a Trim there is room for nothing; a new one has room for %d values", room)
	case got < room && m.claims.UntilReset:
		m.fail(resetRestores, "after a Reset there is room for %d values; a new one has room for %d", got, room)
	case got < room:
		m.fail(allComesBack, "everything is released, and there is room for %d values; a new one has room for %d", got, room)
	}
	if !m.claims.UntilReset && room != 0 && room < m.enough() {
		m.oneForOne(e.replaced % len(m.live))
	}
	m.releaseAll(o, true)
	if m.claims.UntilReset {
		m.reset()
	}
	if got := m.fillUp(); got < room {
		p := allComesBack
		if m.claims.UntilReset {
			p = resetRestores
		}
		m.fail(p, "the second time there is room for %d values; a new one has room for %d", got, room)
	}
	m.releaseAll(e.orders[2], true)
	m.settle()
}

// oneForOne replaces one block of a full allocator.
func (m *machine[T]) oneForOne(i int) {
	m.write("release the block number %d of these and a.Allocate(1)", i)
	m.deallocate(m.live[i], 1, true)
	if m.allocate(0, 1) == nil {
		m.fail(oneForOne, "no room for one value after one was released")
	}
}

// again does the same work several times and looks at what is taken from the
// parent. Most rounds are for warming up: a cache may get used to the work, and
// a block that holds back what is released holds back its fill.
func (m *machine[T]) again(e ending) {
	const warm, rounds = 40, 48
	sizes := e.again
	m.write("for range %d { allocate %d and release them }", rounds, sizes)
	peak := 0
	for round := range rounds {
		for _, n := range sizes {
			m.allocate(0, n)
			if round >= warm && m.books.values > peak {
				m.trimBelow() // a layer above may have dropped one that did not
			}
			if round >= warm && m.books.values > peak {
				m.fail(flat, "round %d of the same work holds %d values of the parent; before it was %d at most", round+1, m.books.values, peak)
			}
			peak = max(peak, m.books.values)
		}
		m.releaseAll(shuffled, true)
		if m.claims.UntilReset {
			m.reset()
		}
	}
	m.settle()
}

// misuse breaks the rules, where the allocator claims to see it.
func (m *machine[T]) misuse() {
	if m.claims.SeesDoubleRelease && m.last != nil {
		m.write("the last Deallocate once more")
		m.expectMisuse("releasing a block twice", m.last)
	}
	if m.claims.SeesForeign {
		m.write("a.Deallocate(make([]T, 3))")
		m.expectMisuse("releasing a block of the Go heap", make([]T, 3))
	}
}

func (m *machine[T]) expectMisuse(what string, s []T) {
	var got any
	func() {
		defer func() { got = recover() }()
		m.a.Deallocate(s)
	}()
	if e, ok := got.(*allocator.MisuseError); !ok {
		m.fail(misusePanics, "%s does not panic with a *MisuseError, but with %v", what, addresses.ReplaceAllString(describePanic(got), "0x…"))
	} else if e.Block != uintptr(unsafe.Pointer(unsafe.SliceData(s))) {
		m.fail(misusePanics, "%s panics with a *MisuseError about another block: %s", what, e.Problem)
	}
	m.books.violations = nil // the parent may have seen it as well
}
