package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A sourcePackage is a package that is mutated, with the types of its expressions.
type sourcePackage struct {
	path   string
	fset   *token.FileSet
	files  []*sourceFile
	config types.Config
	info   types.Info
}

// A sourceFile is one of its files.
type sourceFile struct {
	pkg    *sourcePackage
	path   string
	name   string // as it is printed and listed: the path below the module
	text   []byte
	syntax *ast.File
	bare   *ast.File // without the bodies of its functions; nil until it is needed
}

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
	Module                  *struct{ Dir, GoVersion string }
}

// load parses and checks packages.
func load(ctx context.Context, patterns []string) ([]*sourcePackage, error) {
	text, err := goCommand(ctx, append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly,Module", "--"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	var wanted []listed
	for decoder := json.NewDecoder(bytes.NewReader(text)); decoder.More(); {
		var l listed
		if err := decoder.Decode(&l); err != nil {
			return nil, err
		}
		exports[l.ImportPath] = l.Export
		if !l.DepOnly {
			wanted = append(wanted, l)
		}
	}
	var packages []*sourcePackage
	for _, l := range wanted {
		p, err := l.load(exports)
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return packages, nil
}

func (l listed) load(exports map[string]string) (*sourcePackage, error) {
	p := &sourcePackage{path: l.ImportPath, fset: token.NewFileSet(), info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	p.config.Sizes = types.SizesFor("gc", runtime.GOARCH)
	p.config.Importer = importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	root := l.Dir
	if l.Module != nil {
		root = l.Module.Dir
		p.config.GoVersion = "go" + l.Module.GoVersion
	}
	for _, name := range l.GoFiles {
		f := &sourceFile{pkg: p, path: filepath.Join(l.Dir, name)}
		below, err := filepath.Rel(root, f.path)
		if err != nil {
			return nil, err
		}
		f.name = filepath.ToSlash(below)
		if f.text, err = os.ReadFile(f.path); err != nil {
			return nil, err
		}
		if f.syntax, err = parser.ParseFile(p.fset, f.path, f.text, parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
	}
	return p, p.check(p.syntax(), &p.info)
}

// offset returns where a position is in the text.
func (f *sourceFile) offset(at token.Pos) int { return int(at - f.syntax.FileStart) }

// syntax returns the files of the package.
func (p *sourcePackage) syntax() []*ast.File {
	var files []*ast.File
	for _, f := range p.files {
		files = append(files, f.syntax)
	}
	return files
}

// declarations returns the files with functions that only panic. What these files
// import may not be used.
func (p *sourcePackage) declarations() []*ast.File {
	files := make([]*ast.File, len(p.files))
	for i, f := range p.files {
		if f.bare == nil {
			bare := *f.syntax
			bare.Decls = slices.Clone(bare.Decls)
			for j, d := range bare.Decls {
				if function, ok := d.(*ast.FuncDecl); ok && function.Body != nil {
					short := *function
					short.Body = &ast.BlockStmt{Lbrace: function.Body.Lbrace, Rbrace: function.Body.Rbrace, List: []ast.Stmt{
						&ast.ExprStmt{X: &ast.CallExpr{Fun: &ast.Ident{Name: "panic", NamePos: function.Body.Lbrace}, Lparen: function.Body.Lbrace,
							Args: []ast.Expr{&ast.BasicLit{Kind: token.INT, Value: "0", ValuePos: function.Body.Lbrace}}, Rparen: function.Body.Lbrace}},
					}}
					bare.Decls[j] = &short
				}
			}
			f.bare = &bare
		}
		files[i] = f.bare
	}
	return files
}

// check finds errors of types, and what is not used.
func (p *sourcePackage) check(files []*ast.File, info *types.Info) error {
	_, err := p.config.Check(p.path, p.fset, files, info)
	return err
}

// goCommand runs the go command and returns what it prints.
func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	var problem bytes.Buffer
	c := exec.CommandContext(ctx, "go", args...)
	c.Stderr = &problem
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, &problem)
	}
	return out, nil
}
