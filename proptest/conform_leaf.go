package proptest

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// leafLimit bounds what a leaf gives in one piece, in bytes.
const leafLimit = 64 << 20

// A leaf is a parent that judges how its children use it. It has the
// capabilities in able. It keeps no account of blocks of a zero-size T: they
// take no storage, and nobody can tell which block is whose.
type leaf[T any] struct {
	books  *books[T]
	number int
	limit  int // values that may be outstanding, if not 0
	values int // outstanding
	able   ability
}

// An ability is a set of the capabilities of a leaf.
type ability uint8

const (
	ownsBlocks ability = 1 << iota
	resizesBlocks
	resetsAll
	roundsUp  // to an even number of values, as GoodSize says
	givesMore // than was asked for, but for single values
	varies    // how much more

	allAbilities = 1<<iota - 1
)

func (b *books[T]) leaf(limit int, able ability) *leaf[T] {
	l := &leaf[T]{books: b, limit: limit, able: able}
	if b.apart {
		l.books = blankBooks[T]()
		l.books.guard, l.books.shared = b.guard, true
	}
	b.extend(func() {
		b.varying = b.varying || able&givesMore != 0 && able&varies != 0
		b.leaves = append(b.leaves, l)
		b.parts = append(b.parts, l.books)
		l.number = len(b.leaves)
	})
	return l
}

// refuse decides whether a request for more values fails.
func (l *leaf[T]) refuse(more, size int) error {
	b := l.books
	b.asked++
	var err error
	switch {
	case b.asked == b.fail:
		b.failed = true
		err = errInjected
	case l.limit != 0 && size > l.limit, uintptr(size) > leafLimit/b.layout.size:
		err = allocator.ErrTooLarge
	case l.limit != 0 && more > l.left():
		err = allocator.ErrExhausted
	}
	if err != nil {
		b.refused++
	}
	return err
}

var errInjected = fmt.Errorf("a fault of the sweep: %w", allocator.ErrExhausted)

// room returns the capacity of a block for n values. It never exceeds the limit.
func (l *leaf[T]) room(n, most int) int {
	if n == 1 || l.able&givesMore == 0 {
		return n
	}
	more := -n & 3 // a multiple of 4
	if l.able&varies != 0 && !l.books.steady {
		more = (l.books.values + n) & 3 // which a request that failed has left as it was
	}
	return n + min(more, most-n)
}

// left returns how many more values it can give.
func (l *leaf[T]) left() int {
	if l.limit == 0 {
		return math.MaxInt - l.values
	}
	return l.limit - l.values
}

func (l *leaf[T]) Allocate(n int) ([]T, error) {
	b := l.books
	if !b.enter() {
		return nil, allocator.ErrExhausted
	}
	defer b.leave()
	if n == 0 {
		return nil, nil
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err // nobody can have that, whatever the parent is
	}
	if b.layout.size == 0 {
		return make([]T, n), nil
	}
	if err := l.refuse(n, n); err != nil {
		b.note("%v.Allocate(%d) fails", l, n)
		return nil, err
	}
	b.note("%v.Allocate(%d)", l, n)
	room, spare := l.room(n, l.left()), 0
	if l.able&resizesBlocks != 0 {
		spare = 4
	}
	g := &grant[T]{leaf: l, storage: make([]T, room+spare), n: room}
	if b.within != nil {
		// So that what is written beside it does not end the test.
		g.storage = make([]T, room+spare+32)[16:][: room+spare : room+spare]
	}
	if !b.clears {
		b.layout.spoil(unsafe.Pointer(unsafe.SliceData(g.storage)), cap(g.storage), beforeUse)
	}
	b.gaveMore = b.gaveMore || room > n
	l.take(room)
	b.grants = append(b.grants, g)
	b.sorted = slices.Insert(b.sorted, b.from(address(g.storage)), g)
	b.live[unsafe.SliceData(g.storage)] = g
	return g.storage[:n:room], nil
}

// take counts n more values as outstanding, or fewer if n is negative.
func (l *leaf[T]) take(n int) {
	l.values += n
	l.books.values += n
}

func (l *leaf[T]) Deallocate(s []T) {
	b := l.books
	if !b.enter() {
		return
	}
	defer b.leave()
	if cap(s) == 0 || b.layout.size == 0 {
		return
	}
	b.note("%v.Deallocate(%d)", l, cap(s))
	switch g := b.live[unsafe.SliceData(s)]; {
	case b.within != nil && (g == nil || g.leaf != l || g.n != cap(s)):
		l.misused(s)
	case g == nil:
		if g := b.touched(s); g != nil {
			b.violated(parentGetsItsBlocks, "%v got back %d values that %v has back already", l, cap(s), g.leaf)
		} else if g, offset := b.holds(s); g != nil {
			b.violated(parentGetsItsBlocks, "%v got back %d values from value %d of a block of %d on; a block goes back whole", l, cap(s), offset, g.n)
		} else {
			b.violated(parentGetsItsBlocks, "%v got back a block of %d values that no parent gave", l, cap(s))
		}
	case g.leaf != l:
		b.violated(rightChild, "%v got back a block of %d values that is from %v", l, cap(s), g.leaf)
	case g.n != cap(s):
		b.violated(parentGetsItsBlocks, "%v got back %d values of a block of %d", l, cap(s), g.n)
	default:
		l.end(g)
	}
}

// end takes a grant back.
func (l *leaf[T]) end(g *grant[T]) {
	b := l.books
	delete(b.live, unsafe.SliceData(g.storage))
	g.returned = true
	l.take(-g.n)
	if b.clears {
		clear(g.storage)
	}
	b.layout.spoil(unsafe.Pointer(unsafe.SliceData(g.storage)), cap(g.storage), afterReturn)
}

func (l *leaf[T]) Owns(s []T) bool {
	b := l.books
	if cap(s) == 0 || b.layout.size == 0 || !b.enter() {
		return cap(s) != 0 && b.layout.size == 0 // all blocks are in one place
	}
	defer b.leave()
	g, _ := b.holds(s)
	return g != nil && g.leaf == l
}

func (l *leaf[T]) Resize(s []T, n int) ([]T, bool) {
	b := l.books
	if !b.enter() {
		return nil, false
	}
	defer b.leave()
	g := b.live[unsafe.SliceData(s)]
	if l.able&resizesBlocks == 0 || cap(s) == 0 || n < 1 || g == nil || n > len(g.storage) {
		return nil, false
	}
	if g.leaf != l || g.n != cap(s) {
		if b.within != nil {
			return nil, false
		}
		b.violated(parentGetsItsBlocks, "%v is asked to resize %d values of a block of %d from %v", l, cap(s), g.n, g.leaf)
		return nil, false
	}
	if n > g.n && l.refuse(n-g.n, n) != nil {
		return nil, false
	}
	b.note("%v.Resize(%d, %d)", l, cap(s), n)
	most := g.n // what needs not be asked for
	if n > g.n {
		most = min(len(g.storage), g.n+l.left())
	}
	room := l.room(n, most)
	if b.clears {
		clear(g.storage[min(room, g.n):])
	}
	l.take(room - g.n)
	g.n = room
	return g.storage[:n:room], true
}

func (l *leaf[T]) Reset() {
	b := l.books
	if !b.enter() {
		return
	}
	defer b.leave()
	b.note("%v.Reset()", l)
	for _, g := range b.grants {
		if g.leaf == l && !g.returned {
			l.end(g)
		}
	}
}

func (l *leaf[T]) GoodSize(n int) int {
	switch {
	case n < 1 || bits.Len(uint(n)) >= bits.UintSize-1:
		return n
	case l.able&givesMore != 0 && l.able&varies != 0 && n > 1:
		return n + 3
	case l.able&givesMore != 0 && n > 1:
		return n + -n&3
	case l.able&roundsUp != 0:
		return n + n%2
	}
	return n
}

func (l *leaf[T]) Capable(c allocator.Capability) bool {
	return c == allocator.CanOwn && l.able&ownsBlocks != 0 || c == allocator.CanReset && l.able&resetsAll != 0
}

func (l *leaf[T]) String() string {
	if l.limit != 0 {
		return fmt.Sprintf("leaf%d[limit %d]", l.number, l.limit)
	}
	return fmt.Sprintf("leaf%d", l.number)
}

func (b *books[T]) note(format string, args ...any) {
	if b.record {
		b.calls = append(b.calls, fmt.Sprintf(format, args...))
	}
}
