package odata

import (
	"errors"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// locate adds the position to an error of another package.
func (p *sqlParser) locate(err error, pos int) error {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return at(e, "sql", p.lexer.src, pos)
	}
	return err
}

// from reads FROM and the joins.
func (p *sqlParser) from() error {
	if err := p.expect("FROM"); err != nil {
		return err
	}
	main, name, err := p.source()
	if err != nil {
		return err
	}
	p.main = main
	p.sources[strings.ToLower(name)] = main
	p.fetch.Query.Table, p.fetch.View.Table = main.table.Name, main.table
	if p.isPunct(",") {
		return p.fail(p.tok.pos, "join tables by JOIN and ON")
	}
	for {
		kind := query.Inner
		switch {
		case p.is("LEFT"):
			kind = query.Outer
			if err := p.advance(); err != nil {
				return err
			}
			if _, err := p.take("OUTER"); err != nil {
				return err
			}
		case p.is("INNER"):
			if err := p.advance(); err != nil {
				return err
			}
		case p.is("RIGHT", "FULL", "CROSS"):
			return p.fail(p.tok.pos, "there are INNER JOIN and LEFT JOIN only")
		case !p.is("JOIN"):
			return nil
		}
		if err := p.join(kind); err != nil {
			return err
		}
	}
}

// source reads a table and its alias, and gives the name by which columns name it.
func (p *sqlParser) source() (*sqlSource, string, error) {
	pos := p.tok.pos
	name, err := p.name("a table")
	if err != nil {
		return nil, "", err
	}
	if p.isPunct(".") { // dbo.account
		if err := p.advance(); err != nil {
			return nil, "", err
		}
		if name, err = p.name("a table"); err != nil {
			return nil, "", err
		}
	}
	t, ok := p.ctx.Catalog.Table(strings.ToLower(name))
	if !ok {
		return nil, "", p.locate(errs.New(errs.Invalid, "query.unknown_table", "there is no table %q", clip(name)), pos)
	}
	as, err := p.take("AS")
	if err != nil {
		return nil, "", err
	}
	if as || p.isName() {
		pos = p.tok.pos
		if name, err = p.name("an alias"); err != nil {
			return nil, "", err
		}
	}
	if !isIdentifier(name) {
		return nil, "", p.fail(pos, "an alias is made of letters, digits and underscores")
	}
	if p.sources[strings.ToLower(name)] != nil {
		return nil, "", p.fail(pos, "the name %q stands for two tables", clip(name))
	}
	return &sqlSource{table: t}, name, nil
}

// join reads JOIN t a ON a.x = b.y.
func (p *sqlParser) join(kind query.LinkKind) error {
	if err := p.expect("JOIN"); err != nil {
		return err
	}
	s, name, err := p.source()
	if err != nil {
		return err
	}
	s.alias = name
	p.sources[strings.ToLower(name)] = s
	if err := p.expect("ON"); err != nil {
		return err
	}
	pos := p.tok.pos
	a, err := p.column()
	if err != nil {
		return err
	}
	if err := p.punct("="); err != nil {
		return err
	}
	b, err := p.column()
	if err != nil {
		return err
	}
	sa, ca, err := p.resolve(a)
	if err != nil {
		return err
	}
	sb, cb, err := p.resolve(b)
	if err != nil {
		return err
	}
	if sb == s {
		sa, ca, sb, cb = sb, cb, sa, ca
	}
	if sa != s || sb == s {
		return p.fail(pos, "ON compares a column of %s with one of a table before it", clip(name))
	}
	s.link = &query.Link{Alias: name, Table: s.table.Name, From: ca.Name, To: cb.Name, Kind: kind}
	sb.below = append(sb.below, s)
	if p.is("AND", "OR") {
		return p.fail(p.tok.pos, "ON takes one pair of columns: put more into WHERE")
	}
	return nil
}

// resolve finds what a column's name means.
func (p *sqlParser) resolve(c sqlColumn) (*sqlSource, *metadata.Column, error) {
	if c.source != "" {
		s := p.sources[strings.ToLower(c.source)]
		if s == nil {
			return nil, nil, p.fail(c.pos, "there is no table with the name or alias %q", clip(c.source))
		}
		if col, ok := columnOf(s.table, strings.ToLower(c.named)); ok {
			return s, col, nil
		}
		return nil, nil, p.locate(unknownProperty(s.table, c.named), c.pos)
	}
	var found *sqlSource
	var column *metadata.Column
	for _, s := range p.sources {
		if col, ok := columnOf(s.table, strings.ToLower(c.named)); ok {
			if found != nil {
				return nil, nil, p.fail(c.pos, "several tables have a column %q: say which by alias.column", clip(c.named))
			}
			found, column = s, col
		}
	}
	if found == nil {
		return nil, nil, p.locate(unknownProperty(p.main.table, c.named), c.pos)
	}
	return found, column, nil
}

func (p *sqlParser) path(c sqlColumn) (operand, error) {
	s, col, err := p.resolve(c)
	if err != nil {
		return operand{}, err
	}
	o := operand{pos: c.pos, path: query.Path{col.Name}, column: s.table.Shape().Columns[col.Name]}
	if s.alias != "" {
		o.path = query.LinkPath(s.alias, col.Name)
	}
	return o, nil
}

// groupBy reads GROUP BY.
func (p *sqlParser) groupBy() ([]sqlColumn, error) {
	ok, err := p.take("GROUP")
	if !ok || err != nil {
		return nil, err
	}
	if err := p.expect("BY"); err != nil {
		return nil, err
	}
	var out []sqlColumn
	for {
		c, err := p.column()
		if err != nil {
			return nil, err
		}
		if out = append(out, c); len(out) > 50 {
			return nil, p.fail(c.pos, "there are too many columns to group by")
		}
		if !p.isPunct(",") {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if p.is("HAVING") {
		return nil, p.fail(p.tok.pos, "HAVING is not taken")
	}
	return out, nil
}

// shape makes what the rows hold of the select list.
func (p *sqlParser) shape(items []sqlItem, groups []sqlColumn) error {
	grouped := len(groups) > 0
	for _, item := range items {
		grouped = grouped || item.function != ""
	}
	names := map[string]bool{}
	once := func(item sqlItem, name string) error {
		if names[name] {
			return p.fail(item.pos, "the result has two columns named %q: give one an alias", clip(name))
		}
		names[name] = true
		return nil
	}
	f := p.fetch
	if grouped {
		f.Query.Group, f.Query.Distinct = &query.Group{}, false
		f.View.Grouped = true
		return p.groupedShape(items, groups, once)
	}
	f.View.Columns = []string{}
	f.View.Grouped = f.Query.Distinct
	for _, item := range items {
		s, c, err := p.resolve(item.column)
		if err != nil {
			return err
		}
		if s == p.main {
			f.Query.Select = append(f.Query.Select, c.Name)
		} else {
			s.link.Select = append(s.link.Select, c.Name)
		}
		cell := p.cell(item, s, c)
		if err := once(item, cell.Name); err != nil {
			return err
		}
		if s == p.main && item.alias == "" && !f.Query.Distinct {
			f.View.Columns = append(f.View.Columns, c.Name)
			continue
		}
		f.View.Cells = append(f.View.Cells, cell)
	}
	if !f.Query.Distinct {
		f.Query.Select = append(f.Query.Select, p.main.table.ID, "versionnumber")
		if len(f.View.Columns) == 0 {
			f.View.Columns = []string{p.main.table.ID}
		}
	}
	return nil
}

func (p *sqlParser) cell(item sqlItem, s *sqlSource, c *metadata.Column) Cell {
	cell := ownCell(s.table, c)
	cell.Key = query.LinkedName(s.alias, c.Name)
	switch {
	case item.alias != "":
		cell.Name, cell.Linked = item.alias, true
	case s != p.main:
		cell.Name, cell.Linked = s.alias+"."+c.Name, true
	}
	return cell
}

func (p *sqlParser) groupedShape(items []sqlItem, groups []sqlColumn, once func(sqlItem, string) error) error {
	f := p.fetch
	keys := map[string]bool{} // by LinkedName
	for _, g := range groups {
		s, c, err := p.resolve(g)
		if err != nil {
			return err
		}
		name := query.LinkedName(s.alias, c.Name)
		if keys[name] {
			continue
		}
		keys[name] = true
		f.Query.Group.Keys = append(f.Query.Group.Keys, query.Key{Name: name, Link: s.alias, Column: c.Name})
		if c.Polymorphic() {
			f.Query.Group.Keys = append(f.Query.Group.Keys, query.Key{Name: metadata.TypeColumn(name), Link: s.alias, Column: metadata.TypeColumn(c.Name)})
		}
	}
	for i, item := range items {
		if item.function == "" {
			s, c, err := p.resolve(item.column)
			if err != nil {
				return err
			}
			if !keys[query.LinkedName(s.alias, c.Name)] {
				return p.fail(item.pos, "the column %q stands neither in GROUP BY nor in a function", clip(item.column.named))
			}
			cell := p.cell(item, s, c)
			if err := once(item, cell.Name); err != nil {
				return err
			}
			f.View.Cells = append(f.View.Cells, cell)
			continue
		}
		if err := p.combined(i, item, once); err != nil {
			return err
		}
	}
	return nil
}

func (p *sqlParser) combined(i int, item sqlItem, once func(sqlItem, string) error) error {
	f := p.fetch
	// The name in the row is ours: an alias may be that of a key.
	a := query.Aggregate{Name: "#" + itoa(i), Func: sqlFunctions[item.function]}
	cell := Cell{Name: item.alias, Key: a.Name}
	if cell.Name == "" {
		cell.Name = strings.ToLower(item.function)
	}
	if err := once(item, cell.Name); err != nil {
		return err
	}
	if item.star {
		a.Func = query.CountRows
	} else {
		s, c, err := p.resolve(item.column)
		if err != nil {
			return err
		}
		a.Link, a.Column = s.alias, c.Name
		switch {
		case item.distinct:
			a.Func = query.CountDistinct
		case a.Func != query.CountValues:
			cell.Table, cell.Column = s.table, c
		}
	}
	f.Query.Group.Values = append(f.Query.Group.Values, a)
	f.View.Cells = append(f.View.Cells, cell)
	return nil
}

// orderBy reads ORDER BY: columns, or aliases of the select list.
func (p *sqlParser) orderBy() error {
	ok, err := p.take("ORDER")
	if !ok || err != nil {
		return err
	}
	if err := p.expect("BY"); err != nil {
		return err
	}
	for {
		o, err := p.orderItem()
		if err != nil {
			return err
		}
		if o.Desc, err = p.take("DESC"); err != nil {
			return err
		}
		if !o.Desc {
			if _, err := p.take("ASC"); err != nil {
				return err
			}
		}
		p.fetch.Query.Order = append(p.fetch.Query.Order, o)
		if !p.isPunct(",") {
			return nil
		}
		if err := p.advance(); err != nil {
			return err
		}
	}
}

func (p *sqlParser) orderItem() (query.Order, error) {
	grouped := p.fetch.Query.Group != nil
	c, err := p.column()
	if err != nil {
		return query.Order{}, err
	}
	if c.source == "" {
		for _, cell := range p.fetch.View.Cells {
			if !strings.EqualFold(cell.Name, c.named) {
				continue
			}
			if grouped {
				return query.Order{Column: cell.Key}, nil
			}
			if link, column, linked := strings.Cut(cell.Key, "."); linked {
				return query.Order{Link: link, Column: column}, nil
			}
			return query.Order{Column: cell.Key}, nil
		}
	}
	s, col, err := p.resolve(c)
	if err != nil {
		return query.Order{}, err
	}
	return query.Order{Link: s.alias, Column: col.Name}, nil
}

// offset reads OFFSET n ROWS FETCH NEXT m ROWS ONLY, where n is a number of whole pages.
func (p *sqlParser) offset() error {
	ok, err := p.take("OFFSET")
	if !ok || err != nil {
		return err
	}
	pos := p.tok.pos
	if p.fetch.Top >= 0 {
		return p.fail(pos, "TOP and OFFSET exclude each other")
	}
	skip, err := p.whole("OFFSET")
	if err != nil {
		return err
	}
	rows := func() error {
		if !p.is("ROWS", "ROW") {
			return p.fail(p.tok.pos, "ROWS is expected")
		}
		return p.advance()
	}
	if err := rows(); err != nil {
		return err
	}
	p.fetch.Skip = skip
	ok, err = p.take("FETCH")
	if !ok || err != nil {
		return err
	}
	if !p.is("NEXT", "FIRST") {
		return p.fail(p.tok.pos, "NEXT is expected")
	}
	if err := p.advance(); err != nil {
		return err
	}
	if p.fetch.Top, err = p.whole("FETCH"); err != nil {
		return err
	}
	if err := rows(); err != nil {
		return err
	}
	return p.expect("ONLY")
}
