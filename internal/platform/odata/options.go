package odata

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Options are the query options of a URL, read for rows of one table.
type Options struct {
	Query     query.Query       // its Limit is left to the caller, who knows the page size
	View      View              // what to write of each row
	Top       int               // of $top; -1 when absent
	SkipToken string            // of $skiptoken
	Aliases   map[string]string // parameter aliases, "@p1" → text
}

// View says which properties of a row are written, and which related rows below it.
type View struct {
	Table   *metadata.Table
	Columns []string // logical names in order; nil means all
	Expand  []ExpandView
}

// ExpandView is one navigation property that is written with its rows.
type ExpandView struct {
	Name     string // as asked for
	Relation query.Relation
	Ref      bool // only the ids of the rows ($ref)
	View     View
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

// refuseCustom refuses the options without a dollar that Dataverse has and we
// do not; silence would answer another question than the one asked.
func refuseCustom(key string) error {
	switch key {
	case "fetchXml", "savedQuery", "userQuery", "sql":
		return errs.New(errs.Unsupported, "odata.option", "the option %q is not offered", key)
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
		o.Query.Where = n
		return err
	case "$orderby":
		order, err := parseOrder(ctx, t, value, o.Aliases)
		o.Query.Order = order
		return err
	case "$expand":
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
	case "$skip", "$search", "$format", "$apply", "$compute", "$deltatoken", "$levels", "$index", "$schemaversion":
		return errs.New(errs.Unsupported, "odata.option", "the option %s is not offered", key)
	}
	return errs.New(errs.Invalid, "odata.option", "the option %q is unknown; names of options are case-sensitive", clip(key))
}

func (o *Options) selection(text string) error {
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

func parseOrder(ctx *Context, t *metadata.Table, text string, aliases map[string]string) ([]query.Order, error) {
	p, err := newParser(ctx, "$orderby", text, aliases)
	if err != nil {
		return nil, err
	}
	p.scopes = []scope{{table: t}}
	var out []query.Order
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		switch {
		case !o.isPath():
			return nil, p.fail(o.pos, "a property is expected")
		case len(o.path) > 1:
			return nil, at(errs.New(errs.Unsupported, "odata.orderby_path", "sorting by a property of another table is not offered"), "$orderby", text, o.pos)
		}
		item := query.Order{Column: o.column.Name}
		if p.isWord("asc") || p.isWord("desc") {
			item.Desc = p.isWord("desc")
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		out = append(out, item)
		if p.tok.kind == tokEnd {
			return out, nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}
