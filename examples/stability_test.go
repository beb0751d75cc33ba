package examples

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestStability compares what package platform promises to keep with the packages that
// there are, and with what the comparison with the last release lets pass.
func TestStability(t *testing.T) {
	promised := promises(t)
	out, err := exec.Command("go", "list", "-f", "{{.Name}} {{.ImportPath}}", "../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/heirloom-go/heirloom/"
	there := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		path = strings.TrimPrefix(path, module)
		if strings.HasPrefix(path, "examples/") {
			path = "examples" // whatever there is below it
		}
		if name == "main" || strings.Contains(path, "internal") {
			continue
		}
		there[path] = true
		if promised[path] == "" {
			t.Errorf("platform/doc.go does not say whether package %s is frozen", path)
		}
	}
	for path := range promised {
		if !there[path] {
			t.Errorf("platform/doc.go says whether package %s is frozen, and there is none", path)
		}
	}

	script, err := os.ReadFile(filepath.FromSlash("../.ci/api"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^unfrozen='(.*)'`).FindSubmatch(script)
	if line == nil {
		t.Fatal(".ci/api does not say what is not frozen")
	}
	unfrozen := regexp.MustCompile(string(line[1]))
	for path, promise := range promised {
		frozen := strings.HasPrefix(promise, "frozen")
		if passes := unfrozen.MatchString("- ./" + path + ".X: removed"); passes == frozen {
			t.Errorf("package %s is %s, and .ci/api passes it: %v", path, promise, passes)
		}
		_, but, _ := strings.Cut(promise, ", but for ")
		for _, name := range strings.FieldsFunc(but, func(r rune) bool { return r == ',' || r == ' ' }) {
			if name == "and" {
				continue
			}
			if !exported(t, path)[name] {
				t.Errorf("there is no %s.%s", path, name)
			}
			for _, member := range []string{"", ".X"} {
				if !unfrozen.MatchString("- ./" + path + "." + name + member + ": changed") {
					t.Errorf("%s.%s is not frozen, and .ci/api does not pass it", path, name)
				}
			}
		}
	}
	if !unfrozen.MatchString("- ./ops.KindPost: value changed") {
		t.Error("the kinds of an operation are not frozen, and .ci/api does not pass them")
	}
	for _, kept := range []string{"./ops.Handler", "./ops.OperationLike", "./platform.Conn.Read", "./platform/sim.World"} {
		if unfrozen.MatchString("- " + kept + ": removed") {
			t.Errorf(".ci/api passes %s", kept)
		}
	}
}

// promises returns what the documentation of package platform says of each package.
func promises(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash("../platform/doc.go"), nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(file.Doc.Text(), "\n# What stays as it is\n")
	section, _, _ = strings.Cut(section, "\n# ")
	promised := make(map[string]string)
	for _, row := range regexp.MustCompile(`(?m)^\t(\S+) +(\S.*)$`).FindAllStringSubmatch(section, -1) {
		promised[row[1]] = row[2]
	}
	if !found || len(promised) == 0 {
		t.Fatal("platform/doc.go does not say what stays as it is")
	}
	return promised
}

// exported returns the names of the types of a package.
func exported(t *testing.T, path string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(path), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			continue // of a later language
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok {
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok {
						names[s.Name.Name] = true
					}
				}
			}
		}
	}
	return names
}
