// go/parser over what stands on standard input, for checks.yaml: nothing of it
// is compiled, and nothing is run.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
)

var out = bufio.NewWriter(os.Stdout)

// Words are of the text, which must not write lines of this answer.
func say(words ...string) {
	clean := strings.NewReplacer("\t", " ", "\r", " ", "\n", " ")
	for i, w := range words {
		words[i] = clean.Replace(w)
	}
	fmt.Fprintln(out, strings.Join(words, "\t"))
}

func wanted(arg int) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(os.Args[arg]) {
		all[w] = true
	}
	return all
}

// One text: how its packages are called in it, and what strings are given to.
type text struct {
	places       *token.FileSet
	calls, names map[string]bool
	packages     map[string]string
	given        map[ast.Expr]string
}

func (t *text) say(kind string, at ast.Node, words ...string) {
	p := t.places.Position(at.Pos())
	say(append([]string{kind, strconv.Itoa(p.Line), strconv.Itoa(p.Column)},
		words...)...)
}

func (t *text) imported(s *ast.ImportSpec) {
	from, err := strconv.Unquote(s.Path.Value)
	if err != nil {
		return
	}
	if s.Name != nil {
		t.packages[s.Name.Name] = path.Base(from)
	}
	t.say("i", s, from)
}

// A path of names; empty where it is none.
func (t *text) dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		if name, ok := t.packages[e.Name]; ok {
			return name
		}
		return e.Name
	case *ast.SelectorExpr:
		return t.dotted(e.X) + "." + e.Sel.Name
	case *ast.ParenExpr:
		return t.dotted(e.X)
	case *ast.IndexExpr:
		return t.dotted(e.X)
	}
	return ""
}

func last(name string) string {
	return name[strings.LastIndexByte(name, '.')+1:]
}

func fixed(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return e.Name == "nil" || e.Name == "true" || e.Name == "false"
	case *ast.BinaryExpr:
		return fixed(e.X) && fixed(e.Y)
	case *ast.ParenExpr:
		return fixed(e.X)
	}
	return false
}

func (t *text) call(c *ast.CallExpr) {
	name, constant := t.dotted(c.Fun), "1"
	if !t.calls[last(name)] {
		return
	}
	for _, a := range c.Args {
		if !fixed(a) {
			constant = "0"
		}
	}
	t.say("c", c, name, constant)
}

func (t *text) name(e ast.Expr) {
	if name := t.dotted(e); t.names[last(name)] {
		t.say("n", e, name)
	}
}

func (t *text) give(name, value ast.Expr) {
	if s, ok := value.(*ast.BasicLit); ok {
		t.given[s] = last(t.dotted(name))
	}
	if key, ok := name.(*ast.BasicLit); ok && key.Kind == token.STRING {
		t.given[value], _ = strconv.Unquote(key.Value)
	}
}

func (t *text) literal(s *ast.BasicLit) {
	value, err := strconv.Unquote(s.Value)
	if s.Kind != token.STRING || err != nil || len(value) < 6 ||
		len(value) > 4096 {
		return
	}
	name := t.given[s]
	if name == "" {
		name = "-"
	}
	t.say("s", s, name, hex.EncodeToString([]byte(value)))
}

// False: what is below it was looked at.
func (t *text) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec:
		return false
	case *ast.CallExpr:
		t.call(n)
	case *ast.SelectorExpr:
		t.name(n)
		ast.Inspect(n.X, t.visit)
		return false
	case *ast.Ident:
		t.name(n)
	case *ast.ValueSpec:
		for i := 0; i < len(n.Names) && i < len(n.Values); i++ {
			t.give(n.Names[i], n.Values[i])
		}
	case *ast.AssignStmt:
		for i := 0; i < len(n.Lhs) && i < len(n.Rhs); i++ {
			t.give(n.Lhs[i], n.Rhs[i])
		}
	case *ast.KeyValueExpr:
		t.give(n.Key, n.Value)
	case *ast.BasicLit:
		t.literal(n)
	}
	return true
}

func check(source []byte) {
	t := text{token.NewFileSet(), wanted(1), wanted(2),
		map[string]string{}, map[ast.Expr]string{}}
	file, err := parser.ParseFile(t.places, "", source,
		parser.SkipObjectResolution)
	if all, ok := err.(scanner.ErrorList); ok {
		all.RemoveMultiples()
		for _, e := range all {
			say("e", strconv.Itoa(e.Pos.Line),
				strconv.Itoa(e.Pos.Column), e.Msg)
		}
		return
	}
	for _, s := range file.Imports {
		t.imported(s)
	}
	ast.Inspect(file, t.visit)
}

func main() {
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break
		}
		size, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		var source bytes.Buffer
		io.CopyN(&source, in, size)
		say("f")
		check(source.Bytes())
	}
	say("end")
	out.Flush()
}
