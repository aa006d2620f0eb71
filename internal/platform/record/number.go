package record

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// Numbers that people gave by hand may stand where the running number comes
// along. It is then moved on by ever larger steps.
const (
	numberTries = 24
	stepMost    = 1 << 16
)

// number fills in automatic numbers. A number given by whoever makes the row is
// kept; the key on the column keeps all of them apart.
//
// The running number of a row that is not written in the end is lost: on
// PostgreSQL it comes from a sequence, so that writers do not wait for one
// another; on SQLite, where they do anyway, from a row.
func (tx *Tx) number(t *metadata.Table, row Row) error {
	for _, c := range t.Groups().Numbered {
		if row[c.Name] != nil {
			continue
		}
		text, err := tx.freeNumber(t, c)
		if err != nil {
			return err
		}
		row[c.Name] = text
		tx.numbered = append(tx.numbered, text)
	}
	return nil
}

func (tx *Tx) freeNumber(t *metadata.Table, c *metadata.Column) (string, error) {
	step := int64(1)
	for range numberTries {
		n, err := tx.nextNumber(t.Name, c.Name, step)
		if err != nil {
			return "", err
		}
		text := c.Number().Text(n, tx.o.Clock.Now())
		taken, err := tx.taken(t, c, text)
		if err != nil || !taken {
			return text, err
		}
		step = min(step*2, stepMost)
	}
	return "", errs.New(errs.Conflict, "record.autonumber", "no free number was found for %s: set its running number higher", c.Name)
}

// nextNumber moves the running number on and gives it.
func (tx *Tx) nextNumber(table, column string, step int64) (n int64, err error) {
	d := tx.sql.Dialect()
	text := "INSERT INTO autonumber (tablename, columnname, value) VALUES (" + d.Placeholder(1) + ", " + d.Placeholder(2) + ", 1) ON CONFLICT (tablename, columnname) DO UPDATE SET value = value + " +
		d.Placeholder(3) + " RETURNING value"
	args := []any{table, column, step}
	if d == sqldb.Postgres {
		text, args = "SELECT max(nextval("+d.Placeholder(1)+"::regclass)) FROM generate_series(1, "+d.Placeholder(2)+"::bigint)", []any{d.Quote(schema.NumberSequence(table, column)), step}
	}
	_, err = tx.sql.QueryRow(text, args, &n)
	return n, err
}

func (tx *Tx) taken(t *metadata.Table, c *metadata.Column, text string) (bool, error) {
	d := tx.sql.Dialect()
	return tx.sql.QueryRow("SELECT 1 FROM "+d.Quote(t.Name)+" WHERE "+d.Quote(query.FoldedName(c.Name))+" = "+d.Placeholder(1)+" LIMIT 1", []any{query.Fold(text)}, new(int))
}

// SetNumber says which running number comes next. It takes the right to write
// every row of the table.
func (tx *Tx) SetNumber(ctx context.Context, table, column string, next int64) error {
	t, err := tx.writable(ctx, table)
	if err != nil {
		return err
	}
	c, ok := t.Column(column)
	if !ok || c.Number() == nil || next < 1 {
		return invalid("autonumber", "%s of %s has no automatic numbers, or they can't begin at %d", column, table, next)
	}
	if where, err := tx.o.Access.Rows(ctx, table, access.Write); err != nil {
		return err
	} else if where != nil {
		return errs.New(errs.Forbidden, "access.privilege", "you may not write every record of %s", table)
	}
	d := tx.sql.Dialect()
	if d == sqldb.Postgres {
		_, err = tx.sql.QueryRow("SELECT setval("+d.Placeholder(1)+"::regclass, "+d.Placeholder(2)+", false)", []any{d.Quote(schema.NumberSequence(table, column)), next}, new(int64))
		return err
	}
	_, err = tx.sql.Exec("INSERT INTO autonumber (tablename, columnname, value) VALUES ("+d.Placeholder(1)+", "+d.Placeholder(2)+", "+d.Placeholder(3)+
		") ON CONFLICT (tablename, columnname) DO UPDATE SET value = excluded.value", table, column, next-1)
	return err
}

// renumber turns the violation of a key by a number that was just drawn into a
// race: the write runs again and draws another.
func (tx *Tx) renumber(row Row, err error) error {
	e, ok := err.(*errs.Error)
	if !ok || e.Code != ErrDuplicateKey.Code || len(e.Fields) != 1 {
		return err
	}
	text, _ := row[e.Fields[0].Name].(string)
	if !slices.Contains(tx.numbered, text) {
		return err
	}
	race := *errRace
	race.Cause = err
	return &race
}
