package main

import (
	"go/ast"
	"go/token"
	"slices"
)

// removable reports whether a statement can be left out and the rest may compile.
func removable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE
	case *ast.ExprStmt, *ast.SendStmt, *ast.IncDecStmt, *ast.GoStmt, *ast.DeferStmt:
		return true
	}
	return false
}

// inList reports whether a statement is one of a block or a case, and not a part of
// another statement.
func (f *finder) inList(s ast.Stmt) bool {
	switch parent := f.stack[len(f.stack)-1].(type) {
	case *ast.BlockStmt:
		return true
	case *ast.CaseClause:
		return true
	case *ast.CommClause:
		return parent.Comm != s
	}
	return false
}

// branches leaves out the body of an if, and its else.
func (f *finder) branches(n *ast.IfStmt) {
	if !removedAnyway(n.Body.List) {
		f.replace(n.Body, "{}")
	}
	switch other := n.Else.(type) {
	case *ast.IfStmt:
		f.add(n.Body.End(), other.End(), "", "")
	case *ast.BlockStmt:
		if !removedAnyway(other.List) {
			f.add(n.Body.End(), other.End(), "", "")
		}
	}
}

// clause leaves out the body of a case.
func (f *finder) clause(body []ast.Stmt) {
	if !removedAnyway(body) {
		f.add(body[0].Pos(), body[len(body)-1].End(), "", "")
	}
}

// removedAnyway reports whether leaving out all the statements is nothing new.
func removedAnyway(body []ast.Stmt) bool {
	return len(body) == 0 || len(body) == 1 && slices.ContainsFunc(body, removable)
}
