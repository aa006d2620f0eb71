package lake

import (
	"context"
	"iter"
	"time"

	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// History gives the versions of every record of a table: records in the order
// of ids, each one's versions from old to new, deletions included. Only changes
// after from and up to to are given (a zero time is no bound), and before them,
// if there is one, the version that each record had at from.
func (l *Lake) History(ctx context.Context, table string, columns []string, from, to time.Time) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		var at Row // the version at from, of the record at hand
		have := false
		flush := func() bool {
			if !have {
				return true
			}
			have = false
			return yield(at, nil)
		}
		for row, err := range l.versions(ctx, table, columns, to) {
			if err != nil {
				yield(Row{}, err)
				return
			}
			if have && at.ID != row.ID && !flush() {
				return
			}
			if !from.IsZero() && !row.At.After(from) {
				at, have = row, true
				continue
			}
			if !flush() || !yield(row, nil) {
				return
			}
		}
		flush()
	}
}

// versions gives all versions up to an instant, in order.
func (l *Lake) versions(ctx context.Context, table string, columns []string, to time.Time) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		v, err := l.view(ctx, table, columns)
		if err != nil {
			yield(Row{}, err)
			return
		}
		snap, err := l.snapshot(ctx, layerChanges+"/"+table)
		if err != nil {
			yield(Row{}, err)
			return
		}
		var where []delta.Test
		if !to.IsZero() {
			where = []delta.Test{{Column: colAt, Op: delta.LessOrEqual, Value: to.UTC()}}
		}
		for row, err := range v.rows(ctx, snap, where) {
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
