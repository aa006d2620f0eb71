package transfer

import (
	"context"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// hit is a record that is there already.
type hit struct {
	key     id.ID
	version int64
}

// maxConditions bounds the conditions of one query for records.
const maxConditions = 800

// keyOf gives what tells a row's record apart: the values of the columns by which
// records are found, folded. It is "" where one of them is empty.
func (p *plan) keyOf(values map[string]any) string {
	parts := make([]string, len(p.match))
	for i, c := range p.match {
		v := values[c.Name]
		if v == nil {
			return ""
		}
		parts[i] = query.Fold(textOf(v))
	}
	return strings.Join(parts, "\x1f")
}

// matches finds the records that rows are about, by their keys.
func (p *plan) matches(ctx context.Context, from finder, rows []row) (map[string][]hit, error) {
	out := map[string][]hit{}
	if len(p.match) == 0 {
		return out, nil
	}
	asked := map[string]bool{}
	var batch []query.Node
	var values []any
	size := maxConditions / (len(p.match) + 1)
	flush := func() error {
		if len(batch) == 0 && len(values) == 0 {
			return nil
		}
		var where query.Node = query.Or(batch)
		if len(p.match) == 1 {
			where = query.In{Left: query.Path{p.match[0].Name}, Values: values}
		}
		batch, values = nil, nil
		return p.collect(ctx, from, where, out)
	}
	for i := range rows {
		key := p.keyOf(rows[i].values)
		if len(rows[i].bad) > 0 || key == "" || asked[key] {
			continue
		}
		asked[key] = true
		if len(p.match) == 1 {
			values = append(values, rows[i].values[p.match[0].Name])
		} else {
			batch = append(batch, p.is(rows[i].values))
		}
		if len(batch)+len(values) >= size {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	return out, flush()
}

// is gives the condition that a record has a row's key.
func (p *plan) is(values map[string]any) query.Node {
	all := make(query.And, len(p.match))
	for i, c := range p.match {
		all[i] = query.Compare{Left: query.Path{c.Name}, Value: values[c.Name]}
	}
	return all
}

func (p *plan) collect(ctx context.Context, from finder, where query.Node, out map[string][]hit) error {
	q := query.Query{Table: p.table.Name, Select: []string{p.table.ID, "versionnumber"}, Where: where}
	for _, c := range p.match {
		q.Select = append(q.Select, c.Name)
	}
	for {
		page, err := from.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if key := p.keyOf(row); len(out[key]) < 2 { // two are too many already
				out[key] = append(out[key], hit{row.ID(p.table.ID), row.Version()})
			}
		}
		if page.Next == nil {
			return nil
		}
		q.After = page.Next
	}
}

// uniques lists the alternate keys of a table, each as its columns.
func uniques(t *metadata.Table) [][]string {
	out := [][]string{{t.ID}}
	for _, k := range t.Keys {
		if !k.WhereOpen {
			out = append(out, k.Columns)
		}
	}
	return out
}
