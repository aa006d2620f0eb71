package odata

import (
	"errors"
	"strconv"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Condition compiles a filter that looks at one record alone, such as a gate or
// the records that something is for. One that needs other rows is refused.
func Condition(catalog *metadata.Catalog, t *metadata.Table, text string) (*query.Matcher, error) {
	node, err := ParseFilter(&Context{Catalog: catalog}, t, text)
	if err != nil {
		return nil, err
	}
	m, err := query.Compile(catalog, t.Name, node)
	if err == nil {
		_, err = m.Match(nil)
	}
	return m, err
}

// ParseFilter reads the text of $filter for rows of a table.
func ParseFilter(ctx *Context, t *metadata.Table, text string) (query.Node, error) {
	return parseFilter(ctx, t, text, nil)
}

func parseFilter(ctx *Context, t *metadata.Table, text string, aliases map[string]string) (query.Node, error) {
	p, err := newParser(ctx, "$filter", text, aliases)
	if err != nil {
		return nil, err
	}
	p.scopes = []scope{{table: t}}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected("and, or, or the end")
	}
	return n, nil
}

// parser is a recursive-descent parser over one expression.
type parser struct {
	lexer
	ctx     *Context
	tok     token
	aliases map[string]string // parameter aliases, "@p1" → its text
	scopes  []scope           // the row that names refer to; lambdas add one each
	depth   int
}

// scope is a table and the variable by which a lambda names its row.
type scope struct {
	variable string
	table    *metadata.Table
}

func newParser(ctx *Context, option, text string, aliases map[string]string) (*parser, error) {
	if len(text) > maxText {
		return nil, errs.New(errs.Invalid, "odata.too_long", "%s is longer than %d characters", option, maxText)
	}
	p := &parser{lexer: lexer{option: option, src: text}, ctx: ctx, aliases: aliases}
	return p, p.advance()
}

func (p *parser) advance() error {
	var err error
	p.tok, err = p.next()
	return err
}

// peek looks at the token after the current one.
func (p *parser) peek() token {
	ahead := p.lexer
	t, err := ahead.next()
	if err != nil {
		return token{kind: tokEnd, pos: ahead.pos}
	}
	return t
}

func (p *parser) unexpected(expected string) error {
	if p.tok.kind == tokEnd {
		return p.fail(p.tok.pos, "the expression ends where %s is expected", expected)
	}
	return p.fail(p.tok.pos, "%s is expected", expected)
}

func (p *parser) isPunct(s string) bool { return p.tok.kind == tokPunct && p.tok.text == s }
func (p *parser) isWord(s string) bool  { return p.tok.kind == tokName && p.tok.text == s }

func (p *parser) expect(punct string) error {
	if !p.isPunct(punct) {
		return p.unexpected(`"` + punct + `"`)
	}
	return p.advance()
}

// enter guards every recursion.
func (p *parser) enter() error {
	p.depth++
	if p.depth > maxDepth {
		return p.fail(p.tok.pos, "the expression is nested more than %d deep", maxDepth)
	}
	return nil
}

func (p *parser) or() (query.Node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	first, err := p.and()
	if err != nil || !p.isWord("or") {
		return first, err
	}
	list := query.Or{first}
	for p.isWord("or") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.and()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func (p *parser) and() (query.Node, error) {
	first, err := p.unary()
	if err != nil || !p.isWord("and") {
		return first, err
	}
	list := query.And{first}
	for p.isWord("and") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.unary()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func (p *parser) unary() (query.Node, error) {
	switch {
	case p.isWord("not"):
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer func() { p.depth-- }()
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.unary()
		return query.Not{Node: n}, err
	case p.isPunct("("):
		return p.parenthesised()
	default:
		return p.condition()
	}
}

func (p *parser) parenthesised() (query.Node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	return p.equalsBool(n)
}

var comparisons = map[string]query.Op{"eq": query.Eq, "ne": query.Ne, "gt": query.Gt, "ge": query.Ge, "lt": query.Lt, "le": query.Le}

// mirrored gives the comparison with its sides exchanged.
var mirrored = [...]query.Op{query.Eq: query.Eq, query.Ne: query.Ne, query.Lt: query.Gt, query.Le: query.Ge, query.Gt: query.Lt, query.Ge: query.Le}

// equalsBool lets "eq true" or "ne false" follow a condition.
func (p *parser) equalsBool(n query.Node) (query.Node, error) {
	op, is := comparisons[p.tok.text]
	if p.tok.kind != tokName || !is {
		return n, nil
	}
	pos := p.tok.pos
	if err := p.advance(); err != nil {
		return nil, err
	}
	if (op != query.Eq && op != query.Ne) || !p.isWord("true") && !p.isWord("false") {
		return nil, p.fail(pos, "a condition can only be compared with true or false, by eq or ne")
	}
	holds := p.isWord("true") == (op == query.Eq)
	if err := p.advance(); err != nil {
		return nil, err
	}
	if holds {
		return n, nil
	}
	return query.Not{Node: n}, nil
}

// condition reads a comparison, a membership test, a function or a yes/no column.
func (p *parser) condition() (query.Node, error) {
	if p.tok.kind == tokName && p.peek().text == "(" {
		n, err := p.call(p.tok, nil)
		if err != nil {
			return nil, err
		}
		return p.equalsBool(n)
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if left.node != nil { // a lambda at the end of a path
		return p.equalsBool(left.node)
	}
	if p.isWord("in") {
		return p.in(left)
	}
	op, is := comparisons[p.tok.text]
	if p.tok.kind != tokName || !is {
		return p.bare(left)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	return p.compare(left, op, right)
}

// bare reads a yes/no column, or true or false, that stands as a condition of its own.
func (p *parser) bare(left operand) (query.Node, error) {
	if b, ok := left.value.(bool); ok && !left.isPath() {
		return query.Const(b), nil
	}
	if left.isPath() && left.column.Kind == query.Bool {
		return query.Compare{Left: left.path, Op: query.Eq, Value: true}, nil
	}
	return nil, p.unexpected("a comparison such as eq")
}

func (p *parser) compare(left operand, op query.Op, right operand) (query.Node, error) {
	switch {
	case right.node != nil:
		return nil, p.fail(right.pos, "any and all can't be compared")
	case left.isPath() && right.isPath():
		return query.Compare{Left: left.path, Op: op, Right: right.path}, nil
	case right.isPath():
		left, right, op = right, left, mirrored[op]
	case !left.isPath():
		return nil, p.fail(left.pos, "one side of a comparison must be a property")
	}
	if right.value == nil && op != query.Eq && op != query.Ne {
		return query.Const(false), nil // as OData has it: null is neither less nor greater
	}
	v, err := p.coerce(left, right)
	return query.Compare{Left: left.path, Op: op, Value: v}, err
}

func (p *parser) coerce(left, right operand) (any, error) {
	v, err := query.Coerce(left.column, right.value)
	return v, p.locate(err, right.pos)
}

// locate adds the position to an error of another package.
func (p *parser) locate(err error, pos int) error {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return at(e, p.option, p.src, pos)
	}
	return err
}

func (p *parser) in(left operand) (query.Node, error) {
	if !left.isPath() {
		return nil, p.fail(left.pos, "a property is expected before in")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	values, err := p.list(left, "(", ")")
	return query.In{Left: left.path, Values: values}, err
}

// list reads literals between two brackets, as values of the column on the left.
func (p *parser) list(left operand, open, shut string) ([]any, error) {
	if err := p.expect(open); err != nil {
		return nil, err
	}
	values := []any{}
	for !p.isPunct(shut) {
		if len(values) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		x, err := p.operand()
		if err != nil {
			return nil, err
		}
		if x.isPath() || x.node != nil {
			return nil, p.fail(x.pos, "only values may stand in a list")
		}
		v, err := p.coerce(left, x)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, p.advance()
}

func itoa(n int) string { return strconv.Itoa(n) }
