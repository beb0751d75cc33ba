package combinators

import "math/bits"

// An order is the blocks of smallest<<k values, numbered by their place.
type order struct {
	free, taken bitmap
	count       int // free blocks
	low         int // no free block has a smaller number
}

// divide makes all storage free, the largest parts first.
func (a *Buddy[T]) divide() {
	units := a.capacity >> a.shift
	if a.orders == nil {
		a.orders = make([]order, a.sizes())
		for k := range a.orders {
			a.orders[k].free, a.orders[k].taken = newBitmap(units>>k), newBitmap(units>>k)
		}
	}
	for k := range a.orders {
		o := &a.orders[k]
		clear(o.free)
		clear(o.taken)
		o.count = 0
	}
	a.some, a.used = 0, 0
	for i := 0; i < units; {
		k := bits.Len(uint(units-i)) - 1 // i is a multiple of 1<<k, as no part before was smaller
		a.add(k, i>>k)
		i += 1 << k
	}
}

func (a *Buddy[T]) add(k, at int) {
	o := &a.orders[k]
	o.free.put(at)
	o.count++
	o.low = min(o.low, at)
	a.some |= 1 << k
}

func (a *Buddy[T]) remove(k, at int) {
	o := &a.orders[k]
	o.free.take(at)
	if o.count--; o.count == 0 {
		a.some &^= 1 << k
	}
}
