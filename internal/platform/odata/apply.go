package odata

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// apply reads $apply: filter(…), groupby((a,b/c,year(d)),aggregate(…)) and
// aggregate(…), parted by slashes. Filters stand before the one that groups.
func (o *Options) apply(ctx *Context, text string) error {
	p, err := newParser(ctx, "$apply", text, o.Aliases)
	if err != nil {
		return err
	}
	p.scopes = []scope{{table: o.View.Table}}
	for {
		word := p.tok
		if o.Query.Group != nil {
			return p.fail(word.pos, "nothing can follow what groups the rows")
		}
		if err := p.advance(); err != nil {
			return err
		}
		if err := p.expect("("); err != nil {
			return err
		}
		switch word.text {
		case "filter":
			err = o.applyFilter(p)
		case "groupby":
			err = o.applyGroup(p)
		case "aggregate":
			o.Query.Group = &query.Group{}
			err = o.aggregates(p)
		default:
			return p.fail(word.pos, "filter, groupby or aggregate is expected")
		}
		if err != nil {
			return err
		}
		if err := p.expect(")"); err != nil {
			return err
		}
		if p.tok.kind == tokEnd {
			break
		}
		if err := p.expect("/"); err != nil {
			return err
		}
	}
	if o.Query.Group == nil {
		return p.fail(len(p.src), "groupby or aggregate is missing")
	}
	o.View.Grouped = true
	return nil
}

func (o *Options) applyFilter(p *parser) error {
	n, err := p.or()
	if err == nil && o.Query.Where != nil {
		n = query.And{o.Query.Where, n}
	}
	o.Query.Where = n
	return err
}

// applyGroup reads (a,b),aggregate(…) behind groupby(.
func (o *Options) applyGroup(p *parser) error {
	o.Query.Group = &query.Group{}
	if err := p.expect("("); err != nil {
		return err
	}
	for first := true; !p.isPunct(")"); first = false {
		if !first {
			if err := p.expect(","); err != nil {
				return err
			}
		}
		if err := o.groupKey(p); err != nil {
			return err
		}
	}
	if len(o.Query.Group.Keys) == 0 {
		return p.unexpected("a property to group by")
	}
	if err := p.advance(); err != nil {
		return err
	}
	if !p.isPunct(",") {
		return nil
	}
	if err := p.advance(); err != nil {
		return err
	}
	if !p.isWord("aggregate") {
		return p.unexpected("aggregate")
	}
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect("("); err != nil {
		return err
	}
	if err := o.aggregates(p); err != nil {
		return err
	}
	return p.expect(")")
}

// dateParts are the functions that may stand around a date in groupby.
var dateParts = map[string]query.DatePart{"day": query.DayPart, "month": query.MonthPart, "year": query.YearPart}

func (o *Options) groupKey(p *parser) error {
	part, wrapped := dateParts[p.tok.text]
	wrapped = wrapped && p.peek().text == "("
	word := p.tok.text
	if wrapped {
		if err := p.advance(); err != nil {
			return err
		}
		if err := p.expect("("); err != nil {
			return err
		}
	}
	x, err := o.groupOperand(p)
	if err != nil {
		return err
	}
	if !wrapped {
		o.addKey(x)
		return nil
	}
	if err := p.expect(")"); err != nil {
		return err
	}
	name, err := p.as(word + "_" + x.name)
	if err != nil {
		return err
	}
	o.Query.Group.Keys = append(o.Query.Group.Keys, query.Key{Name: name, Link: x.link, Column: x.column.Name, Part: part, Zone: p.ctx.Zone})
	o.View.Cells = append(o.View.Cells, Cell{Name: name, Key: name})
	return nil
}

// as reads "as name", if it stands there.
func (p *parser) as(otherwise string) (string, error) {
	if !p.isWord("as") {
		return otherwise, nil
	}
	if err := p.advance(); err != nil {
		return "", err
	}
	if p.tok.kind != tokName || !isIdentifier(p.tok.text) {
		return "", p.unexpected("a name")
	}
	name := p.tok.text
	return name, p.advance()
}

// grouped is a property that rows are grouped by or whose values are combined.
type grouped struct {
	name   string // as written, in the row
	path   query.Path
	link   string
	table  *metadata.Table
	column *metadata.Column
}

func (o *Options) groupOperand(p *parser) (grouped, error) {
	start := p.tok.pos
	x, err := p.operand()
	if err != nil {
		return grouped{}, err
	}
	if !x.isPath() || x.node != nil {
		return grouped{}, p.fail(x.pos, "a property is expected")
	}
	nav := x.path[:len(x.path)-1]
	link, err := linkAlong(p.ctx, o.View.Table, &o.Query, nav)
	if err != nil {
		return grouped{}, p.locate(err, start)
	}
	t := o.View.Table
	for _, name := range nav {
		rel, _ := t.Relation(name)
		if t, _ = p.ctx.Catalog.Table(rel.Table); t == nil {
			return grouped{}, p.fail(start, "the path is unknown")
		}
	}
	c, ok := t.Column(x.column.Name)
	if !ok {
		return grouped{}, p.fail(start, "a property is expected")
	}
	return grouped{name: strings.Join(x.path, "/"), path: nav, link: link, table: t, column: c}, nil
}

// addKey groups by a column, and by the table of what a polymorphic lookup leads to.
func (o *Options) addKey(x grouped) {
	g := o.Query.Group
	g.Keys = append(g.Keys, query.Key{Name: x.name, Link: x.link, Column: x.column.Name})
	if x.column.Polymorphic() {
		g.Keys = append(g.Keys, query.Key{Name: metadata.TypeColumn(x.name), Link: x.link, Column: metadata.TypeColumn(x.column.Name)})
	}
	name := x.column.Name
	if x.column.IsLookup() {
		name = LookupName(name)
	}
	o.View.Cells = append(o.View.Cells, Cell{Name: name, Key: x.name, Below: x.path, Table: x.table, Column: x.column})
}

var aggregateWords = map[string]query.Function{"sum": query.Sum, "average": query.Average, "min": query.Min, "max": query.Max, "countdistinct": query.CountDistinct}

// aggregates reads "revenue with sum as total,$count as n".
func (o *Options) aggregates(p *parser) error {
	for {
		if err := o.oneAggregate(p); err != nil {
			return err
		}
		if !p.isPunct(",") {
			return nil
		}
		if err := p.advance(); err != nil {
			return err
		}
	}
}

func (o *Options) oneAggregate(p *parser) error {
	a := query.Aggregate{Func: query.CountRows}
	cell := Cell{}
	if p.isWord("$count") {
		if err := p.advance(); err != nil {
			return err
		}
	} else {
		x, err := o.groupOperand(p)
		if err != nil {
			return err
		}
		if !p.isWord("with") {
			return p.unexpected("with")
		}
		if err := p.advance(); err != nil {
			return err
		}
		f, ok := aggregateWords[p.tok.text]
		if !ok || p.tok.kind != tokName {
			return p.unexpected("sum, average, min, max or countdistinct")
		}
		if err := p.advance(); err != nil {
			return err
		}
		a.Func, a.Link, a.Column = f, x.link, x.column.Name
		if f != query.CountDistinct {
			cell.Table, cell.Column = x.table, x.column
		}
	}
	if !p.isWord("as") {
		return p.unexpected("as")
	}
	name, err := p.as("")
	if err != nil {
		return err
	}
	a.Name, cell.Name, cell.Key = name, name, name
	o.Query.Group.Values = append(o.Query.Group.Values, a)
	o.View.Cells = append(o.View.Cells, cell)
	return nil
}

// groupOrder reads what groups are sorted by: a name given with as, or a
// property that they are grouped by.
func (o *Options) groupOrder(p *parser) (query.Order, error) {
	name := p.tok
	if name.kind != tokName {
		return query.Order{}, p.unexpected("a name")
	}
	text := name.text
	for _, c := range o.View.Cells {
		if c.Name == text && len(c.Below) == 0 {
			return query.Order{Column: c.Key}, p.advance()
		}
	}
	x, err := o.groupOperand(p)
	if err != nil {
		return query.Order{}, err
	}
	for _, c := range o.View.Cells {
		if c.Key == x.name {
			return query.Order{Column: c.Key}, nil
		}
	}
	return query.Order{}, at(errs.New(errs.Invalid, "query.group_order", "groups can't be sorted by %q: it is neither a key nor an aggregate of $apply", clip(text)), p.option, p.src, name.pos)
}
