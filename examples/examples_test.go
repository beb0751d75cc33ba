package examples

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unshown are what no example can show, with the reason.
var unshown = map[string]string{
	"backend.Role": "it is for those who adopt sockets of the system, which takes a kernel interface",
	"ops.Splicer":  "only a platform is one; ExampleConn_StartSplice of package platform shows it at work",
}

// TestExamples checks that there is an example for whatever a package exports: one of its
// name, or one that uses it. A type may have its constructors or its constants used.
func TestExamples(t *testing.T) {
	shown := make(map[string]bool)
	packages := make(map[string]*doc.Package)
	for _, dir := range documented {
		files, tests, fset := filesOf(t, dir)
		showExamples(shown, tests)
		p, err := doc.NewFromFiles(fset, files, dir)
		if err != nil {
			t.Fatal(err)
		}
		packages[p.Name] = p
	}
	for name, p := range packages {
		check := func(what string, names ...string) {
			if slices.ContainsFunc(append(names, what), func(n string) bool { return shown[name+"."+n] }) {
				return
			}
			if _, ok := unshown[name+"."+what]; !ok {
				t.Errorf("there is no Example%s in package %s, nor one that uses it", what, name)
			}
		}
		for _, f := range p.Funcs {
			check(f.Name)
		}
		for _, typ := range p.Types {
			var values []string
			for _, f := range typ.Funcs {
				check(f.Name)
				values = append(values, f.Name)
			}
			for _, c := range typ.Consts {
				values = append(values, c.Names...)
			}
			check(typ.Name, values...)
		}
	}
	for what := range unshown {
		if shown[what] {
			t.Errorf("an example uses %s, so it is no exception", what)
		}
	}
}

// showExamples adds what examples have the names of, and what they use: by themselves, or by
// what else is declared in their package and used by them.
func showExamples(shown map[string]bool, tests []*ast.File) {
	declared := make(map[string][]ast.Node)
	for _, f := range tests {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					name = typeName(d.Recv.List[0].Type)
				} else if what, ok := strings.CutPrefix(name, "Example"); ok {
					what, _, _ = strings.Cut(what, "_")
					shown[strings.TrimSuffix(f.Name.Name, "_test")+"."+what] = true
				}
				declared[name] = append(declared[name], d)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						declared[s.Name.Name] = append(declared[s.Name.Name], s)
					case *ast.ValueSpec:
						for _, n := range s.Names {
							declared[n.Name] = append(declared[n.Name], s)
						}
					}
				}
			}
		}
	}
	var use func(n ast.Node) bool
	use = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			shown[typeName(n)] = true
		case *ast.Ident:
			nodes := declared[n.Name]
			delete(declared, n.Name)
			for _, d := range nodes {
				ast.Inspect(d, use)
			}
		}
		return true
	}
	for _, name := range slices.Collect(maps.Keys(declared)) {
		if strings.HasPrefix(name, "Example") {
			use(ast.NewIdent(name))
		}
	}
}

// filesOf returns the files of a folder, and those of its tests apart.
func filesOf(t *testing.T, dir string) (files, tests []*ast.File, fset *token.FileSet) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset = token.NewFileSet()
	for _, name := range names {
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		switch {
		case strings.HasSuffix(name, "_go127.go"): // this version of Go may not understand it
		case err != nil:
			t.Fatal(err)
		case strings.HasSuffix(name, "_test.go"):
			tests = append(tests, f)
		default:
			files = append(files, f)
		}
	}
	return files, tests, fset
}
