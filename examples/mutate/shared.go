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
// those of a function, so they would be there twice.
func (m mutant) shareable() bool {
	if m.declared == nil || m.declared.Body == nil || m.start <= m.file.offset(m.declared.Body.Lbrace) {
		return false
	}
	labels := false
	ast.Inspect(m.declared.Body, func(n ast.Node) bool {
		_, label := n.(*ast.LabeledStmt)
		labels = labels || label
		return !labels
	})
	return !labels
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
