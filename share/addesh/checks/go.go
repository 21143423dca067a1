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
	bare         []string // packages whose names stand alone
	given        map[ast.Expr]string
}

func (t *text) say(kind string, at ast.Node, words ...string) {
	p := t.places.PositionFor(at.Pos(), false)
	say(append([]string{kind, strconv.Itoa(p.Line), strconv.Itoa(p.Column)},
		words...)...)
}

func (t *text) imported(s *ast.ImportSpec) {
	from, err := strconv.Unquote(s.Path.Value)
	if err != nil {
		return
	}
	if s.Name != nil && s.Name.Name == "." {
		t.bare = append(t.bare, path.Base(from))
	} else if s.Name != nil {
		t.packages[s.Name.Name] = path.Base(from)
	}
	t.say("i", s, from)
}

// Without what changes nothing about a name, or a value.
func plain(e ast.Expr) ast.Expr {
	for {
		switch of := e.(type) {
		case *ast.ParenExpr:
			e = of.X
		case *ast.IndexExpr:
			e = of.X
		default:
			return e
		}
	}
}

func last(e ast.Expr) string {
	switch e := plain(e).(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// A path of names, as long as one of the rules may be; a package's name is the
// first of several.
func dotted(e ast.Expr, packages map[string]string, depth int) string {
	switch e := plain(e).(type) {
	case *ast.Ident:
		if name, ok := packages[e.Name]; ok && depth > 0 {
			return name
		}
		return e.Name
	case *ast.SelectorExpr:
		if depth < 8 {
			return dotted(e.X, packages, depth+1) + "." + e.Sel.Name
		}
	}
	return ""
}

// What is wanted of it, under all names that it may have.
func (t *text) tell(kind string, at ast.Node, e ast.Expr, words ...string) {
	name := dotted(e, t.packages, 0)
	t.say(kind, at, append([]string{name}, words...)...)
	if _, ok := plain(e).(*ast.Ident); ok {
		for _, p := range t.bare {
			t.say(kind, at, append([]string{p + "." + name}, words...)...)
		}
	}
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
	constant := "1"
	if !t.calls[last(c.Fun)] {
		return
	}
	for _, a := range c.Args {
		if !fixed(a) {
			constant = "0"
		}
	}
	t.tell("c", c, c.Fun, constant)
}

func (t *text) name(e ast.Expr) {
	if t.names[last(e)] {
		t.tell("n", e, e)
	}
}

// The name may be a key, as in m["password"] and {"password": ...}.
func (t *text) give(name, value ast.Expr) {
	if p, ok := value.(*ast.ParenExpr); ok {
		t.give(name, p.X)
		return
	}
	key := name
	if i, ok := name.(*ast.IndexExpr); ok {
		key = i.Index
	}
	t.given[value] = last(name)
	if key, ok := key.(*ast.BasicLit); ok && key.Kind == token.STRING {
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
		map[string]string{}, nil, map[ast.Expr]string{}}
	file, err := parser.ParseFile(t.places, "", source,
		parser.SkipObjectResolution)
	if all, ok := err.(scanner.ErrorList); ok {
		all.RemoveMultiples()
		for _, e := range all {
			// Its line is what a comment of the text may say.
			before := source[:e.Pos.Offset]
			line := bytes.Count(before, []byte("\n")) + 1
			column := len(before) - bytes.LastIndexByte(before, '\n')
			say("e", strconv.Itoa(line), strconv.Itoa(column), e.Msg)
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
