package odata

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// operand is one side of a comparison: a path to a column, a literal, or a
// lambda that has already become a condition.
type operand struct {
	pos    int
	path   query.Path
	column query.Column // at the end of the path
	value  any          // of a literal; nil is null
	node   query.Node
}

func (o operand) isPath() bool { return len(o.path) > 0 }

func (p *parser) operand() (operand, error) {
	start := p.tok
	switch start.kind {
	case tokString:
		return operand{pos: start.pos, value: start.text}, p.advance()
	case tokValue:
		v, err := parseValue(start.text)
		if err != nil {
			return operand{}, p.fail(start.pos, "this is no number, date, instant or GUID")
		}
		return operand{pos: start.pos, value: v}, p.advance()
	case tokName:
		switch {
		case start.text == "null":
			return operand{pos: start.pos}, p.advance()
		case start.text == "true" || start.text == "false":
			return operand{pos: start.pos, value: start.text == "true"}, p.advance()
		case strings.HasPrefix(start.text, "@"):
			return p.alias(start)
		}
		return p.path()
	}
	return operand{}, p.unexpected("a property or a value")
}

// alias reads what a parameter alias stands for, by a parser of its own.
func (p *parser) alias(name token) (operand, error) {
	text, ok := p.aliases[name.text]
	if !ok {
		return operand{}, p.fail(name.pos, "the parameter %s has no value in the URL", clip(name.text))
	}
	inner, err := newParser(p.ctx, name.text, text, nil)
	if err != nil {
		return operand{}, err
	}
	inner.scopes, inner.depth = p.scopes, p.depth
	o, err := inner.operand()
	if err != nil {
		return operand{}, err
	}
	if inner.tok.kind != tokEnd {
		return operand{}, inner.unexpected("the end of the parameter")
	}
	o.pos = name.pos
	return o, p.advance()
}

// parseValue reads an unquoted literal.
func parseValue(s string) (any, error) {
	if looksLikeID(s) {
		return id.Parse(s)
	}
	if len(s) >= 10 && s[4] == '-' && s[7] == '-' {
		if len(s) == len(time.DateOnly) {
			return query.ParseDate(s)
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999"} {
			if t, err := time.Parse(layout, strings.ToUpper(s)); err == nil {
				return t.UTC(), nil
			}
		}
		return nil, errs.New(errs.Invalid, "odata.instant", "an instant looks like 2006-01-02T15:04:05Z")
	}
	if !json.Valid([]byte(strings.TrimPrefix(s, "+"))) { // OData's numbers are JSON's, with a plus allowed
		return nil, errs.New(errs.Invalid, "odata.number", "this is not a number")
	}
	return json.Number(strings.TrimPrefix(s, "+")), nil
}

// path reads a/b/c; the last part is a column, or any/all of a collection.
func (p *parser) path() (operand, error) {
	o := operand{pos: p.tok.pos}
	t, err := p.root()
	if err != nil {
		return o, err
	}
	for {
		name := p.tok
		if name.kind != tokName {
			return o, p.unexpected("a property")
		}
		if p.peek().text == "(" {
			o.node, err = p.call(name, o.path)
			return o, err
		}
		if err := p.advance(); err != nil {
			return o, err
		}
		if !p.isPunct("/") {
			return p.column(o, t, name)
		}
		if err := p.advance(); err != nil {
			return o, err
		}
		rel, err := p.relation(t, name)
		if err != nil {
			return o, err
		}
		if rel.Many {
			if o.node, err = p.lambda(rel); err != nil {
				return o, err
			}
			for i := len(o.path) - 1; i >= 0; i-- {
				o.node = query.Related{Relation: o.path[i], Where: o.node}
			}
			o.path = nil
			return o, nil
		}
		o.path = append(o.path, rel.Name)
		if len(o.path) > 10 {
			return o, p.fail(name.pos, "the path is too long")
		}
		t, _ = p.ctx.Catalog.Table(rel.Table)
	}
}

// root finds the table that a path starts from. Inside a lambda every path
// begins with the variable.
func (p *parser) root() (*metadata.Table, error) {
	s := p.scopes[len(p.scopes)-1]
	if p.isWord("$it") && len(p.scopes) == 1 && p.peek().text == "/" {
		if err := p.advance(); err != nil {
			return nil, err
		}
		return s.table, p.expect("/")
	}
	if s.variable == "" {
		return s.table, nil
	}
	if !p.isWord(s.variable) {
		return nil, p.fail(p.tok.pos, "inside any and all a property begins with %s/", s.variable)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return s.table, p.expect("/")
}

func (p *parser) relation(t *metadata.Table, name token) (query.Relation, error) {
	rel, ok := relationOf(t, name.text)
	if !ok {
		e := errs.New(errs.Invalid, "query.unknown_relation", "table %s has no navigation property %q", t.Name, clip(name.text))
		return rel, at(e, p.option, p.src, name.pos)
	}
	return rel, nil
}

func (p *parser) column(o operand, t *metadata.Table, name token) (operand, error) {
	c, ok := columnOf(t, name.text)
	if !ok {
		// A lookup's navigation property may have a name of its own; compared
		// with null it means the lookup.
		rel, isRelation := relationOf(t, name.text)
		if !isRelation || rel.Many {
			return o, at(unknownProperty(t, name.text), p.option, p.src, name.pos)
		}
		c, _ = t.Column(rel.From)
	}
	o.path = append(o.path, c.Name)
	o.column = t.Shape().Columns[c.Name]
	return o, nil
}
