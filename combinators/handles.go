package combinators

import (
	"fmt"
	"iter"
	"math"

	"github.com/heirloom-go/heirloom/allocator"
)

// Handles keeps values under keys that are never used twice: the key of a
// removed value finds nothing, even if another value now has its place.
//
// Use it where a reference may outlive its value, or leaves the program:
// connections named by a client, operations named by the kernel, nodes of a
// graph that refer to each other. It is not an [allocator.Allocator], because a
// key is not a block, but it takes its storage from one. Each value is a block
// of one value of the parent, so Handles(Slab(Heap, 1000)) has at most a
// thousand values. A value stays where it is until it is removed.
//
// Insert and Remove cost what the parent costs and a few nanoseconds more; Get
// costs about one. A table on the Go heap has two words for each place. It has
// as many places as there have been values at once, until Trim shortens it.
//
// It is exhausted when its parent is.
//
// One goroutine at a time may use it.
//
// A key contains the number of a place in the table, and a generation that is
// increased whenever the value there is removed. After 2³²-1 values a place is
// retired, so no key ever becomes valid again.
type Handles[T any] struct {
	_      noCopy
	parent allocator.Allocator[T]
	can    capabilities[T]
	places []place[T]
	free   uint32 // the place released last, plus 1; 0 if there is none
	fresh  uint32 // the first generation of a place that is added
	count  int
	most   uint64 // places that have a number; less in tests
}

// A Handle is the key of a value in a [Handles]. The zero Handle is never the
// key of a value.
type Handle[T any] struct{ index, generation uint32 }

// A place is a place in the table.
type place[T any] struct {
	value      *T     // nil while there is none
	generation uint32 // of the value that is here, or comes next; 0 once it had all
	next       uint32 // the free place after this one, plus 1
}

// NewHandles returns a Handles with values in blocks of parent.
func NewHandles[T any](parent allocator.Allocator[T]) *Handles[T] {
	return &Handles[T]{parent: parent, can: capabilitiesOf(parent, "NewHandles"), fresh: 1, most: math.MaxUint32}
}

// Insert stores v and returns its key. It fails if the parent does.
func (a *Handles[T]) Insert(v T) (Handle[T], error) {
	if a.free == 0 && uint64(len(a.places)) >= a.most {
		return Handle[T]{}, allocator.ErrExhausted
	}
	p, err := allocator.New(a.parent)
	if err != nil {
		return Handle[T]{}, err
	}
	*p = v
	if a.free == 0 {
		a.places = append(a.places, place[T]{generation: a.fresh})
		a.free = uint32(len(a.places))
	}
	h := Handle[T]{index: a.free - 1}
	e := &a.places[h.index]
	e.value, a.free, h.generation = p, e.next, e.generation
	a.count++
	return h, nil
}

// Get returns a pointer to the value with the key h, which is valid until the
// value is removed. It returns false if no value has this key (any more).
func (a *Handles[T]) Get(h Handle[T]) (*T, bool) {
	if uint64(h.index) >= uint64(len(a.places)) {
		return nil, false
	}
	e := &a.places[h.index]
	if e.generation != h.generation || e.value == nil {
		return nil, false
	}
	return e.value, true
}

// Remove removes the value with the key h and returns it. It returns false if
// no value has this key (any more).
func (a *Handles[T]) Remove(h Handle[T]) (v T, ok bool) {
	p, ok := a.Get(h)
	if !ok {
		return v, false
	}
	v = *p
	a.remove(h.index)
	return v, true
}

// Len returns the number of values.
func (a *Handles[T]) Len() int { return a.count }

// All returns an iterator over the keys and values. Values that are inserted or
// removed meanwhile may or may not be included.
func (a *Handles[T]) All() iter.Seq2[Handle[T], *T] {
	return func(yield func(Handle[T], *T) bool) {
		for i := 0; i < len(a.places); i++ {
			e := a.places[i]
			if e.value != nil && !yield(Handle[T]{uint32(i), e.generation}, e.value) {
				return
			}
		}
	}
}

// Reset removes all values. From then on their keys find nothing.
func (a *Handles[T]) Reset() {
	for i := range a.places {
		if a.places[i].value != nil {
			a.remove(uint32(i))
		}
	}
}

// Parents implements [allocator.Composite].
func (a *Handles[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds it.
func (a *Handles[T]) String() string { return "Handles(" + allocator.Describe(a.parent) + ")" }

// remove takes the value out of a place that has one.
func (a *Handles[T]) remove(i uint32) {
	e := &a.places[i]
	p := e.value
	e.value = nil
	a.count--
	e.generation++
	if e.generation != 0 {
		e.next, a.free = a.free, i+1
	}
	allocator.Delete(a.parent, p)
}

// Key returns h as a number other than 0, for places that cannot hold a Handle,
// such as the user data of a system call.
func (h Handle[T]) Key() uint64 { return uint64(h.generation)<<32 | uint64(h.index) }

// HandleOf returns the handle whose Key is key. For any other number it returns
// a handle that finds nothing.
func HandleOf[T any](key uint64) Handle[T] {
	return Handle[T]{index: uint32(key), generation: uint32(key >> 32)}
}

// String returns the place and the generation, such as "3#1".
func (h Handle[T]) String() string { return fmt.Sprintf("%d#%d", h.index, h.generation) }
