package record

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// assignment is one column with its encoded value.
type assignment struct {
	column string
	value  any
}

// assignments turns the row's values into columns to be written, the folded
// companions among them, in a fixed order so that equal shapes share a statement.
func assignments(d sqldb.Dialect, t *metadata.Table, row Row) ([]assignment, error) {
	shape := t.Shape()
	out := make([]assignment, 0, len(row)+8)
	names := make([]string, 0, len(row))
	for name := range row {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c, ok := shape.Columns[name]
		if !ok {
			continue
		}
		v := row[name]
		enc, err := query.Encode(d, c.Kind, v)
		if err != nil {
			return nil, err
		}
		out = append(out, assignment{name, enc})
		if c.Folded {
			var folded any
			if s, ok := v.(string); ok {
				folded = query.Fold(s)
			}
			out = append(out, assignment{query.FoldedName(name), folded})
		}
	}
	return out, nil
}

// insertSQL gives the statement that writes rows of one shape. There are few of
// them in one transaction, so each is rendered once.
func (tx *Tx) insertSQL(table string, set []assignment, rows int) string {
	shape := table + " " + strconv.Itoa(rows) + " " + columnsOf(set)
	text, known := tx.inserts[shape]
	if !known {
		text = insertManySQL(tx.sql.Dialect(), table, set, rows)
		if tx.inserts == nil {
			tx.inserts = map[string]string{}
		}
		tx.inserts[shape] = text
	}
	return text
}

func updateSQL(d sqldb.Dialect, t *metadata.Table, key any, set []assignment) (string, []any) {
	var b strings.Builder
	args := make([]any, 0, len(set)+1)
	b.WriteString("UPDATE " + d.Quote(t.Name) + " SET ")
	for i, a := range set {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.Quote(a.column) + " = " + d.Next(i+1))
		args = append(args, a.value)
	}
	b.WriteString(" WHERE " + d.Quote(t.ID) + " = " + d.Next(len(set)+1))
	return b.String(), append(args, key)
}

// duplicate turns the violation of a unique index into an error that names the
// alternate key, or into a race for the primary id.
func duplicate(t *metadata.Table, err error) error {
	constraint := sqldb.Constraint(err)
	if constraint == "" {
		return err
	}
	for _, k := range t.Keys {
		var lite []string
		for _, c := range k.Columns {
			if t.Shape().Columns[c].Folded {
				c = query.FoldedName(c)
			}
			lite = append(lite, t.Name+"."+c)
		}
		if constraint == schema.KeyName(t.Name, k.Name) || slices.Equal(strings.Split(constraint, ", "), lite) {
			e := *ErrDuplicateKey
			e.Message = "another record of " + t.Name + " has the same " + strings.Join(k.Columns, ", ")
			e.Cause = err
			for _, c := range k.Columns {
				e.Fields = append(e.Fields, errs.Field{Name: c, Code: "duplicate", Message: "another record has this value"})
			}
			return &e
		}
	}
	e := *errRace
	e.Cause = err
	return &e
}

func (tx *Tx) insert(t *metadata.Table, row Row) error {
	set, err := assignments(tx.sql.Dialect(), t, row)
	if err != nil {
		return err
	}
	if _, err = tx.sql.Exec(tx.insertSQL(t.Name, set, 1), argsOf(set, nil)...); err != nil {
		return duplicate(t, err)
	}
	return nil
}

func (tx *Tx) update(t *metadata.Table, key id.ID, row Row) error {
	delete(tx.whole, parentKey{t.Name, key})
	set, err := assignments(tx.sql.Dialect(), t, row)
	if err != nil {
		return err
	}
	enc, err := query.Encode(tx.sql.Dialect(), query.ID, key)
	if err != nil {
		return err
	}
	text, args := updateSQL(tx.sql.Dialect(), t, enc, set)
	if _, err = tx.sql.Exec(text, args...); err != nil {
		return duplicate(t, err)
	}
	return nil
}
