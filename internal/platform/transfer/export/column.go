package export

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// column is one that is written.
type column struct {
	name   string // in programs' formats
	key    string // in the row
	label  string
	column *metadata.Column
}

// columns lists what is written, without what this person may not see.
func (e *Exporter) columns(ctx context.Context, r *Request) ([]column, error) {
	t := r.View.Table
	if r.View.Grouped || r.Query.Group != nil {
		return nil, errs.New(errs.Unsupported, "export.grouped", "a query that brings rows together can't be exported: export its rows")
	}
	hidden := e.Access.Hidden(ctx)
	names := r.View.Columns
	if names == nil && len(r.View.Cells) == 0 {
		for _, c := range t.Columns {
			names = append(names, c.Name)
		}
	}
	var out []column
	seen := map[string]bool{}
	add := func(of *metadata.Table, c *metadata.Column, name, key string) {
		if seen[name] || c.IsFile() || c.Secured && hidden != nil && hidden(of.Name, c.Name) {
			return
		}
		seen[name] = true
		label := c.Label.In(r.Language)
		if slices.ContainsFunc(out, func(o column) bool { return o.label == label }) {
			label += " (" + name + ")"
		}
		out = append(out, column{name, key, label, c})
	}
	if names != nil && r.Query.Select != nil && !slices.Contains(r.Query.Select, t.ID) {
		r.Query.Select = append(slices.Clone(r.Query.Select), t.ID)
	}
	for _, name := range names {
		if c, ok := t.Column(name); ok {
			add(t, c, name, name)
		}
	}
	for i := range r.View.Cells {
		if c := &r.View.Cells[i]; c.Column != nil && c.Table != nil {
			add(c.Table, c.Column, c.Name, c.Key)
		}
	}
	if len(out) == 0 {
		return nil, errs.New(errs.Invalid, "export.columns", "there is no column that you may see")
	}
	return out, nil
}

// target gives the table that a lookup of a row leads to.
func (c *column) target(row record.Row) string {
	if c.column.Polymorphic() {
		return row.Text(metadata.TypeColumn(c.key))
	}
	return c.column.Targets[0]
}

// names keeps the primary names of lookups' targets.
type names struct {
	from  *record.Moment
	known map[string]map[id.ID]string
	n     int
}

const maxNames = 50_000 // kept in memory

func newNames(from *record.Moment) *names {
	return &names{from: from, known: map[string]map[id.ID]string{}}
}

// load learns the names that some rows need.
func (n *names) load(ctx context.Context, columns []column, rows []record.Row) error {
	if n.n > maxNames {
		n.known, n.n = map[string]map[id.ID]string{}, 0
	}
	wanted := map[string]map[id.ID]bool{}
	for i := range columns {
		c := &columns[i]
		if !c.column.IsLookup() {
			continue
		}
		for _, row := range rows {
			key, table := row.ID(c.key), c.target(row)
			if key == id.Nil || table == "" {
				continue
			}
			if _, ok := n.known[table][key]; !ok {
				if wanted[table] == nil {
					wanted[table] = map[id.ID]bool{}
				}
				wanted[table][key] = true
			}
		}
	}
	for table, set := range wanted {
		ids := make([]id.ID, 0, len(set))
		for key := range set {
			ids = append(ids, key)
		}
		found, err := n.from.Names(ctx, table, ids)
		if err != nil {
			return err
		}
		if n.known[table] == nil {
			n.known[table] = map[id.ID]string{}
		}
		for _, key := range ids {
			n.known[table][key] = found[key]
			n.n++
		}
	}
	return nil
}
