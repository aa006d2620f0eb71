package odata

import "github.com/rapport-platform/rapport/internal/platform/query"

// lambda reads any(o:…), all(o:…) or any() behind a collection.
func (p *parser) lambda(rel query.Relation) (query.Node, error) {
	word := p.tok
	if word.kind != tokName || word.text != "any" && word.text != "all" {
		return nil, p.unexpected("any or all")
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	n := query.Related{Relation: rel.Name, All: word.text == "all"}
	if p.isPunct(")") {
		if n.All {
			return nil, p.unexpected("a condition")
		}
		return n, p.advance()
	}
	variable := p.tok
	if variable.kind != tokName {
		return nil, p.unexpected("a variable")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	t, ok := p.ctx.Catalog.Table(rel.Table)
	if !ok {
		return nil, p.fail(word.pos, "the collection's table is unknown")
	}
	p.scopes = append(p.scopes, scope{variable: variable.text, table: t})
	where, err := p.or()
	p.scopes = p.scopes[:len(p.scopes)-1]
	if err != nil {
		return nil, err
	}
	n.Where = where
	return n, p.expect(")")
}
