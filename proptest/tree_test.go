package proptest

import (
	"testing"

	"pgregory.net/rapid"
)

// Every composition of this module's combinators keeps the rules. Not only
// pairs are tried: trees are up to three combinators high.
func TestTrees(t *testing.T) {
	t.Run("pointers", testTrees[Record])
	t.Run("plain", testTrees[uint64])
	t.Run("empty", testTrees[struct{}])
	t.Run("oneByte", testTrees[byte])
	t.Run("threeWords", testTrees[[3]uintptr])
	t.Run("page", testTrees[[4096]byte])
}

func testTrees[T any](t *testing.T) { rapid.Check(t, treesConform[T]) }

func treesConform[T any](t *rapid.T) {
	conformProgram(t, drawTree[T](t, rapid.IntRange(0, 3).Draw(t, "height")))
}
