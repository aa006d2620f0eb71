package record

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// insertShape is what the text of an inserting statement follows from.
type insertShape struct {
	table, columns string
	rows           int
}

// insertSQL gives the statement that writes rows of one shape. There are few of
// them in one transaction, so each is rendered once.
func (tx *Tx) insertSQL(table string, l *layout, rows int) string {
	shape := insertShape{table, l.text, rows}
	text, known := tx.inserts[shape]
	if !known {
		text = insertManySQL(tx.sql.Dialect(), table, l.written, rows)
		if tx.inserts == nil {
			tx.inserts = map[insertShape]string{}
		}
		tx.inserts[shape] = text
	}
	return text
}

func updateSQL(d sqldb.Dialect, t *metadata.Table, written []string) string {
	var b strings.Builder
	b.WriteString("UPDATE " + d.Quote(t.Name) + " SET ")
	for i, column := range written {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.Quote(column) + " = " + d.Next(i+1))
	}
	b.WriteString(" WHERE " + d.Quote(t.ID) + " = " + d.Next(len(written)+1))
	return b.String()
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

// encoded gives a row's values for a statement.
func (tx *Tx) encoded(t *metadata.Table, row Row) (l *layout, args []any, err error) {
	l = layoutOf(t, row)
	vals, _ := l.values(row, make([]any, 0, len(l.keys)))
	args, err = l.args(tx.sql.Dialect(), false, vals, make([]any, 0, len(l.written)+1))
	return l, args, err
}

func (tx *Tx) insert(t *metadata.Table, row Row) error {
	l, args, err := tx.encoded(t, row)
	if err != nil {
		return err
	}
	if _, err = tx.sql.Exec(tx.insertSQL(t.Name, l, 1), args...); err != nil {
		return duplicate(t, err)
	}
	return nil
}

func (tx *Tx) update(t *metadata.Table, key id.ID, row Row) error {
	delete(tx.whole, parentKey{t.Name, key})
	l, args, err := tx.encoded(t, row)
	if err != nil {
		return err
	}
	enc, err := query.Encode(tx.sql.Dialect(), query.ID, key)
	if err != nil {
		return err
	}
	if _, err = tx.sql.Exec(updateSQL(tx.sql.Dialect(), t, l.written), append(args, enc)...); err != nil {
		return duplicate(t, err)
	}
	return nil
}
