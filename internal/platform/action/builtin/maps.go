package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Map gives the values that a new row of a table takes over from a row of
// another, by the maps that are in force. Of several sources of one column the
// first that has a value counts. Whoever may read the row may have it mapped.
func Map(ctx context.Context, c *metadata.Catalog, from record.Reader, source string, row record.Row, target string) (record.Row, error) {
	to, ok := c.Table(target)
	if !ok {
		return nil, errs.New(errs.Invalid, "map.table", "there is no table %s", target)
	}
	st, ok := c.Table(source)
	if !ok {
		return nil, errs.New(errs.Invalid, "map.table", "there is no table %s", source)
	}
	page, err := from.Find(access.Elevate(ctx, "column maps"), query.Query{Table: "attributemap", Order: []query.Order{{Column: "rpt_order"}}, Where: query.And{
		query.Compare{Left: query.Path{"entitymapid", "sourceentityname"}, Value: source}, query.Compare{Left: query.Path{"entitymapid", "targetentityname"}, Value: target}}})
	if err != nil {
		return nil, err
	}
	out := record.Row{}
	for _, m := range page.Rows {
		name := m.Text("targetattributename")
		column, known := to.Column(name)
		if _, taken := out[name]; taken || !known {
			continue
		}
		put(out, st, row, m.Text("sourceattributename"), column)
	}
	return out, nil
}

// put takes one value over, if the column can hold it.
func put(out record.Row, source *metadata.Table, row record.Row, name string, column *metadata.Column) {
	v := row[name]
	if v == nil {
		return
	}
	from, known := source.Column(name)
	if !known {
		return
	}
	if !column.IsLookup() {
		if value, err := column.Coerce(v); err == nil && !from.IsLookup() {
			out[column.Name] = fitted(value, column)
		}
		return
	}
	kind := source.Name
	switch {
	case from.Polymorphic():
		kind = row.Text(metadata.TypeColumn(name))
	case from.IsLookup():
		kind = from.Targets[0]
	}
	for _, target := range column.Targets {
		if target != kind {
			continue
		}
		out[column.Name] = v
		if column.Polymorphic() {
			out[metadata.TypeColumn(column.Name)] = kind
		}
	}
}

// fitted cuts a text that is longer than its new column.
func fitted(v any, column *metadata.Column) any {
	s, isText := v.(string)
	if r := []rune(s); isText && column.Max > 0 && len(r) > column.Max {
		return string(r[:column.Max])
	}
	return v
}
