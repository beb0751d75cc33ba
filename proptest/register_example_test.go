package proptest_test

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/proptest"
)

// session is an element type from outside this module.
type session [16]byte

// Even is a combinator from outside this module: it asks its parent for even numbers of
// values only, so that there are fewer sizes. It has no state, so it is safe for concurrent
// use if its parent is.
type Even[T any] struct{ parent allocator.Allocator[T] }

func (e Even[T]) Allocate(n int) ([]T, error) {
	if n <= 1 || allocator.CheckSize[T](n+1) != nil {
		return e.parent.Allocate(n)
	}
	s, err := e.parent.Allocate(n + n%2)
	if err != nil {
		return nil, err
	}
	return s[:n], nil
}

func (e Even[T]) Deallocate(s []T) { e.parent.Deallocate(s) }

func init() {
	proptest.Register("Even", func(below proptest.Claims) proptest.Claims {
		below.MayRefuse = below.MayRefuse || below.Capacity > 0
		below.Capacity = 0  // an odd request takes one value more
		below.Jagged = true // and may fail where there is room for the request alone
		return below
	}, func(parent allocator.Allocator[session]) allocator.Allocator[session] { return Even[session]{parent} })
}

// Have your combinator tried with every allocator that is tested.
func ExampleRegister() {
	rapid.Check(printing{}, proptest.ConformCheck(newKeeper[session]))
	fmt.Println("keeps all rules, over Even and under it too")
	// Output: keeps all rules, over Even and under it too
}
