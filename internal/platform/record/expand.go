package record

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// withKeys adds to the selection the columns by which related rows are found.
func withKeys(catalog *metadata.Catalog, q *query.Query) {
	t, ok := catalog.Table(q.Table)
	if !ok || len(q.Expand) == 0 {
		return
	}
	q.Expand = slices.Clone(q.Expand)
	for i := range q.Expand {
		rel, ok := t.Relation(q.Expand[i].Relation)
		if !ok {
			continue
		}
		if len(q.Select) > 0 && !slices.Contains(q.Select, rel.From) {
			q.Select = append(slices.Clone(q.Select), rel.From)
		}
		q.Expand[i].Query.Table = rel.Table
		withKeys(catalog, &q.Expand[i].Query)
	}
}

// expand brings related rows along, one statement per relation for all rows.
func (r reader) expand(ctx context.Context, q *query.Query, rows []Row, guard query.Guard) error {
	catalog := r.o.Catalog()
	t, _ := catalog.Table(q.Table)
	for _, e := range q.Expand {
		rel, ok := t.Relation(e.Relation)
		if !ok {
			return invalid("relation", "table %s has no relation %s", q.Table, e.Relation)
		}
		from := t.Shape().Columns[rel.From]
		var keys []any
		for _, row := range rows {
			if row.ID(rel.From) == id.Nil || !rel.Many && rel.OnType != "" && row.Text(from.TypeColumn) != rel.OnType {
				continue
			}
			if key := row[rel.From]; !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		found := map[any][]Row{}
		if len(keys) > 0 {
			st, err := query.RenderRelated(catalog, r.o.DB.Dialect(), &e.Query, rel, keys, guard)
			if err != nil {
				return err
			}
			related, err := r.rows(ctx, st)
			if err != nil {
				return err
			}
			if err := r.expand(ctx, &e.Query, related, guard); err != nil {
				return err
			}
			for _, row := range related {
				key := row[rel.To]
				for _, c := range st.Columns[st.Shown:] {
					delete(row, c.Name)
				}
				found[key] = append(found[key], row)
			}
		}
		for _, row := range rows {
			attach(row, rel, found[row[rel.From]])
		}
	}
	return nil
}

func attach(row Row, rel query.Relation, related []Row) {
	switch {
	case rel.Many:
		if related == nil {
			related = []Row{}
		}
		row[rel.Name] = related
	case len(related) == 1:
		row[rel.Name] = related[0]
	default:
		row[rel.Name] = nil
	}
}
