package odata

import (
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// or, and, not read WHERE. As in SQL a comparison with a column that is null is
// neither true nor false, so what the tree lets match by null (not equal, not
// in) becomes the opposite of what it does not.
func (p *sqlParser) or() (query.Node, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, p.fail(p.tok.pos, "the conditions are nested more than %d deep", maxDepth)
	}
	first, err := p.and()
	if err != nil || !p.is("OR") {
		return first, err
	}
	list := query.Or{first}
	for p.is("OR") {
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

func (p *sqlParser) and() (query.Node, error) {
	first, err := p.not()
	if err != nil || !p.is("AND") {
		return first, err
	}
	list := query.And{first}
	for p.is("AND") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func (p *sqlParser) not() (query.Node, error) {
	negate := false
	for p.is("NOT") {
		negate = !negate
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	var n query.Node
	var err error
	if p.isPunct("(") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.is("SELECT") {
			return nil, p.fail(p.tok.pos, "a SELECT within a SELECT is not taken")
		}
		if n, err = p.or(); err == nil {
			err = p.punct(")")
		}
	} else {
		n, err = p.predicate()
	}
	if err == nil && negate {
		n = query.Not{Node: n}
	}
	return n, err
}

var sqlOps = map[string]query.Op{"=": query.Eq, "<>": query.Ne, "!=": query.Ne, "<": query.Lt, "<=": query.Le, ">": query.Gt, ">=": query.Ge}

// predicate reads one test of a column.
func (p *sqlParser) predicate() (query.Node, error) {
	if p.is("EXISTS") {
		return nil, p.fail(p.tok.pos, "a SELECT within a SELECT is not taken")
	}
	pos := p.tok.pos
	v, isValue, err := p.literal()
	if err != nil {
		return nil, err
	}
	if isValue { // 5 < size
		op, ok := sqlOps[p.tok.text]
		if !ok || p.tok.kind != sqlPunct {
			return nil, p.fail(p.tok.pos, "a comparison is expected")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		left, err := p.columnOperand()
		if err != nil {
			return nil, err
		}
		return p.compared(left, mirrored[op], v, pos)
	}
	left, err := p.columnOperand()
	if err != nil {
		return nil, err
	}
	if op, ok := sqlOps[p.tok.text]; ok && p.tok.kind == sqlPunct {
		if err := p.advance(); err != nil {
			return nil, err
		}
		return p.comparison(left, op)
	}
	return p.test(left)
}

func (p *sqlParser) columnOperand() (operand, error) {
	c, err := p.column()
	if err != nil {
		return operand{}, err
	}
	return p.path(c)
}

func (p *sqlParser) comparison(left operand, op query.Op) (query.Node, error) {
	pos := p.tok.pos
	v, ok, err := p.literal()
	if err != nil {
		return nil, err
	}
	if ok {
		return p.compared(left, op, v, pos)
	}
	right, err := p.columnOperand()
	if err != nil {
		return nil, err
	}
	n := query.Compare{Left: left.path, Op: op, Right: right.path}
	if op == query.Ne {
		n.Op = query.Eq
		return query.Not{Node: n}, nil
	}
	return n, nil
}

func (p *sqlParser) compared(left operand, op query.Op, v any, pos int) (query.Node, error) {
	if v == nil {
		return nil, p.fail(pos, "nothing equals NULL: write IS NULL or IS NOT NULL")
	}
	v, err := query.Coerce(left.column, v)
	if err != nil {
		return nil, p.locate(err, pos)
	}
	if op == query.Ne {
		return query.Not{Node: query.Compare{Left: left.path, Op: query.Eq, Value: v}}, nil
	}
	return query.Compare{Left: left.path, Op: op, Value: v}, nil
}

// test reads IS NULL, LIKE, IN and BETWEEN, with NOT or without.
func (p *sqlParser) test(left operand) (query.Node, error) {
	if ok, err := p.take("IS"); ok || err != nil {
		if err != nil {
			return nil, err
		}
		negate, err := p.take("NOT")
		if err != nil {
			return nil, err
		}
		return query.Null{Left: left.path, Negate: negate}, p.expect("NULL")
	}
	negate, err := p.take("NOT")
	if err != nil {
		return nil, err
	}
	var n query.Node
	pos := p.tok.pos
	switch {
	case p.is("LIKE"):
		n, err = p.like(left)
	case p.is("IN"):
		n, err = p.in(left)
	case p.is("BETWEEN"):
		n, err = p.between(left)
	default:
		return nil, p.fail(pos, "a comparison, IS NULL, LIKE, IN or BETWEEN is expected")
	}
	if err == nil && negate {
		n = query.Not{Node: n}
	}
	return n, err
}

func (p *sqlParser) like(left operand) (query.Node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	pos := p.tok.pos
	v, _, err := p.literal()
	if err != nil {
		return nil, err
	}
	text, ok := v.(string)
	if !ok || left.column.Kind != query.Text && left.column.Kind != query.Memo {
		return nil, p.fail(pos, "LIKE compares a text column with a text")
	}
	if p.is("ESCAPE") {
		return nil, p.fail(p.tok.pos, "ESCAPE is not taken: put the character into brackets, as in [%%]")
	}
	return likeTest(left.path, text), nil
}

func (p *sqlParser) value(left operand) (any, error) {
	pos := p.tok.pos
	v, ok, err := p.literal()
	if err != nil {
		return nil, err
	}
	if !ok || v == nil {
		if p.is("SELECT") {
			return nil, p.fail(pos, "a SELECT within a SELECT is not taken")
		}
		return nil, p.fail(pos, "a value is expected")
	}
	v, err = query.Coerce(left.column, v)
	return v, p.locate(err, pos)
}

func (p *sqlParser) in(left operand) (query.Node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.punct("("); err != nil {
		return nil, err
	}
	n := query.In{Left: left.path}
	for {
		v, err := p.value(left)
		if err != nil {
			return nil, err
		}
		n.Values = append(n.Values, v)
		if !p.isPunct(",") {
			return n, p.punct(")")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func (p *sqlParser) between(left operand) (query.Node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	low, err := p.value(left)
	if err != nil {
		return nil, err
	}
	if err := p.expect("AND"); err != nil {
		return nil, err
	}
	high, err := p.value(left)
	if err != nil {
		return nil, err
	}
	return query.And{query.Compare{Left: left.path, Op: query.Ge, Value: low}, query.Compare{Left: left.path, Op: query.Le, Value: high}}, nil
}
