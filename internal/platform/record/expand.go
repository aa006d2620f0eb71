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

// maxRelated bounds the related rows that one expansion brings along for all
// rows of a page, and with them the memory that it takes.
const maxRelated = 100_000

// expand brings related rows along, one statement per relation for all rows.
func (r reader) expand(ctx context.Context, q *query.Query, rows []Row, guard query.Guard) error {
	catalog := r.o.Catalog()
	t, _ := catalog.Table(q.Table)
	for _, e := range q.Expand {
		rel, ok := t.Relation(e.Relation)
		if !ok {
			return invalid("relation", "table %s has no relation %s", q.Table, e.Relation)
		}
		keys := keysOf(t, rel, rows)
		found := map[any][]Row{}
		page := 0
		if len(keys) > 0 {
			var err error
			if found, page, err = r.related(ctx, e, rel, keys, guard); err != nil {
				return err
			}
		}
		var all []Row
		next := map[any]query.Cursor{}
		for key, list := range found {
			if page > 0 && len(list) > page {
				list = list[:page]
				found[key], next[key] = list, query.CursorAfter(&e.Query, list[page-1])
			}
			all = append(all, list...)
		}
		conceal(catalog, &e.Query, all, r.o.Access.Hidden(ctx), r.o.Access.Listed(ctx))
		if guard != nil && len(all) > 0 && traced(ctx, r.o) {
			if list := r.shown(ctx, &e.Query, all, nil); len(list) > 0 {
				if err := r.note(ctx, list...); err != nil {
					return err
				}
			}
		}
		if err := r.expand(ctx, &e.Query, all, guard); err != nil {
			return err
		}
		for _, row := range all {
			for _, c := range hidden(&e.Query, row) {
				delete(row, c)
			}
		}
		for _, row := range rows {
			key := row[rel.From]
			attach(row, rel, found[key])
			if at, more := next[key]; more {
				row[query.NextName(rel.Name)] = at
			}
		}
	}
	return nil
}

// keysOf lists the values by which the rows' related rows are found.
func keysOf(t *metadata.Table, rel query.Relation, rows []Row) []any {
	from := t.Shape().Columns[rel.From]
	seen := make(map[any]bool, len(rows))
	var keys []any
	for _, row := range rows {
		if row.ID(rel.From) == id.Nil || !rel.Many && rel.OnType != "" && row.Text(from.TypeColumn) != rel.OnType {
			continue
		}
		if key := row[rel.From]; !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// related reads the related rows of all keys. Page is how many of them each
// key may keep, 0 for all: it shrinks where many rows have many related ones.
func (r reader) related(ctx context.Context, e query.Expand, rel query.Relation, keys []any, guard query.Guard) (found map[any][]Row, page int, err error) {
	sub := e.Query
	if rel.Many && e.Page > 0 && (sub.Limit == 0 || sub.Limit > e.Page) {
		page = e.Page
		sub.Limit = page + 1 // one more tells whether there are more
	}
	for {
		st, err := query.RenderRelated(r.o.Catalog(), r.o.DB.Dialect(), &sub, rel, keys, guard, maxRelated+1)
		if err != nil {
			return nil, 0, err
		}
		rows, err := r.rows(ctx, st)
		if err != nil {
			return nil, 0, err
		}
		if len(rows) > maxRelated {
			share := maxRelated / len(keys)
			if e.Page == 0 || sub.Limit == share+1 {
				return nil, 0, invalid("too_many_related", "relation %s leads to more than %d rows: ask for fewer", rel.Name, maxRelated)
			}
			page = max(share-1, 1)
			sub.Limit = page + 1
			continue
		}
		found = make(map[any][]Row, len(keys))
		for _, row := range rows {
			key := row[rel.KeyColumn()]
			found[key] = append(found[key], row)
		}
		return found, page, nil
	}
}

// hidden lists the columns of a related row that nobody asked for.
func hidden(q *query.Query, row Row) []string {
	asked := make(map[string]bool, len(q.Select)+4)
	for _, name := range q.Select {
		asked[name] = true
	}
	for _, l := range q.Links {
		for _, name := range l.Select {
			asked[query.LinkedName(l.Alias, name)] = true
		}
	}
	for _, e := range q.Expand {
		asked[e.Relation], asked[query.NextName(e.Relation)] = true, true
	}
	var out []string
	for name := range row {
		if !asked[name] {
			out = append(out, name)
		}
	}
	return out
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
