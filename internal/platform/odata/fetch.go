package odata

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Fetch is a query in FetchXML, or in SQL, that has been read.
type Fetch struct {
	Query query.Query // its Limit is left to the caller
	View  View
	Top   int    // -1 when absent; excludes paging
	Count int    // rows of a page; 0 when absent
	Page  int    // from 1
	Cook  string // paging cookie, as FetchXML has it; "" when absent
	Total bool   // the number of all rows is asked for
	Skip  int    // rows to pass over, of OFFSET in SQL
	// Children are values that count the rows directly below each row.
	Children []ChildCount
}

// ChildCount says how many rows stand directly below each in its table's tree.
type ChildCount struct {
	Key    string // in the row
	Parent string // lookup to the row above
}

// ParseFetch reads FetchXML.
func ParseFetch(ctx *Context, text string) (*Fetch, error) {
	root, err := parseXML(text)
	if err != nil {
		return nil, err
	}
	if root.name != "fetch" {
		return nil, root.fail("a query begins with <fetch>")
	}
	r := &fetchReader{ctx: ctx, fetch: &Fetch{Top: -1, Page: 1}, tables: map[string]*metadata.Table{}, ordinals: map[string]int{}}
	if err := r.options(root); err != nil {
		return nil, err
	}
	if len(root.below) != 1 || root.below[0].name != "entity" {
		return nil, root.fail("exactly one <entity> is expected")
	}
	if err := r.entity(root.below[0]); err != nil {
		return nil, err
	}
	return r.fetch, nil
}

// fetchReader turns elements into the tree.
type fetchReader struct {
	ctx       *Context
	fetch     *Fetch
	aggregate bool
	tables    map[string]*metadata.Table // of links, by alias
	ordinals  map[string]int             // how many links to a table had no alias
	names     []string                   // what the rows hold so far
	all       bool                       // every column of the entity
	later     []query.Order              // those of links, which come after the entity's own
}

func (r *fetchReader) options(e *element) error {
	err := e.only("version", "output-format", "mapping", "distinct", "aggregate", "top", "count", "page", "paging-cookie", "returntotalrecordcount", "no-lock", "latematerialize",
		"useraworderby", "utc-offset", "min-active-row-version", "aggregatelimit", "options", "datasource", "savedqueryid", "enableprefiltering", "prefilterparametername")
	if err != nil {
		return err
	}
	if v := e.attr("datasource"); v != "" {
		return e.fail("there is no data source but the one of the records")
	}
	f := r.fetch
	for name, to := range map[string]*bool{"distinct": &f.Query.Distinct, "aggregate": &r.aggregate, "returntotalrecordcount": &f.Total} {
		if *to, err = e.yes(name); err != nil {
			return err
		}
	}
	for name, to := range map[string]*int{"top": &f.Top, "count": &f.Count, "page": &f.Page} {
		text := e.attr(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 1<<30 || n == 0 && name == "page" {
			return e.fail("%s must be a whole number that is not negative", name)
		}
		*to = n
	}
	f.Cook = e.attr("paging-cookie")
	if f.Top >= 0 && (e.attr("count") != "" || e.attr("page") != "" || f.Cook != "") {
		return e.fail("top and paging exclude each other")
	}
	return nil
}

// yes reads a yes/no attribute.
func (e *element) yes(name string) (bool, error) {
	switch strings.ToLower(e.attr(name)) {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	}
	return false, e.fail("%s must be true or false", name)
}

func (r *fetchReader) entity(e *element) error {
	if err := e.only("name", "enableprefiltering", "prefilterparametername"); err != nil {
		return err
	}
	t, ok := r.ctx.Catalog.Table(e.attr("name"))
	if !ok {
		return e.wrap(errs.New(errs.Invalid, "query.unknown_table", "there is no table %q", clip(e.attr("name"))))
	}
	q := &r.fetch.Query
	q.Table, r.fetch.View.Table = t.Name, t
	r.fetch.View.Columns = []string{}
	if r.aggregate {
		q.Group = &query.Group{}
		r.fetch.View.Grouped = true
		if q.Distinct {
			q.Distinct = false // each group is there once anyway
		}
	}
	r.fetch.View.Grouped = r.fetch.View.Grouped || q.Distinct
	// Links first: conditions and orders may name them wherever they stand.
	for _, x := range e.below {
		if x.name == "link-entity" {
			if err := r.link(t, &q.Links, &q.Where, x); err != nil {
				return err
			}
		}
	}
	for _, x := range e.below {
		var err error
		switch x.name {
		case "attribute":
			err = r.attribute(t, "", nil, x)
		case "all-attributes", "no-attrs":
			err = r.allAttributes(t, "", nil, x)
		case "filter":
			var n query.Node
			if n, err = r.filter(t, x); err == nil {
				q.Where = and(q.Where, n)
			}
		case "order":
			err = r.order(t, "", x)
		case "link-entity":
		default:
			err = x.fail("the element is not known here")
		}
		if err != nil {
			return err
		}
	}
	q.Order = append(q.Order, r.later...)
	return r.finish(e, t)
}

// finish settles what of the entity's own columns is read and shown.
func (r *fetchReader) finish(e *element, t *metadata.Table) error {
	q, v := &r.fetch.Query, &r.fetch.View
	if r.aggregate {
		if len(q.Group.Keys)+len(q.Group.Values) == 0 {
			return e.fail("a query with aggregate needs attributes with groupby or aggregate")
		}
		return nil
	}
	if r.all || len(q.Select) == 0 && len(v.Cells) == 0 {
		if q.Distinct {
			for _, c := range t.Columns {
				q.Select = append(q.Select, c.Name)
				v.Cells = append(v.Cells, ownCell(t, c))
			}
			return nil
		}
		q.Select, v.Columns = nil, nil
		return nil
	}
	if q.Distinct {
		return nil
	}
	if len(v.Columns) == 0 {
		v.Columns = []string{t.ID}
	}
	for _, name := range []string{t.ID, "versionnumber"} {
		if !slices.Contains(q.Select, name) {
			q.Select = append(q.Select, name)
		}
	}
	return nil
}

func ownCell(t *metadata.Table, c *metadata.Column) Cell {
	name := c.Name
	if c.IsLookup() {
		name = LookupName(name)
	}
	return Cell{Name: name, Key: c.Name, Table: t, Column: c}
}

// attribute reads a column that the rows show, or by which they are grouped or combined.
func (r *fetchReader) attribute(t *metadata.Table, alias string, l *query.Link, e *element) error {
	if err := e.only("name", "alias", "aggregate", "groupby", "dategrouping", "distinct", "usertimezone", "rowaggregate", "build", "addedby"); err != nil {
		return err
	}
	c, ok := t.Column(e.attr("name"))
	if !ok {
		return e.wrap(unknownProperty(t, e.attr("name")))
	}
	name := e.attr("alias")
	if name != "" && !isIdentifier(name) {
		return e.fail("the alias %q is not a name of letters, digits and underscores", clip(name))
	}
	if r.aggregate {
		return r.combined(t, alias, c, name, e)
	}
	for _, a := range []string{"aggregate", "groupby", "dategrouping"} {
		if v := e.attr(a); v != "" && v != "false" {
			return e.fail("%s has a meaning in a query with aggregate only", a)
		}
	}
	if v := e.attr("rowaggregate"); v != "" {
		return r.rowAggregate(t, alias, name, v, e)
	}
	v := &r.fetch.View
	if l == nil {
		r.fetch.Query.Select = append(r.fetch.Query.Select, c.Name)
		switch {
		case name != "":
			v.Cells = append(v.Cells, Cell{Name: name, Key: c.Name, Table: t, Column: c, Linked: true})
		case r.fetch.Query.Distinct:
			v.Cells = append(v.Cells, ownCell(t, c))
		case !slices.Contains(v.Columns, c.Name):
			v.Columns = append(v.Columns, c.Name)
		}
		return r.once(e, name)
	}
	l.Select = append(l.Select, c.Name)
	if name == "" {
		name = alias + "." + c.Name
	}
	v.Cells = append(v.Cells, Cell{Name: name, Key: query.LinkedName(alias, c.Name), Table: t, Column: c, Linked: true})
	return r.once(e, name)
}

// once makes sure that no two values have one name.
func (r *fetchReader) once(e *element, name string) error {
	if name == "" {
		return nil
	}
	if slices.Contains(r.names, name) {
		return e.fail("the name %q stands twice", clip(name))
	}
	r.names = append(r.names, name)
	return nil
}

func (r *fetchReader) allAttributes(t *metadata.Table, alias string, l *query.Link, e *element) error {
	if e.name == "no-attrs" {
		return nil
	}
	if r.aggregate {
		return e.fail("a query with aggregate can't have all attributes")
	}
	if l == nil {
		r.all = true
		return nil
	}
	for _, c := range t.Columns {
		l.Select = append(l.Select, c.Name)
		r.fetch.View.Cells = append(r.fetch.View.Cells, Cell{Name: alias + "." + c.Name, Key: query.LinkedName(alias, c.Name), Table: t, Column: c, Linked: true})
	}
	return nil
}

var fetchFunctions = map[string]query.Function{"count": query.CountRows, "countcolumn": query.CountValues, "sum": query.Sum, "avg": query.Average, "min": query.Min, "max": query.Max}

var fetchParts = map[string]query.DatePart{"day": query.DayPart, "week": query.WeekPart, "month": query.MonthPart, "quarter": query.QuarterPart, "year": query.YearPart,
	"fiscal-period": query.FiscalPeriodPart, "fiscal-year": query.FiscalYearPart}

// combined reads a key or an aggregate of a grouped query.
func (r *fetchReader) combined(t *metadata.Table, link string, c *metadata.Column, name string, e *element) error {
	if name == "" {
		return e.fail("an attribute of a query with aggregate needs an alias")
	}
	if err := r.once(e, name); err != nil {
		return err
	}
	grouping, err := e.yes("groupby")
	if err != nil {
		return err
	}
	g, v := r.fetch.Query.Group, &r.fetch.View
	if grouping {
		return r.groupKey(t, link, c, name, e)
	}
	f, ok := fetchFunctions[e.attr("aggregate")]
	if !ok {
		return e.fail("groupby or aggregate (count, countcolumn, sum, avg, min or max) is expected")
	}
	distinct, err := e.yes("distinct")
	if err != nil {
		return err
	}
	if distinct {
		if f != query.CountValues {
			return e.fail("distinct goes with countcolumn only")
		}
		f = query.CountDistinct
	}
	a := query.Aggregate{Name: name, Func: f}
	cell := Cell{Name: name, Key: name}
	if f != query.CountRows {
		a.Link, a.Column = link, c.Name
	}
	switch f {
	case query.Sum, query.Average, query.Min, query.Max:
		cell.Table, cell.Column = t, c
	}
	g.Values = append(g.Values, a)
	v.Cells = append(v.Cells, cell)
	return nil
}

func (r *fetchReader) groupKey(t *metadata.Table, link string, c *metadata.Column, name string, e *element) error {
	g, v := r.fetch.Query.Group, &r.fetch.View
	key, cell := query.Key{Name: name, Link: link, Column: c.Name}, Cell{Name: name, Key: name}
	if part := e.attr("dategrouping"); part != "" {
		var ok bool
		if key.Part, ok = fetchParts[part]; !ok {
			return e.fail("dategrouping must be day, week, month, quarter, year, fiscal-period or fiscal-year")
		}
		key.Fiscal, cell.Part = r.ctx.Fiscal, key.Part
		if e.attr("usertimezone") != "false" && e.attr("usertimezone") != "0" {
			key.Zone = r.ctx.Zone
		}
	} else {
		cell.Table, cell.Column = t, c
	}
	g.Keys = append(g.Keys, key)
	v.Cells = append(v.Cells, cell)
	if key.Part == query.Whole && c.Polymorphic() {
		g.Keys = append(g.Keys, query.Key{Name: metadata.TypeColumn(name), Link: link, Column: metadata.TypeColumn(c.Name)})
	}
	return nil
}

// rowAggregate reads CountChildren: how many rows stand directly below each in
// the table's tree.
func (r *fetchReader) rowAggregate(t *metadata.Table, link, name, function string, e *element) error {
	if function != "CountChildren" || link != "" || name == "" || r.fetch.Query.Distinct {
		return e.fail("rowaggregate is CountChildren, of the entity itself, with an alias")
	}
	parent := t.Shape().ParentColumn()
	if parent == "" {
		return e.wrap(errs.New(errs.Invalid, "query.no_hierarchy", "the rows of table %s are not above and below each other", t.Name))
	}
	r.fetch.Children = append(r.fetch.Children, ChildCount{Key: "#" + name, Parent: parent})
	r.fetch.View.Cells = append(r.fetch.View.Cells, Cell{Name: name, Key: "#" + name})
	return r.once(e, name)
}

func (r *fetchReader) order(t *metadata.Table, alias string, e *element) error {
	if err := e.only("attribute", "alias", "descending", "entityname"); err != nil {
		return err
	}
	desc, err := e.yes("descending")
	if err != nil {
		return err
	}
	o := query.Order{Link: alias, Desc: desc}
	if r.aggregate {
		o.Link, o.Column = "", e.attr("alias")
		if o.Column == "" {
			return e.fail("an order of a query with aggregate names an alias")
		}
		if alias != "" {
			r.later = append(r.later, o)
			return nil
		}
		r.fetch.Query.Order = append(r.fetch.Query.Order, o)
		return nil
	}
	if name := e.attr("entityname"); name != "" {
		if o.Link, t, err = r.linked(name, e); err != nil {
			return err
		}
	}
	name := e.attr("attribute")
	if name == "" {
		if name = e.attr("alias"); name == "" {
			return e.fail("attribute is missing")
		}
		i := slices.IndexFunc(r.fetch.View.Cells, func(c Cell) bool { return c.Name == name })
		if i < 0 {
			return e.fail("nothing has the alias %q", clip(name))
		}
		link, column, linked := strings.Cut(r.fetch.View.Cells[i].Key, ".")
		if !linked {
			link, column = "", link
		}
		r.fetch.Query.Order = append(r.fetch.Query.Order, query.Order{Link: link, Column: column, Desc: desc})
		return nil
	}
	c, ok := t.Column(name)
	if !ok {
		return e.wrap(unknownProperty(t, name))
	}
	o.Column = c.Name
	if alias != "" {
		r.later = append(r.later, o)
		return nil
	}
	r.fetch.Query.Order = append(r.fetch.Query.Order, o)
	return nil
}

// linked finds a link by its alias, or by the name of its table if only one
// link leads to it.
func (r *fetchReader) linked(name string, e *element) (string, *metadata.Table, error) {
	if t, ok := r.tables[name]; ok {
		return name, t, nil
	}
	found := ""
	for alias, t := range r.tables {
		if t.Name == name {
			if found != "" {
				return "", nil, e.fail("several links lead to %q: name the alias of one", clip(name))
			}
			found = alias
		}
	}
	if found == "" {
		return "", nil, e.fail("there is no link with the name or alias %q", clip(name))
	}
	return found, r.tables[found], nil
}

func and(a, b query.Node) query.Node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	if list, ok := a.(query.And); ok {
		return append(slices.Clone(list), b)
	}
	return query.And{a, b}
}
