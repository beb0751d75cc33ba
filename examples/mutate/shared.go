package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// variable is the environment variable with the number of the mutant.
const variable = "MUTANT"

// chosen is a file that is added to a package with many mutants.
const chosen = `package %s

import (
	"os"
	"strconv"
)

// mutantNumber is the mutant that runs; 0 is none.
var mutantNumber, _ = strconv.Atoi(os.Getenv("` + variable + `"))
`

// shareable reports whether a mutant can be in one build with others: it is in the
// body of a function that can hold several bodies, one for each mutant. Labels are
// those of a function, so they would be there twice. And := assigns to a parameter or
// a result where the body is that of the function, and in a block declares another
// variable.
func (m mutant) shareable() bool {
	f := m.declared
	if f == nil || f.Body == nil || m.start <= m.file.offset(f.Body.Lbrace) {
		return false
	}
	labels := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		_, label := n.(*ast.LabeledStmt)
		labels = labels || label
		return !labels
	})
	return !labels && !slices.ContainsFunc(f.Body.List, func(s ast.Stmt) bool { return assignsTo(s, parameters(f)) })
}

// parameters returns the names of what a function has before it begins.
func parameters(f *ast.FuncDecl) []string {
	var names []string
	for _, list := range []*ast.FieldList{f.Recv, f.Type.Params, f.Type.Results} {
		if list == nil {
			continue
		}
		for _, field := range list.List {
			for _, name := range field.Names {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

// assignsTo reports whether a statement is := with one of the names.
func assignsTo(s ast.Stmt, names []string) bool {
	a, ok := s.(*ast.AssignStmt)
	return ok && a.Tok == token.DEFINE && slices.ContainsFunc(a.Lhs, func(e ast.Expr) bool {
		name, ok := e.(*ast.Ident)
		return ok && name.Name != "_" && slices.Contains(names, name.Name)
	})
}

// body returns that of the function of the mutant, with the change.
func (m mutant) body() string {
	start, end := m.file.offset(m.declared.Body.Lbrace)+1, m.file.offset(m.declared.Body.Rbrace)
	text := m.file.text
	return string(text[start:m.start]) + m.text + string(text[m.end:end])
}

// share writes the files of a package with all mutants that can share a build, and
// returns an overlay for it. A function asks at its begin which mutant runs, and does
// what that one does.
func share(p *sourcePackage, mutants []mutant, dir string) (string, error) {
	replace := map[string]string{}
	write := func(path, text string) error {
		replace[path] = filepath.Join(dir, fmt.Sprintf("shared%d.go", len(replace)))
		return os.WriteFile(replace[path], []byte(text), 0o600)
	}
	for _, f := range p.files {
		bodies := map[token.Pos]*strings.Builder{}
		var at []token.Pos
		for _, m := range mutants {
			if m.file != f || !m.shareable() {
				continue
			}
			begin := m.declared.Body.Lbrace + 1
			if bodies[begin] == nil {
				bodies[begin], at = new(strings.Builder), append(at, begin)
			}
			end := ""
			if m.declared.Type.Results == nil {
				end = "return\n"
			}
			fmt.Fprintf(bodies[begin], "\nif mutantNumber == %d {%s\n%s}\n", m.id, m.body(), end)
		}
		slices.Sort(at)
		var text strings.Builder
		from := 0
		for _, pos := range at {
			to := f.offset(pos)
			text.Write(f.text[from:to])
			text.WriteString(bodies[pos].String())
			from = to
		}
		text.Write(f.text[from:])
		if len(at) > 0 {
			if err := write(f.path, text.String()); err != nil {
				return "", err
			}
		}
	}
	first := p.files[0]
	if err := write(filepath.Join(filepath.Dir(first.path), "mutate_chosen.go"), fmt.Sprintf(chosen, first.syntax.Name.Name)); err != nil {
		return "", err
	}
	return writeOverlay(dir, replace)
}
