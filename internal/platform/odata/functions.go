package odata

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Namespace is that of every type, action and function on the wire.
const Namespace = "Microsoft.Dynamics.CRM"

// call reads a function: one of OData's own text tests, or one of Dataverse's.
// Inside a lambda Dataverse's functions may stand behind the variable.
func (p *parser) call(name token, path query.Path) (query.Node, error) {
	if short, ok := strings.CutPrefix(name.text, Namespace+"."); ok {
		return p.named(short, name.pos, path)
	}
	tests := map[string]query.TextOp{"contains": query.Contains, "startswith": query.StartsWith, "endswith": query.EndsWith}
	op, ok := tests[name.text]
	if !ok || len(path) > 0 {
		e := errs.New(errs.Invalid, "odata.function", "there is no function %q in filters", clip(name.text))
		return nil, at(e, p.option, p.src, name.pos)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !left.isPath() || left.node != nil || left.column.Kind != query.Text && left.column.Kind != query.Memo {
		return nil, p.fail(left.pos, "a text property is expected")
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	text, err := p.operand()
	if err != nil {
		return nil, err
	}
	s, ok := text.value.(string)
	if !ok {
		return nil, p.fail(text.pos, "a quoted text is expected")
	}
	return textTest(left.path, op, s), p.expect(")")
}

// arguments are those of a named function.
type arguments struct {
	left   operand
	values []operand // PropertyValue, PropertyValue1 and 2, or PropertyValues
}

// named reads a function of Dataverse: Name(PropertyName='x',PropertyValue=…).
func (p *parser) named(name string, pos int, prefix query.Path) (query.Node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	args, err := p.arguments(pos, prefix)
	if err != nil {
		return nil, err
	}
	c := condition{ctx: p.ctx, name: name, left: args.left}
	for _, v := range args.values {
		c.values = append(c.values, v.value)
	}
	n, known, err := c.node()
	switch {
	case err != nil && len(args.values) > 0 && errs.CodeOf(err) == "query.value":
		return nil, p.locate(err, args.values[0].pos)
	case err != nil:
		return nil, p.locate(err, pos)
	case !known:
		e := errs.New(errs.Invalid, "odata.function", "there is no function %s.%s", Namespace, clip(name))
		return nil, at(e, p.option, p.src, pos)
	}
	return n, nil
}

func (p *parser) arguments(pos int, prefix query.Path) (arguments, error) {
	var args arguments
	if err := p.expect("("); err != nil {
		return args, err
	}
	for first := true; !p.isPunct(")"); first = false {
		if !first {
			if err := p.expect(","); err != nil {
				return args, err
			}
		}
		key := p.tok
		if key.kind != tokName {
			return args, p.unexpected("a parameter such as PropertyName")
		}
		if err := p.advance(); err != nil {
			return args, err
		}
		if err := p.expect("="); err != nil {
			return args, err
		}
		if err := p.argument(&args, key, prefix); err != nil {
			return args, err
		}
	}
	if !args.left.isPath() {
		return args, p.fail(pos, "the parameter PropertyName is missing")
	}
	return args, p.advance()
}

func (p *parser) argument(args *arguments, key token, prefix query.Path) error {
	switch key.text {
	case "PropertyName":
		name, err := p.operand()
		if err != nil {
			return err
		}
		if s, ok := name.value.(string); ok && !name.isPath() {
			args.left, err = p.propertyName(s, name.pos, prefix)
		} else {
			args.left = name
		}
		return err
	case "PropertyValue", "PropertyValue1", "PropertyValue2":
		v, err := p.operand()
		if err == nil && (v.isPath() || v.node != nil) {
			err = p.fail(v.pos, "a value is expected")
		}
		args.values = append(args.values, v)
		return err
	case "PropertyValues":
		return p.argumentList(args)
	}
	return p.fail(key.pos, "the parameter %q is unknown", clip(key.text))
}

// argumentList reads ["a","b"], directly or through a parameter alias.
func (p *parser) argumentList(args *arguments) error {
	from := p
	if p.tok.kind == tokName && strings.HasPrefix(p.tok.text, "@") {
		text, ok := p.aliases[p.tok.text]
		if !ok {
			return p.fail(p.tok.pos, "the parameter %s has no value in the URL", clip(p.tok.text))
		}
		var err error
		if from, err = newParser(p.ctx, p.tok.text, text, nil); err != nil {
			return err
		}
		from.scopes = p.scopes
		defer func() { _ = p.advance() }() // the alias itself is a well-formed token
	}
	if err := from.expect("["); err != nil {
		return err
	}
	for first := true; !from.isPunct("]"); first = false {
		if !first {
			if err := from.expect(","); err != nil {
				return err
			}
		}
		v, err := from.operand()
		if err != nil {
			return err
		}
		if v.isPath() || v.node != nil {
			return from.fail(v.pos, "a value is expected")
		}
		args.values = append(args.values, v)
	}
	return from.advance()
}

// propertyName reads the quoted name of a column, which may be a path.
func (p *parser) propertyName(text string, pos int, prefix query.Path) (operand, error) {
	inner, err := newParser(p.ctx, "PropertyName", text, nil)
	if err != nil {
		return operand{}, err
	}
	s := p.scopes[len(p.scopes)-1]
	for _, name := range prefix {
		rel, ok := s.table.Relation(name)
		if !ok {
			return operand{}, p.fail(pos, "the path is unknown")
		}
		s.table, _ = p.ctx.Catalog.Table(rel.Table)
	}
	if !inner.isWord(s.variable) || inner.peek().text != "/" {
		s.variable = ""
	}
	inner.scopes = []scope{s}
	o, err := inner.path()
	switch {
	case err != nil:
		return o, err
	case o.node != nil || inner.tok.kind != tokEnd:
		return o, p.fail(pos, "PropertyName must be the name of a property")
	}
	o.pos, o.path = pos, append(append(query.Path{}, prefix...), o.path...)
	return o, nil
}
