package lake

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/kit/delta"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Import is rows for a history table.
type Import struct {
	// Columns of the rows; those that the table lacks are added to it. No name
	// begins with an underscore.
	Columns []Column
	// Key names the text column that tells rows apart: a row whose key is in the
	// table already takes its place. "" adds all rows. It stays what it was at
	// the table's first import.
	Key string
	// Rows give canonical values in the order of Columns. An error ends the
	// import, and nothing of it is in the table then.
	Rows iter.Seq2[[]any, error]
	// ID of the import: the same again has no effect. "" has none.
	ID string
}

// Imported tells what an import did.
type Imported struct {
	Rows    int64
	Files   int
	Bytes   int64
	Version int64 // of the table
}

const (
	importChunk = 50_000 // rows sorted in memory at a time
	colImport   = "_import"
	colOrder    = "_order"
)

// Append adds rows to a history table, and makes it at the first time. Memory
// is bounded: rows are sorted in pieces.
func (l *Lake) Append(ctx context.Context, table string, in Import) (Imported, error) {
	full, err := name(layerHistory, table)
	if err != nil {
		return Imported{}, err
	}
	schema := delta.Schema{}
	for _, c := range in.Columns {
		if isMeta(c.Name) {
			return Imported{}, noColumn(table, c.Name)
		}
		schema.Fields = append(schema.Fields, field(c))
	}
	key := slices.IndexFunc(in.Columns, func(c Column) bool { return c.Name == in.Key })
	if in.Key != "" && (key < 0 || in.Columns[key].Kind != query.Text) {
		return Imported{}, noColumn(table, in.Key)
	}
	schema.Fields = append(schema.Fields, field(Column{Name: colImport, Kind: query.Int}), field(Column{Name: colOrder, Kind: query.Int}))
	t, err := l.ensure(ctx, full, schema, in.Key)
	if err != nil {
		return Imported{}, err
	}
	snap, err := t.Snapshot(ctx)
	if err != nil {
		return Imported{}, err
	}
	if old := snap.Meta.Config(keyConfig); old != in.Key {
		return Imported{}, noColumn(table, in.Key)
	}
	sorted := []string{colImport, colOrder}
	if in.Key != "" {
		sorted = append([]string{in.Key}, sorted...)
	}
	conformed, fit := conform(snap.Schema, schema)
	a := delta.Append{Schema: conformed, SortedBy: sorted, FileRows: importChunk, Rows: importRows(in, key, snap.Version+1, fit), Parameters: map[string]any{"mode": "Append", "import": in.ID}}
	if in.ID != "" {
		a.App, a.AppVersion = "rapport.import."+in.ID, 1
	}
	res, err := t.Append(ctx, a)
	if err != nil {
		return Imported{}, err
	}
	l.c.Metrics.rows.WithLabelValues(layerHistory).Add(float64(res.Rows))
	l.c.Metrics.commits.WithLabelValues(layerHistory).Inc()
	return Imported{Rows: res.Rows, Files: res.Files, Bytes: res.Bytes, Version: res.Version}, nil
}

// importRows gives the rows as they are kept, each chunk in the order of keys.
func importRows(in Import, key int, number int64, fit map[int]func(any) any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var chunk [][]any
		emit := func() bool {
			if key >= 0 {
				slices.SortStableFunc(chunk, func(a, b []any) int { return cmp.Compare(text(a[key]), text(b[key])) })
			}
			for _, row := range chunk {
				if !yield(row, nil) {
					return false
				}
			}
			chunk = chunk[:0]
			return true
		}
		order := int64(0)
		for row, err := range in.Rows {
			if err == nil && len(row) != len(in.Columns) {
				err = noColumn("", "")
			}
			kept := make([]any, 0, len(row)+2)
			for i, v := range row {
				if err != nil {
					break
				}
				k, ok := keepValue(in.Columns[i], v)
				if !ok {
					err = noColumn("", in.Columns[i].Name)
				}
				if f := fit[i]; f != nil {
					k = f(k)
				}
				kept = append(kept, k)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			chunk = append(chunk, append(kept, number, order))
			order++
			if len(chunk) == importChunk && !emit() {
				return
			}
		}
		emit()
	}
}

// Imported gives the rows of a history table; of those with one key the last
// imported. Rows come in the order of keys, or of import where there is no key.
// No columns means all.
func (l *Lake) Imported(ctx context.Context, table string, columns []string) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		snap, cols, err := l.importedColumns(ctx, table, columns)
		if err != nil {
			yield(nil, err)
			return
		}
		key := snap.Meta.Config(keyConfig)
		by := []string{colImport, colOrder}
		names := make([]string, len(cols), len(cols)+1)
		for i, c := range cols {
			names[i] = c.Name
		}
		if key != "" {
			by = append([]string{key}, by...)
			names = append(names, key)
		}
		var last []any
		for v, err := range snap.Merged(ctx, by, delta.Scan{Columns: names}) {
			if err != nil {
				yield(nil, err)
				return
			}
			if key == "" {
				if !yield(given(cols, v), nil) {
					return
				}
				continue
			}
			if last != nil && (v[len(cols)] == nil || v[len(cols)] != last[len(cols)]) && !yield(given(cols, last), nil) {
				return
			}
			last = v
		}
		if last != nil {
			yield(given(cols, last), nil)
		}
	}
}

func given(cols []Column, kept []any) []any {
	out := make([]any, len(cols))
	for i, c := range cols {
		out[i] = give(c, kept[i])
	}
	return out
}

// ImportedColumns lists the columns of a history table.
func (l *Lake) ImportedColumns(ctx context.Context, table string) ([]Column, error) {
	_, cols, err := l.importedColumns(ctx, table, nil)
	return cols, err
}

func (l *Lake) importedColumns(ctx context.Context, table string, names []string) (*delta.Snapshot, []Column, error) {
	full, err := name(layerHistory, table)
	if err != nil {
		return nil, nil, err
	}
	snap, err := l.snapshot(ctx, full)
	if err != nil {
		return nil, nil, err
	}
	if snap == nil {
		return nil, nil, unknown(table)
	}
	var cols []Column
	for _, f := range snap.Schema.Fields {
		if c := columnOf(f); !isMeta(c.Name) && len(names) == 0 {
			cols = append(cols, c)
		}
	}
	for _, n := range names {
		f, ok := snap.Schema.Field(n)
		if !ok || isMeta(n) || !strings.EqualFold(f.Name, n) {
			return nil, nil, noColumn(table, n)
		}
		cols = append(cols, columnOf(f))
	}
	return snap, cols, nil
}
