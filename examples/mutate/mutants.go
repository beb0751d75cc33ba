package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A mutant is one small change of the program.
type mutant struct {
	id   int
	at   token.Position
	what string // such as "< to <="
}

// A mutator rewrites files so that one build has all mutants: each place that is
// changed asks at run time whether its mutant is the one to be.
type mutator struct {
	fset    *token.FileSet
	info    *types.Info
	mutants []mutant
}

// add makes a new mutant and returns its number.
func (m *mutator) add(at token.Pos, format string, args ...any) int {
	id := len(m.mutants) + 1
	m.mutants = append(m.mutants, mutant{id, m.fset.Position(at), fmt.Sprintf(format, args...)})
	return id
}

// An edit puts text at a place of a file. Those at one place go in the order of
// their rank.
type edit struct {
	at   token.Pos
	to   token.Pos // what is replaced ends here; at for none
	text string
	rank int
}

// rewrite returns the source of a file with all its mutants.
func (m *mutator) rewrite(file *ast.File, source []byte) []byte {
	var edits []edit
	depth := 0
	wrap := func(n ast.Node, before, after string) {
		depth++ // an outer one is seen first, begins first and ends last
		edits = append(edits, edit{n.Pos(), n.Pos(), before, depth}, edit{n.End(), n.End(), after, -depth})
	}
	var stack []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if declaration, ok := n.(*ast.GenDecl); ok && declaration.Tok != token.VAR || isDescription(n) {
			return false // types and constants cannot ask, and what prints is no matter
		}
		switch n := n.(type) {
		case *ast.BinaryExpr:
			m.binary(n, wrap, func(e edit) { edits = append(edits, e) })
		case *ast.IfStmt:
			wrap(n.Cond, "((", fmt.Sprintf(") != mutantIs(%d))", m.add(n.Cond.Pos(), "the condition to its opposite")))
		case *ast.ReturnStmt:
			for _, result := range n.Results {
				if name, ok := result.(*ast.Ident); ok && (name.Name == "true" || name.Name == "false") {
					wrap(result, "(", fmt.Sprintf(" != mutantIs(%d))", m.add(result.Pos(), "%s to its opposite", name.Name)))
				}
			}
		case ast.Stmt:
			if _, inBlock := stack[len(stack)-1].(*ast.BlockStmt); (inBlock || inClause(stack, n)) && deletable(n) {
				wrap(n, fmt.Sprintf("if !mutantIs(%d) { ", m.add(n.Pos(), "the statement left out")), " }")
			}
		}
		stack = append(stack, n)
		return true
	})
	return apply(edits, source, file.FileStart)
}

// binary mutates an expression with two operands.
func (m *mutator) binary(n *ast.BinaryExpr, wrap func(n ast.Node, before, after string), add func(edit)) {
	if m.info.Types[n].Value != nil {
		return // a constant
	}
	operator := edit{at: n.OpPos, to: n.OpPos + token.Pos(len(n.Op.String()))}
	call := func(name, what string) {
		wrap(n, fmt.Sprintf("mutant%s(%d, ", name, m.add(n.OpPos, "%s", what)), ")")
		operator.text = ","
		add(operator)
	}
	basic, _ := m.info.TypeOf(n.X).Underlying().(*types.Basic)
	switch n.Op {
	case token.LSS:
		call("Less", "< to <=")
	case token.LEQ:
		call("NotMore", "<= to <")
	case token.GTR:
		call("More", "> to >=")
	case token.GEQ:
		call("NotLess", ">= to >")
	case token.EQL, token.NEQ:
		wrap(n, "((", fmt.Sprintf(") != mutantIs(%d))", m.add(n.OpPos, "%v to its opposite", n.Op)))
	case token.LAND, token.LOR: // not (not X and not Y) is X or Y
		what := "&& to ||"
		if n.Op == token.LOR {
			what = "|| to &&"
		}
		flip := fmt.Sprintf(" != mutantIs(%d)", m.add(n.OpPos, "%s", what))
		wrap(n, "((((", ")"+flip+"))"+flip+")")
		operator.text = ")" + flip + ") " + n.Op.String() + " (("
		add(operator)
	case token.ADD, token.SUB, token.MUL:
		if basic == nil || basic.Info()&types.IsNumeric == 0 {
			return
		}
		name := map[token.Token]string{token.ADD: "Plus", token.SUB: "Minus", token.MUL: "Times"}[n.Op]
		call(name, map[string]string{"Plus": "+ to -", "Minus": "- to +", "Times": "* to +"}[name])
	}
}

// deletable reports whether a statement can be left out and the rest compiles.
func deletable(n ast.Stmt) bool {
	switch n := n.(type) {
	case *ast.ExprStmt:
		call, ok := n.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		name, ok := call.Fun.(*ast.Ident)
		return !ok || name.Name != "panic" // a function may end with it
	case *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return n.Tok != token.DEFINE
	}
	return false
}

// inClause reports whether a statement is in the body of a case.
func inClause(stack []ast.Node, n ast.Stmt) bool {
	clause, ok := stack[len(stack)-1].(*ast.CaseClause)
	return ok && slices.Contains(clause.Body, n)
}

// isDescription reports whether n is a method that says how something prints.
func isDescription(n ast.Node) bool {
	f, ok := n.(*ast.FuncDecl)
	return ok && f.Recv != nil && (f.Name.Name == "String" || f.Name.Name == "Error")
}

// apply returns the source with the edits made, which begins at start.
func apply(edits []edit, source []byte, start token.Pos) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank))
	})
	var out strings.Builder
	from := 0
	for _, e := range edits {
		at := int(e.at - start)
		out.Write(source[from:at])
		out.WriteString(e.text)
		from = int(e.to - start)
	}
	out.Write(source[from:])
	return []byte(out.String())
}

// runtime is what the mutated places call. The number of the mutant comes from the
// environment.
const runtime = `package %s

import (
	"cmp"
	"os"
	"strconv"
)

var mutantNumber, _ = strconv.Atoi(os.Getenv("` + variable + `"))

func mutantIs(id int) bool { return id == mutantNumber }

type mutantNumeric interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}

func mutantLess[T cmp.Ordered](id int, x, y T) bool    { return x < y || x == y && mutantIs(id) }
func mutantNotMore[T cmp.Ordered](id int, x, y T) bool { return x < y || x == y && !mutantIs(id) }
func mutantMore[T cmp.Ordered](id int, x, y T) bool    { return x > y || x == y && mutantIs(id) }
func mutantNotLess[T cmp.Ordered](id int, x, y T) bool { return x > y || x == y && !mutantIs(id) }

func mutantPlus[T mutantNumeric](id int, x, y T) T {
	if mutantIs(id) {
		return x - y
	}
	return x + y
}

func mutantMinus[T mutantNumeric](id int, x, y T) T {
	if mutantIs(id) {
		return x + y
	}
	return x - y
}

func mutantTimes[T mutantNumeric](id int, x, y T) T {
	if mutantIs(id) {
		return x + y
	}
	return x * y
}
`
