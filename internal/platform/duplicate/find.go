package duplicate

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// found bounds how many rows of one key are looked at.
const found = 500

// Find gives the rows of a table that count as the same as a row, which need not
// be there yet, as far as the context's principal may read them.
func (e *Engine) Find(ctx context.Context, from record.Reader, table string, row record.Row, matching string, columns []string) ([]record.Row, error) {
	t, ok := e.Catalog().Table(table)
	m, also := e.Catalog().Table(matching)
	if !ok || !also {
		return nil, errs.New(errs.Invalid, "duplicate.table", "there is no such table")
	}
	rules := e.Rules()
	if rules == nil {
		return nil, nil
	}
	var out []record.Row
	seen := map[id.ID]bool{}
	for _, r := range rules.byBase[table] {
		if !r.Published || r.Matching != matching {
			continue
		}
		key, ok := r.keyOf(t, row, true)
		if !ok {
			continue
		}
		rows, err := e.matches(ctx, from, r, key, row.ID(t.ID), row, columns)
		if err != nil {
			return nil, err
		}
		for _, hit := range rows {
			if !seen[hit.ID(m.ID)] {
				seen[hit.ID(m.ID)] = true
				out = append(out, hit)
			}
		}
	}
	return out, nil
}

// companions is what both the store and its transactions can do.
type companions interface {
	Companions(ctx context.Context, table, idColumn, textColumn string, key id.ID, text string) ([]id.ID, error)
}

// matches gives the rows of a key beside the row itself.
func (e *Engine) matches(ctx context.Context, from record.Reader, r *Rule, key string, self id.ID, base record.Row, columns []string) ([]record.Row, error) {
	m, ok := e.Catalog().Table(r.Matching)
	reader, can := from.(companions)
	if !ok || !can {
		return nil, errs.New(errs.Internal, "duplicate.reader", "duplicates can't be looked for here")
	}
	ids, err := reader.Companions(ctx, "duplicatekey", "ruleid", "hash", r.ID, key)
	if err != nil {
		return nil, err
	}
	var values []any
	for _, v := range ids {
		if v != self && len(values) < found {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	where := query.And{query.In{Left: query.Path{m.ID}, Values: values}}
	if r.ExcludeInactive && m.Stateful() {
		where = append(where, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)})
	}
	if len(columns) > 0 {
		columns = append(slices.Clone(columns), r.compared()...)
	}
	page, err := from.Find(ctx, query.Query{Table: m.Name, Select: columns, Where: where, Order: []query.Order{{Column: "createdon"}}, Limit: found})
	if errs.Has(err, errs.Forbidden) {
		return nil, nil // who may read none of them is told of none
	}
	return slices.DeleteFunc(page.Rows, func(row record.Row) bool { return !r.close(base, row) }), err
}
