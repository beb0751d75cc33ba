package proptest

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// Register adds your combinator to the compositions that [Conform], [FaultSweep]
// and [Laws] draw for elements of type T, so that every allocator is also tried
// over it and under it. Failures print it and shrink it like the combinators of
// this module.
//
// Call it before the tests run, from an init function or TestMain, once for each
// element type that is tested. The element types of [ConformAll] are in its
// signature. The name is for messages. Register panics if the name is empty or
// taken, or if build is nil.
//
// The function claims returns what the combinator promises over a parent that has
// the claims below. What holds only for calls of the parent itself is left out of
// below: SeesDoubleRelease, SeesForeign and SteadyState. A combinator that adds
// nothing and takes nothing away returns below; a nil function does the same. One
// that keeps state without a lock sets ThreadSafe and SafeAsParent to false. One
// that keeps released blocks sets Zeroed to false and Jagged to true. A wrong
// claim is reported as a fault of the combinator.
//
// A seed or a failure file of package rapid repeats a program only while the same
// combinators are registered. Any goroutine may call Register.
func Register[T any](name string, claims func(below Claims) Claims, build Builder[T]) {
	switch {
	case name == "":
		panic("proptest: Register: the combinator has no name")
	case build == nil:
		panic(fmt.Sprintf("proptest: Register: the combinator %q has no Builder", name))
	}
	if claims == nil {
		claims = func(below Claims) Claims { return below }
	}
	n := node[T]{name: name, children: 1, plan: func(_ []int, below []plan[T]) plan[T] {
		return plan[T]{claims: claims(below[0].claims.passing()), build: foreign(below[0], build)}
	}}
	of := reflect.TypeFor[T]()
	builtin := append(nodes[T](), leafNode[T](), userNode(Claims{}, build))
	registry.Lock()
	defer registry.Unlock()
	before, _ := registry.nodes[of].([]node[T])
	if slices.ContainsFunc(slices.Concat(builtin, before), func(n node[T]) bool { return n.name == name }) {
		panic(fmt.Sprintf("proptest: Register: there is a combinator %q of %v already", name, of))
	}
	registry.nodes[of] = append(before[:len(before):len(before)], n)
}

// registry has the combinators of others, as []node[T] by T.
var registry = struct {
	sync.Mutex
	nodes map[reflect.Type]any
}{nodes: make(map[reflect.Type]any)}

// registered returns the combinators of others, in the order in which they came.
func registered[T any]() []node[T] {
	registry.Lock()
	defer registry.Unlock()
	all, _ := registry.nodes[reflect.TypeFor[T]()].([]node[T])
	return all
}
