package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// A mutant is one small change of a file: the text from start to end is replaced.
type mutant struct {
	id         int // from 1
	file       *sourceFile
	declared   *ast.FuncDecl // around it; nil for none
	start, end int
	text       string

	line     int
	function string
	change   string // such as "a < b => a <= b"
}

// String returns how the mutant is printed.
func (m mutant) String() string {
	return fmt.Sprintf("%s:%d: %s, in %s", m.file.name, m.line, m.change, m.function)
}

// key returns how the mutant is listed.
func (m mutant) key() string { return m.file.name + ": " + m.function + ": " + m.change }

// source returns the text of the file with the change.
func (m mutant) source() []byte {
	return slices.Concat(m.file.text[:m.start], []byte(m.text), m.file.text[m.end:])
}

// compiles reports whether the package compiles with the change. One in a function is
// no matter of other files, so that their functions are not looked at.
func (m mutant) compiles() bool {
	p := m.file.pkg
	changed, err := parser.ParseFile(p.fset, m.file.path, m.source(), parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	files := p.syntax()
	if m.declared != nil {
		files = p.declarations()
	}
	files[slices.IndexFunc(p.files, func(f *sourceFile) bool { return f == m.file })] = changed
	config, good := p.config, true
	config.Error = func(err error) {
		if at := err.(types.Error); m.declared == nil || p.fset.File(at.Pos) == p.fset.File(changed.Pos()) {
			good = false
		}
	}
	config.Check(p.path, p.fset, files, nil)
	return good
}

// mutants returns all mutants of the package, in the order of the text. There are none
// in statements that are calls and match ignore, if that is not nil.
func (p *sourcePackage) mutants(ignore *regexp.Regexp) []mutant {
	var all []mutant
	for _, file := range p.files {
		f := &finder{file: file, ignore: ignore}
		ast.PreorderStack(file.syntax, nil, func(n ast.Node, stack []ast.Node) bool {
			return f.visit(n, stack)
		})
		slices.SortStableFunc(f.mutants, func(a, b mutant) int { return a.start - b.start })
		all = append(all, f.mutants...)
	}
	number(all)
	return all
}

// number tells apart the changes of a function that read the same.
func number(all []mutant) {
	seen := map[string]int{}
	for i := range all {
		key := all[i].key()
		seen[key]++
		if n := seen[key]; n > 1 {
			all[i].change += fmt.Sprintf(" (%d)", n)
		}
	}
}

// A finder collects the mutants of a file.
type finder struct {
	file    *sourceFile
	ignore  *regexp.Regexp
	stack   []ast.Node // around the node that is visited
	mutants []mutant
}

// visit adds the mutants of a node, and reports whether to go on into it.
func (f *finder) visit(n ast.Node, stack []ast.Node) bool {
	f.stack = stack
	switch n := n.(type) {
	case *ast.ImportSpec, *ast.TypeSpec:
		return false
	case *ast.FuncDecl:
		return !describes(n)
	case *ast.ExprStmt:
		if f.ignore != nil && f.ignore.MatchString(f.source(n.Pos(), n.End())) {
			return false
		}
	case *ast.CallExpr:
		name, ok := n.Fun.(*ast.Ident)
		return !ok || name.Name != "panic"
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.replace(n, f.source(n.X.Pos(), n.X.End()))
		}
	case *ast.BasicLit:
		f.swap(n, n.Value, map[string]string{"0": "1", "1": "0"})
	case *ast.Ident:
		f.swap(n, n.Name, map[string]string{"true": "false", "false": "true"})
	case *ast.IncDecStmt:
		f.operator(n, n.TokPos, n.Tok, map[token.Token]token.Token{token.INC: token.DEC, token.DEC: token.INC})
	case *ast.AssignStmt:
		f.operator(n, n.TokPos, n.Tok, map[token.Token]token.Token{token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN})
	case *ast.BranchStmt:
		f.operator(n, n.TokPos, n.Tok, map[token.Token]token.Token{token.BREAK: token.CONTINUE, token.CONTINUE: token.BREAK})
	case *ast.ReturnStmt:
		f.returned(n)
	case *ast.ForStmt:
		f.negate(n.Cond)
	case *ast.IfStmt:
		f.negate(n.Cond)
		f.branches(n)
	case *ast.CaseClause:
		f.clause(n.Body)
	case *ast.CommClause:
		f.clause(n.Body)
	}
	if s, ok := n.(ast.Stmt); ok && removable(s) && f.inList(s) {
		f.replace(s, "")
	}
	return true
}

// describes reports whether a function says how something prints.
func describes(f *ast.FuncDecl) bool {
	return f.Recv != nil && slices.Contains([]string{"String", "GoString", "Error"}, f.Name.Name)
}

// operators are those of expressions, with what becomes of them.
var operators = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL, token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.ADD,
}

// binary exchanges an operator. Parentheses keep the operands what they were.
func (f *finder) binary(n *ast.BinaryExpr) {
	if to, ok := operators[n.Op]; ok {
		x, y := f.source(n.Pos(), n.OpPos), f.source(n.OpPos+token.Pos(len(n.Op.String())), n.End())
		f.add(n.Pos(), n.End(), "("+x+to.String()+y+")", x+to.String()+y)
	}
}

// operator exchanges that of a statement.
func (f *finder) operator(n ast.Node, at token.Pos, from token.Token, table map[token.Token]token.Token) {
	if to, ok := table[from]; ok {
		f.replace(n, f.source(n.Pos(), at)+to.String()+f.source(at+token.Pos(len(from.String())), n.End()))
	}
}

// swap exchanges a constant.
func (f *finder) swap(n ast.Node, from string, table map[string]string) {
	if to, ok := table[from]; ok {
		f.replace(n, to)
	}
}

// negate turns a condition into its opposite, unless another mutant does so.
func (f *finder) negate(condition ast.Expr) {
	switch c := ast.Unparen(condition).(type) {
	case nil:
		return
	case *ast.UnaryExpr:
		if c.Op == token.NOT {
			return
		}
	case *ast.BinaryExpr:
		if c.Op == token.EQL || c.Op == token.NEQ {
			return
		}
	}
	f.replace(condition, "!("+f.source(condition.Pos(), condition.End())+")")
}

// returned loses an error.
func (f *finder) returned(n *ast.ReturnStmt) {
	results := f.results()
	if results == nil || len(n.Results) == 0 || len(n.Results) != results.NumFields() {
		return
	}
	last := n.Results[len(n.Results)-1]
	declared := results.List[len(results.List)-1].Type
	info := f.file.pkg.info
	if types.Identical(info.TypeOf(declared), types.Universe.Lookup("error").Type()) && !info.Types[last].IsNil() {
		f.add(last.Pos(), last.End(), "nil", "nil")
	}
}

// results returns those of the function around the node.
func (f *finder) results() *ast.FieldList {
	for _, n := range slices.Backward(f.stack) {
		switch n := n.(type) {
		case *ast.FuncLit:
			return n.Type.Results
		case *ast.FuncDecl:
			return n.Type.Results
		}
	}
	return nil
}

// source returns a part of the file.
func (f *finder) source(from, to token.Pos) string {
	return string(f.file.text[f.file.offset(from):f.file.offset(to)])
}

// replace adds the mutant that has a text instead of a node.
func (f *finder) replace(n ast.Node, text string) { f.add(n.Pos(), n.End(), text, text) }

// add adds a mutant, whose text is printed as shown.
func (f *finder) add(from, to token.Pos, text, shown string) {
	declared := f.declared()
	f.mutants = append(f.mutants, mutant{
		file: f.file, declared: declared, start: f.file.offset(from), end: f.file.offset(to), text: text,
		line:     f.file.pkg.fset.Position(from).Line,
		function: nameOf(declared),
		change:   describe(f.source(from, to), shown),
	})
}

// declared returns the declared function around the node.
func (f *finder) declared() *ast.FuncDecl {
	for _, n := range f.stack {
		if n, ok := n.(*ast.FuncDecl); ok {
			return n
		}
	}
	return nil
}

// nameOf returns the name of a function, with that of the receiver's type.
func nameOf(f *ast.FuncDecl) string {
	if f == nil {
		return "package"
	}
	if f.Recv == nil {
		return f.Name.Name
	}
	receiver, _, _ := strings.Cut(types.ExprString(f.Recv.List[0].Type), "[")
	return strings.TrimPrefix(receiver, "*") + "." + f.Name.Name
}
