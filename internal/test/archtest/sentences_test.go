package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sentences finds what the server says to people by reading its source: the
// formats given to the constructors of errors, the messages, titles and reasons
// in literals of structs, and whatever flows there through parameters,
// variables and results of the same package.
type sentences struct {
	root     string
	fset     *token.FileSet
	packages map[string]*pack    // by folder below internal
	said     map[string][]string // sentence to the places where it is said
	literals []string            // all texts of the source
	again    bool                // something new was learnt: look once more
}

// pack is one package as read.
type pack struct {
	dir     string
	files   []*ast.File
	funcs   map[string]*ast.FuncDecl
	structs map[string][]string     // names of fields in their order
	values  map[string][]ast.Expr   // package's constants and variables
	params  map[string]map[int]role // which arguments of a function are said to people
	results map[string]map[int]role // which results of a function are
}

// role is how a value takes part in what is said.
type role int

const (
	silent role = iota
	part        // a value within a sentence: said where it has words of its own
	whole       // the sentence
)

// words are the names of fields and columns whose texts are said to people.
var words = map[string]bool{"Message": true, "Title": true, "Body": true, "Reason": true, "Why": true, "Missing": true,
	"rpt_error": true, "rpt_reason": true, "message": true, "friendlymessage": true}

func readSentences(root string) (*sentences, error) {
	s := &sentences{root: filepath.Clean(root), fset: token.NewFileSet(), packages: map[string]*pack{}, said: map[string][]string{}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || path == filepath.Join(root, "test")) {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(s.fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		p := s.packages[dir]
		if p == nil {
			p = &pack{dir: dir, funcs: map[string]*ast.FuncDecl{}, structs: map[string][]string{}, values: map[string][]ast.Expr{}, params: map[string]map[int]role{}, results: map[string]map[int]role{}}
			s.packages[dir] = p
		}
		p.files = append(p.files, file)
		p.declare(file)
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					s.literals = append(s.literals, text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	errs := s.packages["ground/errs"]
	errs.params = map[string]map[int]role{"New": {2: whole}, "Wrap": {3: whole}, "InvalidFields": {1: whole}}
	for s.again = true; s.again; {
		s.again = false
		for _, p := range s.packages {
			for _, f := range p.files {
				s.file(p, f)
			}
		}
	}
	return s, nil
}

// declare notes what a file declares for its package.
func (p *pack) declare(file *ast.File) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			p.funcs[d.Name.Name] = d
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if st, ok := spec.Type.(*ast.StructType); ok {
						for _, f := range st.Fields.List {
							for _, n := range f.Names {
								p.structs[spec.Name.Name] = append(p.structs[spec.Name.Name], n.Name)
							}
						}
					}
				case *ast.ValueSpec:
					for i, n := range spec.Names {
						if i < len(spec.Values) {
							p.values[n.Name] = append(p.values[n.Name], spec.Values[i])
						}
					}
				}
			}
		}
	}
}

// scope is a function's body as its expressions see it.
type scope struct {
	p       *pack
	file    *ast.File
	name    string
	params  map[string]int
	assigns map[string][]ast.Expr // what a variable is set to
	outer   *scope
}

func (s *sentences) file(p *pack, f *ast.File) {
	for _, decl := range f.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
			s.body(&scope{p: p, file: f, name: fn.Name.Name, params: params(fn.Type)}, fn.Type, fn.Body)
		} else {
			s.look(&scope{p: p, file: f}, decl)
		}
	}
}

func params(t *ast.FuncType) map[string]int {
	out, i := map[string]int{}, 0
	for _, f := range t.Params.List {
		for _, n := range f.Names {
			out[n.Name] = i
			i++
		}
		if len(f.Names) == 0 {
			i++
		}
	}
	return out
}

func (s *sentences) body(c *scope, t *ast.FuncType, body *ast.BlockStmt) {
	c.assigns = map[string][]ast.Expr{}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if at, ok := left.(*ast.IndexExpr); ok && len(n.Rhs) == len(n.Lhs) {
					left = at.X
				}
				if id, ok := left.(*ast.Ident); ok {
					if len(n.Rhs) == len(n.Lhs) {
						c.assigns[id.Name] = append(c.assigns[id.Name], n.Rhs[i])
					} else {
						c.assigns[id.Name] = append(c.assigns[id.Name], &ast.IndexExpr{X: n.Rhs[0], Index: &ast.BasicLit{Kind: token.INT, Value: strconv.Itoa(i)}})
					}
				}
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i < len(n.Values) {
					c.assigns[name.Name] = append(c.assigns[name.Name], n.Values[i])
				}
			}
		case *ast.RangeStmt:
			if id, ok := n.Value.(*ast.Ident); ok {
				c.assigns[id.Name] = append(c.assigns[id.Name], n.X)
			}
		}
		return true
	})
	names := []string{}
	if t.Results != nil {
		for _, f := range t.Results.List {
			for _, n := range f.Names {
				names = append(names, n.Name)
			}
		}
	}
	for i, n := range names { // named results
		s.say(c, &ast.Ident{Name: n, NamePos: body.Pos()}, c.p.results[c.name][i])
	}
	s.look(c, body)
}

// look goes through a node for what is said in it.
func (s *sentences) look(c *scope, node ast.Node) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, right := range n.Rhs {
				if lit, ok := right.(*ast.FuncLit); ok && i < len(n.Lhs) {
					if id, ok := n.Lhs[i].(*ast.Ident); ok {
						s.body(&scope{p: c.p, file: c.file, name: id.Name, params: params(lit.Type), outer: c}, lit.Type, lit.Body)
					}
				}
			}
			for i, left := range n.Lhs {
				if words[nameOf(left)] && c.p.dir != "platform/access" && len(n.Rhs) == len(n.Lhs) {
					s.say(c, n.Rhs[i], whole)
				}
			}
		case *ast.FuncLit:
			s.body(&scope{p: c.p, file: c.file, name: "func@" + s.fset.Position(n.Pos()).String(), params: params(n.Type), outer: c}, n.Type, n.Body)
			return false
		case *ast.ReturnStmt:
			for i, r := range n.Results {
				s.say(c, r, c.p.results[c.name][i])
			}
		case *ast.CallExpr:
			p, name := s.callee(c, n.Fun)
			if p != nil && !internal(n) {
				for i, as := range p.params[name] {
					if i < len(n.Args) {
						s.say(c, n.Args[i], as)
						for _, rest := range n.Args[i+1:] {
							s.say(c, rest, part)
						}
					}
				}
			}
		case *ast.CompositeLit:
			s.literal(c, n, "")
		}
		return true
	})
}

// internal tells whether a call makes an error that only the log shows.
func internal(call *ast.CallExpr) bool {
	return slices.ContainsFunc(call.Args, func(e ast.Expr) bool {
		sel, ok := e.(*ast.SelectorExpr)
		return ok && sel.Sel.Name == "Internal"
	})
}

// nameOf gives the field or column that an expression names; "" where it names none.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return nameOf(e.Index)
	case *ast.BasicLit:
		if name, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return name
		}
	}
	return ""
}

// literal looks at the literal of a struct, or of a list of them.
func (s *sentences) literal(c *scope, n *ast.CompositeLit, of string) {
	name := of
	switch t := n.Type.(type) {
	case *ast.Ident:
		name = t.Name
	case *ast.SelectorExpr:
		name = t.Sel.Name
	case *ast.ArrayType:
		name = ""
		elem := t.Elt
		if star, ok := elem.(*ast.StarExpr); ok {
			elem = star.X
		}
		switch e := elem.(type) {
		case *ast.Ident:
			name = e.Name
		case *ast.SelectorExpr:
			name = e.Sel.Name
		}
		for _, e := range n.Elts {
			if lit, ok := e.(*ast.CompositeLit); ok && lit.Type == nil {
				s.literal(c, lit, name)
			}
		}
		return
	}
	if name == "Principal" { // its reason is the log's mark of why the platform acts by itself
		return
	}
	fields := c.p.structs[name]
	if name == "Field" && fields == nil {
		fields = []string{"Name", "Code", "Message"}
	}
	for i, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if words[nameOf(kv.Key)] {
				s.say(c, kv.Value, whole)
			}
		} else if i < len(fields) && words[fields[i]] {
			s.say(c, e, whole)
		}
	}
}

// callee finds the function of the product that is called.
func (s *sentences) callee(c *scope, fun ast.Expr) (*pack, string) {
	switch f := fun.(type) {
	case *ast.Ident:
		return c.p, f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			for _, imp := range c.file.Imports {
				path, _ := strconv.Unquote(imp.Path.Value)
				alias := filepath.Base(path)
				if imp.Name != nil {
					alias = imp.Name.Name
				}
				if alias == x.Name {
					if dir, ok := strings.CutPrefix(path, module+"/internal/"); ok {
						return s.packages[dir], f.Sel.Name
					}
					return nil, alias + "." + f.Sel.Name
				}
			}
		}
		if _, ok := c.p.funcs[f.Sel.Name]; ok {
			return c.p, f.Sel.Name
		}
	}
	return nil, ""
}

// say keeps what an expression says in its role.
func (s *sentences) say(c *scope, e ast.Expr, as role) {
	if as == silent {
		return
	}
	for _, text := range s.texts(c, e, as, 0) {
		if as == whole || strings.Contains(strings.TrimSpace(verb.ReplaceAllString(text, "")), " ") {
			s.keep(text, e)
		}
	}
}

var (
	verb     = regexp.MustCompile(`%[-+# 0]*[0-9]*(\.[0-9]+)?[a-zA-Z]`)
	speech   = regexp.MustCompile(`[A-Za-z]{2}[,;:]? |[ %][a-z]+ [a-z]|[A-Za-z]+ %| [a-z]{2}`)
	notWords = regexp.MustCompile(`%T|\{"|^[<{]|[A-Z]{3} [A-Z]{3}| = %s`) // of programmers, of forms of data, of SQL
)

func (s *sentences) keep(text string, e ast.Expr) {
	if bare := strings.TrimSpace(verb.ReplaceAllString(text, "")); !speech.MatchString(text) || len(bare) < 5 || notWords.MatchString(text) {
		return
	}
	at := s.fset.Position(e.Pos())
	place := fmt.Sprintf("%s:%d", filepath.ToSlash(strings.TrimPrefix(at.Filename, s.root+string(filepath.Separator))), at.Line)
	if !slices.Contains(s.said[text], place) {
		s.said[text] = append(s.said[text], place)
	}
}

// texts gives what an expression may say; what is not known stands as %s.
func (s *sentences) texts(c *scope, e ast.Expr, as role, depth int) []string {
	if depth > 6 {
		return []string{"%s"}
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, _ := strconv.Unquote(e.Value)
			return []string{text}
		}
	case *ast.ParenExpr:
		return s.texts(c, e.X, as, depth+1)
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			as = part
			var out []string
			for _, a := range s.texts(c, e.X, as, depth+1) {
				for _, b := range s.texts(c, e.Y, as, depth+1) {
					out = append(out, a+b)
				}
			}
			return out
		}
	case *ast.Ident:
		return s.named(c, e.Name, as, depth)
	case *ast.CompositeLit: // a list or map of sentences
		if name := nameOf(e.Type); name == "Label" {
			return nil // both languages stand there
		}
		var out []string
		for _, el := range e.Elts {
			if kv, ok := el.(*ast.KeyValueExpr); ok {
				el = kv.Value
			}
			out = append(out, s.texts(c, el, as, depth+1)...)
		}
		return out
	case *ast.IndexExpr:
		index, constant := e.Index.(*ast.BasicLit)
		if call, ok := e.X.(*ast.CallExpr); ok && constant {
			i, _ := strconv.Atoi(index.Value)
			return s.result(c, call, i, as, depth)
		}
		if id, ok := e.X.(*ast.Ident); ok {
			return s.named(c, id.Name, as, depth)
		}
		return s.texts(c, e.X, as, depth+1)
	case *ast.CallExpr:
		return s.result(c, e, 0, as, depth)
	}
	return []string{"%s"}
}

// named gives what a constant, a variable or a parameter may say.
func (s *sentences) named(c *scope, name string, as role, depth int) []string {
	for at := c; at != nil; at = at.outer {
		if i, ok := at.params[name]; ok {
			s.learn(at.p.params, at.name, i, as)
			return []string{"%s"}
		}
		if set := at.assigns[name]; len(set) > 0 {
			var out []string
			for _, e := range set {
				out = append(out, s.texts(at, e, as, depth+3)...)
			}
			return out
		}
	}
	if set := c.p.values[name]; len(set) > 0 && name != "german" {
		var out []string
		for _, e := range set {
			out = append(out, s.texts(c, e, as, depth+1)...)
		}
		return out
	}
	return []string{"%s"}
}

// result gives what the i-th result of a call may say.
func (s *sentences) result(c *scope, call *ast.CallExpr, i int, as role, depth int) []string {
	p, name := s.callee(c, call.Fun)
	switch {
	case name == "append" || name == "cmp.Or":
		var out []string
		for _, arg := range call.Args {
			if id, ok := arg.(*ast.Ident); !ok || name != "append" || arg != call.Args[0] || c.assigns[id.Name] == nil {
				out = append(out, s.texts(c, arg, as, depth+1)...)
			}
		}
		return out
	case name == "fmt.Sprintf" || name == "clip" || name == "cut" || strings.HasPrefix(name, "strings.Trim") || name == "strings.Join":
		if len(call.Args) > 0 {
			return s.texts(c, call.Args[0], as, depth+1)
		}
	case p != nil && p.funcs[name] != nil:
		fn := p.funcs[name]
		if fn.Type.Results == nil {
			break
		}
		kind, n := ast.Expr(nil), 0
		for _, f := range fn.Type.Results.List {
			for range max(1, len(f.Names)) {
				if n == i {
					kind = f.Type
				}
				n++
			}
		}
		if id, ok := kind.(*ast.Ident); ok && id.Name == "string" {
			s.learn(p.results, name, i, as)
		}
	}
	return []string{"%s"}
}

// learn notes that a parameter or a result of a function is said.
func (s *sentences) learn(of map[string]map[int]role, name string, i int, as role) {
	if of[name] == nil {
		of[name] = map[int]role{}
	}
	if of[name][i] < as {
		of[name][i], s.again = as, true
	}
}

// written tells whether the source has a text within one of its literals.
func (s *sentences) written(piece string) bool {
	return slices.ContainsFunc(s.literals, func(l string) bool { return strings.Contains(l, piece) })
}
