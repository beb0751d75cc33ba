package proptest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every composition of this module's combinators keeps the rules. Not only
// pairs are tried: trees are up to three combinators high.
func TestTrees(t *testing.T) {
	t.Run("pointers", testTrees[Pointerful])
	t.Run("plain", testTrees[uint64])
	t.Run("empty", testTrees[struct{}])
	t.Run("oneByte", testTrees[byte])
	t.Run("threeWords", testTrees[[3]uintptr])
	t.Run("page", testTrees[[4096]byte])
	t.Run("padded", testTrees[Padded])
}

func testTrees[T any](t *testing.T) { rapid.Check(t, treesConform[T]()) }

func treesConform[T any]() func(*rapid.T) {
	return property(func(t *rapid.T) *found {
		return runs(t, drawTree[T](t, rapid.IntRange(0, 3).Draw(t, "height")))
	})
}

// A new combinator is not forgotten: each type with an Allocate has a node.
func TestEveryAllocatorHasANode(t *testing.T) {
	var names []string
	for _, n := range nodes[uint64]() {
		names = append(names, n.name)
	}
	for _, directory := range []string{"../allocator", "../combinators"} {
		files, err := filepath.Glob(filepath.Join(directory, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s, error %v", directory, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_go127.go") {
				continue // the parser of one version cannot read the language of a later one
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range parsed.Decls {
				if name := allocates(d); ast.IsExported(name) && !slices.Contains(names, name) {
					t.Errorf("%s has no node in tree_nodes.go", name)
				}
			}
		}
	}
}

// allocates returns the type that a declaration gives an Allocate, or nothing.
func allocates(d ast.Decl) string {
	f, ok := d.(*ast.FuncDecl)
	if !ok || f.Name.Name != "Allocate" || f.Recv == nil {
		return ""
	}
	if _, slice := f.Type.Results.List[0].Type.(*ast.ArrayType); !slice {
		return "" // such as Shared, which gives references
	}
	receiver := f.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	if name, ok := receiver.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}
