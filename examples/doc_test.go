package examples

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documented are the packages whose names stand in the comments of others, by their
// folders.
var documented = []string{
	"allocator", "combinators", "ops", "platform", "platform/backend", "platform/inspect",
	"platform/netconn", "platform/secure", "platform/sim", "proptest", "proptest/chains",
	"proptest/contract",
}

// A library is what those packages export, such as "ops.Post" and
// "platform.Conn.Read", and the benchmarks that there are anywhere.
type library struct {
	exported   map[string]bool
	promoted   map[string][]string // the types that a type has embedded
	benchmarks map[string]bool
}

func readLibrary(t *testing.T) *library {
	t.Helper()
	l := &library{map[string]bool{}, map[string][]string{}, map[string]bool{}}
	for _, dir := range documented {
		for _, f := range parseFiles(t, dir, "*.go") {
			l.add(f)
		}
	}
	return l
}

// parseFiles returns the files of a folder. Those for a later version of Go are read as
// far as this one understands them.
func parseFiles(t *testing.T, dir, pattern string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil && !strings.HasSuffix(name, "_go127.go") {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func (l *library) add(f *ast.File) {
	pkg := f.Name.Name
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if strings.HasPrefix(d.Name.Name, "Benchmark") {
				l.benchmarks[d.Name.Name] = true
			}
			name := pkg + "."
			if d.Recv != nil {
				name += typeName(d.Recv.List[0].Type) + "."
			}
			l.exported[name+d.Name.Name] = true
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				l.addSpec(pkg, spec)
			}
		}
	}
}

func (l *library) addSpec(pkg string, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			l.exported[pkg+"."+n.Name] = true
		}
	case *ast.TypeSpec:
		name := pkg + "." + s.Name.Name
		l.exported[name] = true
		var fields *ast.FieldList
		switch u := s.Type.(type) {
		case *ast.StructType:
			fields = u.Fields
		case *ast.InterfaceType:
			fields = u.Methods
		default:
			return
		}
		for _, field := range fields.List {
			for _, n := range field.Names {
				l.exported[name+"."+n.Name] = true
			}
			if len(field.Names) == 0 {
				embedded := typeName(field.Type)
				if !strings.Contains(embedded, ".") {
					embedded = pkg + "." + embedded
				}
				l.promoted[name] = append(l.promoted[name], embedded)
			}
		}
	}
}

// has reports whether a name such as "platform.Co.Read" is there, perhaps by a type
// that is embedded.
func (l *library) has(name string) bool {
	if l.exported[name] {
		return true
	}
	i := strings.LastIndexByte(name, '.')
	for _, embedded := range l.promoted[name[:i]] {
		if l.has(embedded + name[i:]) {
			return true
		}
	}
	return false
}

// typeName returns a type without its pointer and its type arguments.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

var (
	qualified = regexp.MustCompile(`\b(?:allocator|combinators|ops|platform|backend|inspect|netconn|secure|sim|proptest|chains|contract)\.[A-Z]\w*(?:\.[A-Z]\w*)?`)
	benchmark = regexp.MustCompile(`\bBenchmark[A-Z]\w*`)
)

// missing returns the names in a text that nothing has.
func (l *library) missing(text string) (names []string) {
	for _, name := range qualified.FindAllString(text, -1) {
		if !l.has(name) {
			names = append(names, name)
		}
	}
	for _, name := range benchmark.FindAllString(text, -1) {
		if !l.benchmarks[name] {
			names = append(names, name)
		}
	}
	return names
}

// TestNamesInComments looks up every name that a comment of these packages gives with
// its package, and every benchmark: in the tables for those who come from other
// libraries, for example.
func TestNamesInComments(t *testing.T) {
	l := readLibrary(t)
	for _, dir := range documented {
		for _, f := range parseFiles(t, dir, "*.go") {
			for _, comment := range f.Comments {
				for _, name := range l.missing(comment.Text()) {
					t.Errorf("%s: %s: there is no %s in %q", dir, f.Name, name, firstLine(comment.Text()))
				}
			}
		}
	}
}

// TestMissingNames shows that the test above sees what it is for.
func TestMissingNames(t *testing.T) {
	l := readLibrary(t)
	for text, want := range map[string]string{
		"ops.Post and platform.Conn.Read":                   "",
		"platform.Co.Read is that of the ops.Co in it":      "",
		"combinators.ShardedObjects.OnPut is a field":       "",
		"ops.Executor.Execute is of an interface":           "",
		"platform.Listen, which is a method of Proactor":    "platform.Listen",
		"platform.Conn.Receive":                             "platform.Conn.Receive",
		"see BenchmarkEcho, and BenchmarkOfNothing as well": "BenchmarkOfNothing",
	} {
		if got := strings.Join(l.missing(text), " "); got != want {
			t.Errorf("missing in %q: %q, want %q", text, got, want)
		}
	}
}

// TestTablesForNewcomers checks that each row of these tables names something of ours.
func TestTablesForNewcomers(t *testing.T) {
	tables := 0
	for _, dir := range []string{"combinators", "platform"} {
		var doc strings.Builder
		for _, f := range parseFiles(t, dir, "doc*.go") {
			doc.WriteString("\n" + f.Doc.Text())
		}
		for _, section := range strings.Split(doc.String(), "\n# ")[1:] {
			if !strings.HasPrefix(section, "Coming from ") {
				continue
			}
			tables++
			rows := 0
			for line := range strings.Lines(section) {
				row, ok := strings.CutPrefix(line, "\t")
				if !ok || strings.HasPrefix(row, "there ") {
					continue
				}
				if rows++; !qualified.MatchString(row) {
					t.Errorf("%s: %s: nothing of ours in %q", dir, firstLine(section), row)
				}
			}
			if rows == 0 {
				t.Errorf("%s: %s has no table", dir, firstLine(section))
			}
		}
	}
	if tables != 4 {
		t.Errorf("%d tables, want those from net, gnet, Asio and sync.Pool", tables)
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
