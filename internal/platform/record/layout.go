package record

import (
	"encoding/json"
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
	keys    []string // of the row, in order
	columns []column // those of the keys that are columns
	written []string // columns in the statement, the folded companions among them
	logged  []int    // places of the keys that a change row holds
	text    string   // of written: equal ones share a statement
}

// column is a column of a layout.
type column struct {
	query.Column
	at int // its key's place
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
	for i, name := range l.keys {
		if !slices.Contains(unlogged, name) {
			l.logged = append(l.logged, i)
		}
		c, ok := shape.Columns[name]
		if !ok {
			continue
		}
		c.Name = name
		l.columns, l.written = append(l.columns, column{c, i}), append(l.written, name)
		if c.Folded {
			l.written = append(l.written, query.FoldedName(name))
		}
	}
	l.text = strings.Join(l.written, " ")
	return l
}

// with gives a layout that holds the keys of rows besides its own.
func (l *layout) with(t *metadata.Table, rows []Row) *layout {
	own := make(Row, len(l.keys))
	for _, name := range l.keys {
		own[name] = nil
	}
	return layoutOfAll(t, append([]Row{own}, rows...))
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

// values adds a row's values in the order of the keys, nil for one that it does
// not have; ok is false where it has more than these.
func (l *layout) values(row Row, vals []any) (_ []any, ok bool) {
	found := 0
	for _, name := range l.keys {
		v, there := row[name]
		if there {
			found++
		}
		vals = append(vals, v)
	}
	return vals, found == len(row)
}

// image gives the values that a change row holds, as JSON, but the empty ones.
func (l *layout) image(vals []any) (json.RawMessage, error) {
	b := append(make([]byte, 0, 40*len(l.logged)), '{')
	for _, i := range l.logged {
		if vals[i] == nil {
			continue
		}
		var err error
		if b, err = appendMember(b, l.keys[i], vals[i]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// args adds values, encoded, in the order of written; copied for COPY instead of
// a statement.
func (l *layout) args(d sqldb.Dialect, copied bool, vals, args []any) ([]any, error) {
	encode := query.Encode
	if copied {
		encode = query.EncodeCopy
	}
	for i := range l.columns {
		c := &l.columns[i]
		v := vals[c.at]
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
