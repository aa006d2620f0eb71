package lake

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// Redact empties columns of all versions of records, and gives the other texts
// of those rows to text, which may change them; nil leaves them. It gives how
// many rows it changed. Values that a change brings later are not its business:
// call Flush before, so that nothing is on its way.
func (l *Lake) Redact(ctx context.Context, table string, ids []id.ID, columns []string, text func(string) string) (rows int, err error) {
	if _, err := name(layerChanges, table); err != nil || len(ids) == 0 {
		return 0, err
	}
	wanted := map[any]bool{}
	values := make([]any, len(ids))
	for i, x := range ids {
		values[i] = x.String()
		wanted[values[i]] = true
	}
	for _, layer := range []string{layerChanges, layerCurrent} {
		n, err := l.rewriteUntil(ctx, layer+"/"+table, func(snap *delta.Snapshot) (func([]any) []any, []delta.Test) {
			key := snap.Meta.Config(keyConfig)
			at := snap.Schema.Index(key)
			edit := func(row []any) []any {
				if at < 0 || !wanted[row[at]] {
					return row
				}
				return redacted(snap.Schema, row, key, columns, text)
			}
			return edit, []delta.Test{{Column: key, Op: delta.In, Values: values}}
		})
		rows += n
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// redacted gives a row without the columns, its other texts by text.
func redacted(schema delta.Schema, row []any, key string, columns []string, text func(string) string) []any {
	out := slices.Clone(row)
	for i, f := range schema.Fields {
		switch {
		case slices.Contains(columns, f.Name):
			out[i] = nil
		case f.Name == key || isMeta(f.Name) || text == nil:
		default:
			if s, ok := out[i].(string); ok {
				out[i] = text(s)
			}
		}
	}
	return out
}

// EraseEventsWhere takes events of a topic out that match says so of, with what
// was to become of them in the record table ("" for none), and names them.
func (l *Lake) EraseEventsWhere(ctx context.Context, topic, table string, match func(source, eventID string, data []byte) bool) (events []EventID, rows int, err error) {
	full, err := name(layerEvents, topic)
	if err != nil {
		return nil, 0, err
	}
	snap, err := l.snapshot(ctx, full)
	if err != nil || snap == nil {
		return nil, 0, err
	}
	for v, err := range snap.Rows(ctx, delta.Scan{Columns: []string{"source", "id", "data"}}) {
		if err != nil {
			return nil, 0, err
		}
		if match(text(v[0]), text(v[1]), []byte(text(v[2]))) {
			events = append(events, EventID{text(v[0]), text(v[1])})
		}
	}
	rows, err = l.EraseEvents(ctx, topic, table, events)
	return events, rows, err
}

// EraseImported takes the rows of all history tables out that hold a text which
// match says so of.
func (l *Lake) EraseImported(ctx context.Context, match func(string) bool) (rows int, err error) {
	names, err := l.names()
	if err != nil {
		return 0, err
	}
	for _, full := range names {
		if !strings.HasPrefix(full, layerHistory+"/") {
			continue
		}
		n, err := l.rewriteUntil(ctx, full, func(snap *delta.Snapshot) (func([]any) []any, []delta.Test) {
			return func(row []any) []any {
				for _, v := range row {
					if s, ok := v.(string); ok && match(s) {
						return nil
					}
				}
				return row
			}, nil
		})
		rows += n
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// Holding gives the texts of a whole table, or of the rows of some records of it, to
// see until it says that it has seen enough.
func (l *Lake) Holding(ctx context.Context, full string, ids []id.ID, see func(string) bool) (found bool, err error) {
	snap, err := l.snapshot(ctx, full)
	if err != nil || snap == nil {
		return false, err
	}
	var columns []string
	for _, f := range snap.Schema.Fields {
		if f.Type.Kind == delta.String {
			columns = append(columns, f.Name)
		}
	}
	if len(columns) == 0 {
		return false, nil
	}
	scan := delta.Scan{Columns: columns}
	wanted := map[any]bool{}
	at := slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, snap.Meta.Config(keyConfig)) })
	if len(ids) > 0 && at >= 0 {
		values := make([]any, len(ids))
		for i, x := range ids {
			values[i] = x.String()
			wanted[values[i]] = true
		}
		scan.Where = []delta.Test{{Column: columns[at], Op: delta.In, Values: values}}
	}
	for row, err := range snap.Rows(ctx, scan) {
		if err != nil {
			return false, err
		}
		if len(wanted) > 0 && !wanted[row[at]] {
			continue
		}
		for _, v := range row {
			if s, ok := v.(string); ok && s != "" && see(s) {
				return true, nil
			}
		}
	}
	return false, nil
}

// Names lists the tables of the lake, as LAYER/TABLE.
func (l *Lake) Names() ([]string, error) { return l.names() }

// Shred takes away at once what older versions of tables held: see delta.Table.Shred.
func (l *Lake) Shred(ctx context.Context, names []string) (files int, err error) {
	for _, n := range names {
		t, err := l.open(ctx, n)
		if err != nil || t == nil {
			return files, err
		}
		n, err := t.Shred(ctx)
		files += n
		if err != nil {
			return files, err
		}
	}
	return files, nil
}

// rewriteUntil rewrites a table until edit has nothing to change in it. edit
// gives the row as it should be, nil if it is to go.
func (l *Lake) rewriteUntil(ctx context.Context, full string, what func(*delta.Snapshot) (func([]any) []any, []delta.Test)) (rows int, err error) {
	return l.passes(ctx, full, func(t *delta.Table, snap *delta.Snapshot) (int, error) {
		edit, where := what(snap)
		return rewriteRows(ctx, t, snap, edit, where)
	})
}

func rewriteRows(ctx context.Context, t *delta.Table, snap *delta.Snapshot, edit func([]any) []any, where []delta.Test) (changed int, err error) {
	var files []*delta.Add
	for _, f := range snap.Files {
		hits := 0
		for row, err := range snap.Rows(ctx, delta.Scan{Files: []*delta.Add{f}, Where: where}) {
			if err != nil {
				return 0, err
			}
			if to := edit(row); to == nil || !same(row, to) {
				hits++
			}
		}
		if hits > 0 {
			files, changed = append(files, f), changed+hits
		}
	}
	if len(files) == 0 {
		return 0, nil
	}
	by := files[0].SortedBy()
	rows := func(yield func([]any, error) bool) {
		for row, err := range snap.Merged(ctx, by, delta.Scan{Files: files}) {
			if err == nil {
				if row = edit(row); row == nil {
					continue
				}
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
	_, err = t.Rewrite(ctx, delta.Rewrite{Operation: "UPDATE", Files: files, Base: snap, Schema: snap.Schema, SortedBy: by, Rows: rows, Blind: true})
	return changed, err
}

func same(a, b []any) bool {
	return slices.EqualFunc(a, b, func(x, y any) bool {
		if p, ok := x.([]byte); ok {
			q, ok := y.([]byte)
			return ok && bytes.Equal(p, q)
		}
		return reflect.DeepEqual(x, y)
	})
}

// VersionsOf gives all versions of records that the lake holds, each as what
// stands in it by column; empty columns are left out.
func (l *Lake) VersionsOf(ctx context.Context, table string, ids []id.ID) (out []map[string]any, err error) {
	full, err := name(layerChanges, table)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	snap, err := l.snapshot(ctx, full)
	if err != nil || snap == nil {
		return nil, err
	}
	values := make([]any, len(ids))
	wanted := map[any]bool{}
	for i, x := range ids {
		values[i] = x.String()
		wanted[values[i]] = true
	}
	key := snap.Meta.Config(keyConfig)
	at := snap.Schema.Index(key)
	for row, err := range snap.Rows(ctx, delta.Scan{Where: []delta.Test{{Column: key, Op: delta.In, Values: values}}}) {
		if err != nil {
			return nil, err
		}
		if at < 0 || !wanted[row[at]] {
			continue
		}
		one := map[string]any{}
		for i, f := range snap.Schema.Fields {
			if row[i] != nil {
				one[f.Name] = fmt.Sprint(row[i])
			}
		}
		out = append(out, one)
	}
	return out, nil
}
