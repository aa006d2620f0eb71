package rows

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Template is rows that were written once, from which others are made: the same
// columns and values, with fresh ids and keys.
type Template struct {
	placeholder func(n int) string
	rows        []row
	ids         [][]byte
	keys        []string
}

type row struct {
	insert string
	values []any
}

// NewTemplate makes an empty template for statements of the database.
func NewTemplate(engine string) *Template {
	return &Template{placeholder: func(n int) string { return Placeholder(engine, n) }}
}

// unwritten are columns that the database fills by itself.
var unwritten = []string{"pos", "tid"}

// Add takes a row in.
func (t *Template) Add(table string, names []string, values []any) {
	var columns, marks []string
	var kept []any
	for i, name := range names {
		if slices.Contains(unwritten, name) {
			continue
		}
		kept = append(kept, values[i])
		columns, marks = append(columns, `"`+name+`"`), append(marks, t.placeholder(len(kept)))
	}
	t.rows = append(t.rows, row{"INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")", kept})
}

// Renew names an id that each copy has anew, wherever it stands in the rows.
func (t *Template) Renew(id any) { t.ids = append(t.ids, idBytes(id)) }

// RenewText names a text of a unique key, which each copy has anew where a
// value ends with it.
func (t *Template) RenewText(key any) { t.keys = append(t.keys, fmt.Sprint(key)) }

// Statement is one insert.
type Statement struct {
	Text string
	Args []any
}

// Copy gives the statements that write one more copy.
func (t *Template) Copy() []Statement {
	fresh := make([][]byte, len(t.ids))
	for i := range fresh {
		v := uuid.Must(uuid.NewV7())
		fresh[i] = v[:]
	}
	suffix := uuid.NewString()
	out := make([]Statement, len(t.rows))
	for i, r := range t.rows {
		args := slices.Clone(r.values)
		for k, v := range args {
			switch v := v.(type) {
			case []byte, [16]byte:
				if n := slices.IndexFunc(t.ids, func(one []byte) bool { return bytes.Equal(one, idBytes(v)) }); n >= 0 {
					args[k] = fresh[n]
					if _, array := v.([16]byte); array {
						args[k] = [16]byte(fresh[n])
					}
				}
			case string:
				for _, key := range t.keys {
					if len(v) < 300 && strings.HasSuffix(v, key) {
						args[k] = v[:len(v)-len(key)] + suffix[:min(36, len(key))]
					}
				}
			}
		}
		out[i] = Statement{r.insert, args}
	}
	return out
}

func idBytes(v any) []byte {
	switch v := v.(type) {
	case []byte:
		return v
	case [16]byte:
		return v[:]
	}
	return nil
}
