package proptest

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// Register adds a combinator of yours to the compositions that [Conform],
// [FaultSweep] and [Laws] draw for elements of type T, so that every allocator is
// tried over and under it too. A failure prints and shrinks it like those of this
// module.
//
// It is called before the tests run, from an init or a TestMain, once for each
// element type that is tested; those of [ConformAll] are its type parameters. The
// name is what messages call the combinator in the course of drawing, and must
// be new among those of T.
//
// Claims returns what the combinator promises over a parent with the claims below,
// from which all that concerns the parent's own calls is left out already: a
// combinator that adds nothing and takes nothing away returns below as it is, which
// is what nil does. One that keeps state without a lock sets ThreadSafe and
// SafeAsParent to false, one that keeps released blocks sets Zeroed to false and
// Jagged to true. What is claimed wrongly is reported as a fault of the
// combinator.
//
// What a seed or a failure file of rapid stands for depends on what is registered.
// Any goroutine may call Register.
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
