package odata

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Options are the query options of a URL, read for rows of one table.
type Options struct {
	Query     query.Query // its Limit is left to the caller, who knows the page size
	View      View        // what to write of each row
	Top       int         // of $top; -1 when absent
	SkipToken string      // of $skiptoken
	// DeltaToken is that of $deltatoken; "" when absent.
	DeltaToken string
	Aliases    map[string]string // parameter aliases, "@p1" → text
}

// View says which properties of a row are written, and which related rows below it.
type View struct {
	Table   *metadata.Table
	Columns []string // logical names in order; nil means all
	Expand  []ExpandView
	// Cells are values beside the columns: of linked tables and of groups. With
	// Grouped the rows have no columns of their own.
	Cells   []Cell
	Grouped bool
}

// ExpandView is one navigation property that is written with its rows.
type ExpandView struct {
	Name     string // as asked for
	Relation query.Relation
	Ref      bool // only the ids of the rows ($ref)
	View     View
	Options  []string // what stands in the brackets, "$select=name"
	Top      int      // of $top; -1 when absent
}

// All gives the view of all columns and no related rows.
func All(t *metadata.Table) View { return View{Table: t} }

// Params cuts the text of a URL's query, still escaped, into its options.
// Unlike net/url it takes semicolons, which $expand needs, and refuses an
// option that stands twice.
func Params(raw string) (map[string]string, error) {
	if len(raw) > maxText {
		return nil, errs.New(errs.Invalid, "odata.too_long", "the URL is longer than %d characters", maxText)
	}
	out := map[string]string{}
	for raw != "" {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		key, err1 := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil {
			return nil, errs.New(errs.Invalid, "odata.escape", "the URL is not escaped properly")
		}
		if _, twice := out[key]; twice {
			return nil, errs.New(errs.Invalid, "odata.option_twice", "the option %q stands twice", clip(key))
		}
		out[key] = value
	}
	return out, nil
}

// ParseOptions reads the options of a request for many rows.
func ParseOptions(ctx *Context, t *metadata.Table, params map[string]string) (*Options, error) {
	o := newOptions(t, params)
	if text, has := params["$apply"]; has {
		if err := o.apply(ctx, text); err != nil {
			return nil, err
		}
	}
	for key, value := range params {
		if !strings.HasPrefix(key, "$") {
			if err := refuseCustom(key); err != nil {
				return nil, err
			}
			continue
		}
		if err := o.set(ctx, key, value, 0); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// ParseEntityOptions reads the options of a request for one row: $select and $expand.
func ParseEntityOptions(ctx *Context, t *metadata.Table, params map[string]string) (*Options, error) {
	for key := range params {
		if strings.HasPrefix(key, "$") && key != "$select" && key != "$expand" {
			return nil, errs.New(errs.Invalid, "odata.option", "the option %q has no meaning for a single row", clip(key))
		}
	}
	return ParseOptions(ctx, t, params)
}

func newOptions(t *metadata.Table, params map[string]string) *Options {
	o := &Options{Query: query.Query{Table: t.Name}, View: View{Table: t}, Top: -1, Aliases: map[string]string{}}
	for key, value := range params {
		if strings.HasPrefix(key, "@") {
			o.Aliases[key] = value
		}
	}
	return o
}

// Queries are the options, without a dollar, that hold or name a whole query.
// They exclude one another.
func Queries() []string { return []string{"fetchXml", "savedQuery", "userQuery", "sql"} }

// refuseCustom refuses those options where a set is not what is asked for.
func refuseCustom(key string) error {
	if slices.Contains(Queries(), key) {
		return errs.New(errs.Invalid, "odata.option", "the option %q stands beside an entity set only, and alone", key)
	}
	return nil
}

// set reads one option; depth is that of the expansion it stands in.
func (o *Options) set(ctx *Context, key, value string, depth int) error {
	t := o.View.Table
	switch key {
	case "$select":
		return o.selection(value)
	case "$filter":
		n, err := parseFilter(ctx, t, value, o.Aliases)
		if err == nil && o.Query.Where != nil {
			n = query.And{o.Query.Where, n}
		}
		o.Query.Where = n
		return err
	case "$apply":
		if depth > 0 {
			break
		}
		return nil // read before the others
	case "$orderby":
		return o.order(ctx, value)
	case "$expand":
		if o.View.Grouped {
			return errs.New(errs.Invalid, "odata.apply", "$expand has no meaning beside $apply")
		}
		return o.expand(ctx, value, depth)
	case "$top":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > 1<<30 {
			return errs.New(errs.Invalid, "odata.top", "$top must be a whole number that is not negative")
		}
		o.Top = n
		return nil
	case "$count":
		if value != "true" && value != "false" {
			return errs.New(errs.Invalid, "odata.count", "$count must be true or false")
		}
		o.Query.Count = value == "true"
		return nil
	case "$skiptoken":
		if depth > 0 {
			break
		}
		o.SkipToken = value
		return nil
	case "$deltatoken":
		if depth > 0 {
			break
		}
		o.DeltaToken = value
		return nil
	case "$skip":
		return errs.New(errs.Invalid, "odata.option", "the option $skip is not known here: follow the @odata.nextLink of each page")
	case "$search", "$format", "$compute", "$levels", "$index", "$schemaversion":
		return errs.New(errs.Invalid, "odata.option", "the option %s is not known here, as it is not in Dataverse", key)
	}
	return errs.New(errs.Invalid, "odata.option", "the option %q is unknown; names of options are case-sensitive", clip(key))
}

func (o *Options) selection(text string) error {
	if o.View.Grouped {
		return errs.New(errs.Invalid, "odata.apply", "$select has no meaning beside $apply, which says what the rows hold")
	}
	if len(text) > maxText {
		return errs.New(errs.Invalid, "odata.too_long", "$select is too long")
	}
	columns := []string{}
	for _, name := range strings.Split(text, ",") {
		name = strings.TrimSpace(name)
		if name == "*" {
			return nil
		}
		if name == "" {
			continue
		}
		c, ok := columnOf(o.View.Table, name)
		if !ok {
			if rel, isRelation := relationOf(o.View.Table, name); isRelation && !rel.Many {
				c, ok = o.View.Table.Column(rel.From)
			}
		}
		if !ok {
			return at(unknownProperty(o.View.Table, name), "$select", text, strings.Index(text, name))
		}
		columns = append(columns, c.Name)
	}
	if len(columns) == 0 {
		return nil
	}
	o.View.Columns = columns
	o.Query.Select = append(append([]string{}, columns...), "versionnumber")
	return nil
}

// order reads $orderby: properties of the rows, or of rows that lookups lead to;
// of groups the names of their keys and aggregates.
func (o *Options) order(ctx *Context, text string) error {
	p, err := newParser(ctx, "$orderby", text, o.Aliases)
	if err != nil {
		return err
	}
	p.scopes = []scope{{table: o.View.Table}}
	for {
		var item query.Order
		if o.View.Grouped {
			item, err = o.groupOrder(p)
		} else {
			item, err = o.rowOrder(p)
		}
		if err != nil {
			return err
		}
		if p.isWord("asc") || p.isWord("desc") {
			item.Desc = p.isWord("desc")
			if err := p.advance(); err != nil {
				return err
			}
		}
		o.Query.Order = append(o.Query.Order, item)
		if p.tok.kind == tokEnd {
			return nil
		}
		if err := p.expect(","); err != nil {
			return err
		}
	}
}

func (o *Options) rowOrder(p *parser) (query.Order, error) {
	x, err := p.operand()
	if err != nil {
		return query.Order{}, err
	}
	if !x.isPath() {
		return query.Order{}, p.fail(x.pos, "a property is expected")
	}
	link, err := linkAlong(p.ctx, o.View.Table, &o.Query, x.path[:len(x.path)-1])
	return query.Order{Column: x.column.Name, Link: link}, p.locate(err, x.pos)
}

// linkAlong makes sure that the rows at the end of a path of lookups are joined,
// and gives their alias.
func linkAlong(ctx *Context, t *metadata.Table, q *query.Query, path query.Path) (string, error) {
	list, alias := &q.Links, ""
	for i, name := range path {
		rel, ok := t.Relation(name)
		if !ok || rel.Many {
			return "", errs.New(errs.Invalid, "query.unknown_relation", "table %s has no lookup %q", t.Name, clip(name))
		}
		alias = strings.Join(path[:i+1], "/")
		at := slices.IndexFunc(*list, func(l query.Link) bool { return l.Alias == alias })
		if at < 0 {
			*list = append(*list, query.Link{Alias: alias, Table: rel.Table, From: rel.To, To: rel.From, Kind: query.Outer})
			at = len(*list) - 1
		}
		list = &(*list)[at].Links
		if t, ok = ctx.Catalog.Table(rel.Table); !ok {
			return "", errs.New(errs.Internal, "odata.relation", "the table of relation %s is unknown", rel.Name)
		}
	}
	return alias, nil
}
