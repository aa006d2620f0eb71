package record

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// layout is what follows from the names of values alone: the columns that are
// written, in a fixed order, and those that a change row holds. Rows made together
// share one, with the values of them all: what a row does not have is empty.
type layout struct {
	keys    []string       // of the row, in order
	columns []query.Column // those of the keys that are columns
	written []string       // columns in the statement, the folded companions among them
	logged  []string       // keys that a change row holds
	text    string         // of written: equal ones share a statement
}

func layoutOf(t *metadata.Table, row Row) *layout {
	keys := make([]string, 0, len(row))
	for name := range row {
		keys = append(keys, name)
	}
	return layoutOfKeys(t, keys)
}

// layoutOfAll gives the layout that several rows share.
func layoutOfAll(t *metadata.Table, rows []Row) *layout {
	l := layoutOf(t, rows[0])
	var known map[string]bool
	for _, row := range rows[1:] {
		if l.fits(row) {
			continue
		}
		if known == nil {
			known = make(map[string]bool, len(l.keys))
			for _, name := range l.keys {
				known[name] = true
			}
		}
		for name := range row {
			known[name] = true
		}
	}
	if len(known) <= len(l.keys) {
		return l
	}
	return layoutOfKeys(t, slices.Collect(maps.Keys(known)))
}

func layoutOfKeys(t *metadata.Table, keys []string) *layout {
	l := &layout{keys: keys}
	slices.Sort(l.keys)
	shape := t.Shape()
	for _, name := range l.keys {
		if !slices.Contains(unlogged, name) {
			l.logged = append(l.logged, name)
		}
		c, ok := shape.Columns[name]
		if !ok {
			continue
		}
		c.Name = name
		l.columns, l.written = append(l.columns, c), append(l.written, name)
		if c.Folded {
			l.written = append(l.written, query.FoldedName(name))
		}
	}
	l.text = strings.Join(l.written, " ")
	return l
}

// fits tells whether a row has values by the same names.
func (l *layout) fits(row Row) bool {
	if len(row) != len(l.keys) {
		return false
	}
	for _, name := range l.keys {
		if _, ok := row[name]; !ok {
			return false
		}
	}
	return true
}

// args adds a row's values, encoded, in the order of written; copied for COPY
// instead of a statement.
func (l *layout) args(d sqldb.Dialect, copied bool, row Row, args []any) ([]any, error) {
	encode := query.Encode
	if copied {
		encode = query.EncodeCopy
	}
	for i := range l.columns {
		c := &l.columns[i]
		v := row[c.Name]
		enc, err := encode(d, c.Kind, v)
		if err != nil {
			return nil, err
		}
		if args = append(args, enc); !c.Folded {
			continue
		}
		var folded any
		if s, ok := v.(string); ok {
			folded = v
			if f := query.Fold(s); f != s {
				folded = f
			}
		}
		args = append(args, folded)
	}
	return args, nil
}
