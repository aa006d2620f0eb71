package lake

import (
	"context"
	"iter"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/kit/delta"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// baseApp is the application that notes, in current/TABLE, up to where in the
// change log the base goes.
const baseApp = "rapport.base"

// Current gives every record of a table as it is now, in the order of ids: the
// base, and the changes since by version. Memory is bounded by a page for each
// file that is open. A table that has no rows yet gives none.
func (l *Lake) Current(ctx context.Context, table string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		v, err := l.view(ctx, table, columns)
		if err != nil {
			yield(Row{}, err)
			return
		}
		base, err := l.snapshot(ctx, layerCurrent+"/"+table)
		if err != nil {
			yield(Row{}, err)
			return
		}
		changes, err := l.snapshot(ctx, layerChanges+"/"+table)
		if err != nil {
			yield(Row{}, err)
			return
		}
		var since []delta.Test
		if base != nil {
			if through, ok := base.Txn(baseApp); ok {
				since = []delta.Test{{Column: colSeq, Op: delta.Greater, Value: through}}
			}
		}
		for row, err := range newest(both(v.rows(ctx, base, nil), v.rows(ctx, changes, since))) {
			if err == nil && row.Op == changelog.Delete {
				continue
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// AsOf gives every record of a table as it was at an instant: changes made
// later, and records not there yet, are left out.
func (l *Lake) AsOf(ctx context.Context, table string, columns []string, at time.Time) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for row, err := range newest(l.versions(ctx, table, columns, at)) {
			if err == nil && row.Op == changelog.Delete {
				continue
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// view reads rows of a record's tables in the lake.
type view struct {
	key  string
	cols []Column
}

func (l *Lake) view(ctx context.Context, table string, columns []string) (view, error) {
	cols, err := l.wanted(ctx, table, columns)
	if err != nil {
		return view{}, err
	}
	key, ok := l.key(table)
	if !ok { // a table that is in the catalog no longer
		snap, err := l.snapshot(ctx, layerChanges+"/"+table)
		if err != nil {
			return view{}, err
		}
		if snap == nil {
			return view{}, unknown(table)
		}
		key = snap.Meta.Config(keyConfig)
	}
	return view{key, cols}, nil
}

// rows reads a table in the order of id and position in the log. Columns that it does not
// have yet are null.
func (v view) rows(ctx context.Context, snap *delta.Snapshot, where []delta.Test) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if snap == nil {
			return
		}
		names := []string{v.key, colVersion, colSeq, colOp, colAt, colActor}
		fixed := len(names)
		at := make([]int, len(v.cols))
		for i, c := range v.cols {
			at[i] = -1
			if f, ok := snap.Schema.Field(c.Name); ok && columnOf(f).Kind == c.Kind {
				at[i] = len(names)
				names = append(names, f.Name)
			}
		}
		for vals, err := range snap.Merged(ctx, []string{v.key, colSeq}, delta.Scan{Columns: names, Where: where}) {
			if err != nil {
				yield(Row{}, err)
				return
			}
			row := rowOf(vals[:fixed])
			if row.Op != changelog.Delete {
				row.Values = make([]any, len(v.cols))
				for i, from := range at {
					if from >= 0 {
						row.Values[i] = give(v.cols[i], vals[from])
					}
				}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// rowOf reads what every row has: id, version, position, operation, time, actor.
func rowOf(vals []any) (r Row) {
	if s, ok := vals[0].(string); ok {
		r.ID, _ = id.Parse(s) // the zero id where it is none
	}
	r.Version, _ = vals[1].(int64)
	r.Seq, _ = vals[2].(int64)
	r.Op = opOf(vals[3])
	r.At, _ = vals[4].(time.Time)
	if s, ok := vals[5].(string); ok {
		r.Actor, _ = id.Parse(s)
	}
	return r
}

// before orders rows by id and position in the log.
func before(a, b Row) bool {
	if c := compareIDs(a.ID, b.ID); c != 0 {
		return c < 0
	}
	return a.Seq < b.Seq
}

func compareIDs(a, b id.ID) int {
	for i := range a {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	return 0
}

// both merges two ordered sequences.
func both(a, b iter.Seq2[Row, error]) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		next, stop := iter.Pull2(b)
		defer stop()
		other, err, more := next()
		for row, e := range a {
			for ; e == nil && more && (err != nil || before(other, row)); other, err, more = next() {
				if !yield(other, err) || err != nil {
					return
				}
			}
			if !yield(row, e) || e != nil {
				return
			}
		}
		for ; more; other, err, more = next() {
			if !yield(other, err) || err != nil {
				return
			}
		}
	}
}

// newest keeps the last row of each record.
func newest(rows iter.Seq2[Row, error]) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		var last Row
		have := false
		for row, err := range rows {
			if err != nil {
				yield(Row{}, err)
				return
			}
			if have && row.ID != last.ID && !yield(last, nil) {
				return
			}
			last, have = row, true
		}
		if have {
			yield(last, nil)
		}
	}
}
