package decision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

// source says where the inputs of a version are found in a table.
type source struct {
	table   *metadata.Table
	columns []string
	expand  []query.Expand
	at      []place
	links   []link
}

// link is a lookup by which inputs are read.
type link struct {
	column   string // of the record
	table    *metadata.Table
	relation string
	columns  []string // of the other record
}

type place struct {
	input    string
	day      bool
	relation string // "" for the record itself
	column   string
}

// bind finds the columns of a definition's inputs.
func bind(catalog *metadata.Catalog, table string, d *decide.Definition) (*source, error) {
	t, ok := catalog.Table(table)
	if !ok {
		return nil, badDefinition("table", "unknown", "there is no table %s", table)
	}
	out := &source{table: t}
	for i, in := range d.Inputs {
		if in.Column == "" {
			continue
		}
		field := fmt.Sprintf("inputs[%d].column", i)
		name, further, related := strings.Cut(in.Column, "/")
		c, has := t.Column(name)
		if !has {
			return nil, badDefinition(field, "unknown", "the table %s has no column %s", table, name)
		}
		if !related {
			out.columns = append(out.columns, name)
			out.at = append(out.at, place{in.Name, in.Kind == decide.Date, "", name})
			continue
		}
		if !c.IsLookup() || c.Polymorphic() {
			return nil, badDefinition(field, "lookup", "%s leads to no other table, or to several", name)
		}
		to, _ := catalog.Table(c.Targets[0])
		if to == nil {
			return nil, badDefinition(field, "unknown", "there is no table %s", c.Targets[0])
		}
		if _, has := to.Column(further); !has {
			return nil, badDefinition(field, "unknown", "the table %s has no column %s", to.Name, further)
		}
		nav := c.NavTo(to.Name)
		out.at = append(out.at, place{in.Name, in.Kind == decide.Date, nav, further})
		at := slices.IndexFunc(out.expand, func(e query.Expand) bool { return e.Relation == nav })
		if at < 0 {
			at, out.expand = len(out.expand), append(out.expand, query.Expand{Relation: nav})
			out.columns = append(out.columns, name)
			out.links = append(out.links, link{column: name, table: to, relation: nav})
		}
		out.expand[at].Query.Select = append(out.expand[at].Query.Select, further)
		out.links[at].columns = append(out.links[at].columns, further)
	}
	if t.Title != "" {
		out.columns = append(out.columns, t.Title)
	}
	slices.Sort(out.columns)
	out.columns = slices.Compact(out.columns)
	return out, nil
}

// values gives the inputs that a row holds.
func (s *source) values(row record.Row) map[string]any {
	out := make(map[string]any, len(s.at))
	for _, p := range s.at {
		from := row
		if p.relation != "" {
			from, _ = row[p.relation].(record.Row)
		}
		out[p.input] = plain(from[p.column])
		if at, ok := out[p.input].(time.Time); ok && p.day {
			out[p.input] = at.UTC().Format(time.DateOnly)
		}
	}
	return out
}

func plain(v any) any {
	switch x := v.(type) {
	case query.Date:
		return string(x)
	case id.ID:
		return x.String()
	}
	return v
}

// reads tells whether a change touches an input.
func (s *source) reads(old, change record.Row) bool {
	for _, p := range s.at {
		if p.relation != "" {
			continue // what it leads to is another record (behind.go)
		}
		if v, given := change[p.column]; given && !same(old[p.column], v) {
			return true
		}
	}
	for _, l := range s.links {
		if v, given := change[l.column]; given && !same(old[l.column], v) {
			return true
		}
	}
	return false
}

// reads tells whether a change of the record that a lookup leads to touches an input.
func (l *link) reads(old, row record.Row) bool {
	return slices.ContainsFunc(l.columns, func(c string) bool { return !same(old[c], row[c]) })
}

func same(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// read gives a record with the inputs that it holds.
func (s *source) read(ctx context.Context, from record.Reader, key id.ID) (record.Row, map[string]any, error) {
	row, err := from.Get(ctx, s.table.Name, key, append(slices.Clone(s.columns), "versionnumber"), s.expand)
	if err != nil {
		return nil, nil, err
	}
	return row, s.values(row), nil
}
