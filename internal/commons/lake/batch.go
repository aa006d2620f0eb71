package lake

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// batch is the rows of one table on their way into the lake.
type batch struct {
	layer, table string
	key          string   // column whose order the rows are to have, and then colSeq's; "" for that of colSeq alone
	columns      []Column // beside those that every table of the layer has
	schema       delta.Schema
	rows         []pending
}

// pending is one row; its values stand in the order of the batch's schema. Those
// of the columns behind them are the record's, where there is one: wide tables are
// mostly empty, so rows are filled out one by one as they are written.
type pending struct {
	key    string
	seq    int64
	values []any
	record *image
}

// full gives all values of a row, in buf where they don't stand there yet.
func (p *pending) full(s delta.Schema, buf []any) []any {
	buf = append(buf[:0], p.values...)
	for _, field := range s.Fields[len(p.values):] {
		var v any
		if p.record != nil {
			v = p.record.values[field.Name]
		}
		buf = append(buf, v)
	}
	return buf
}

func (b *batch) name() string { return b.layer + "/" + b.table }

// write appends what the table does not have yet, in one commit, and notes that
// the consumer has read up to through. It is safe to call again after an error.
func (l *Lake) write(ctx context.Context, app string, through int64, b *batch) error {
	t, err := l.ensure(ctx, b.name(), b.schema, b.key)
	if err != nil {
		return err
	}
	snap, err := t.Snapshot(ctx)
	if err != nil {
		return err
	}
	done, ok := snap.Txn(app)
	if ok && done >= through {
		l.c.Metrics.skipped.WithLabelValues("duplicate").Add(float64(len(b.rows)))
		return nil
	}
	rows := b.rows
	if ok {
		rows = slices.DeleteFunc(slices.Clone(rows), func(p pending) bool { return p.seq <= done })
		l.c.Metrics.skipped.WithLabelValues("duplicate").Add(float64(len(b.rows) - len(rows)))
	}
	sorted := []string{colSeq} // as the stream gives them
	if b.key != "" {
		sorted = []string{b.key, colSeq}
		slices.SortStableFunc(rows, func(a, b pending) int {
			return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.seq, b.seq))
		})
	}
	schema, fit := conform(snap.Schema, b.schema)
	_, err = t.Append(ctx, delta.Append{Schema: schema, Rows: fitted(schema, rows, fit), SortedBy: sorted, App: app, AppVersion: through})
	if errors.Is(err, delta.ErrDone) {
		err = nil // another writer, of the same consumer
	}
	if err != nil {
		return err
	}
	l.c.Metrics.rows.WithLabelValues(b.layer).Add(float64(len(rows)))
	l.c.Metrics.commits.WithLabelValues(b.layer).Inc()
	return nil
}

// conform gives the schema with the types that columns have in the table
// already, and how values of a column whose type has changed since are turned
// into them; a value that can't be is left out.
func conform(table, rows delta.Schema) (delta.Schema, map[int]func(any) any) {
	out := delta.Schema{Fields: slices.Clone(rows.Fields)}
	fit := map[int]func(any) any{}
	for i, f := range out.Fields {
		old, ok := table.Field(f.Name)
		if !ok || old.Type.Equal(f.Type) {
			continue
		}
		out.Fields[i].Type = old.Type
		fit[i] = convert(old.Type)
	}
	return out, fit
}

// fitted gives the rows; each only until the next.
func fitted(s delta.Schema, rows []pending, fit map[int]func(any) any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var values []any
		for _, r := range rows {
			values = r.full(s, values)
			for i, f := range fit {
				values[i] = f(values[i])
			}
			if !yield(values, nil) {
				return
			}
		}
	}
}
