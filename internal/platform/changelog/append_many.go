package changelog

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// AppendMax is how many changes are best written at a time.
const AppendMax = 500

// copyLeast is from how many on PostgreSQL copies them.
const copyLeast = 50

// Ready are changes of one table as the driver takes them.
type Ready struct {
	list   []Change
	args   []any
	copied bool
}

// Ready encodes changes of one table, for AppendReadyAt. It needs no transaction.
// The list is not to be altered any more.
func (l *Log) Ready(list []Change) (Ready, error) {
	d := l.db.Dialect()
	r := Ready{list: list, args: make([]any, 0, len(list)*len(writtenTypes)+2), copied: d == sqldb.Postgres && len(list) >= copyLeast}
	e := encoder{d: d, copied: r.copied}
	for _, c := range list {
		r.args = e.appendArgs(r.args, c)
	}
	return r, e.err
}

// AppendReadyAt is AppendAt for several changes of one table, all at once. After
// an error some of them may have been written: the transaction is to be taken back.
func (l *Log) AppendReadyAt(tx *sqldb.Tx, r Ready, epoch int64) (bool, error) {
	if len(r.list) == 0 {
		return true, nil
	}
	if r.copied {
		return l.copyAt(tx, r, epoch)
	}
	n, last, err := tx.Insert(l.insertMany(tx.Dialect(), len(r.list)), append(r.args, r.list[0].Table, epoch)...)
	if err != nil || n == 0 {
		return false, err
	}
	l.appended(tx, last, r.list...)
	return true, nil
}

// copyAt copies changes. What they were made by is looked at afterwards, when the
// writer's own rows and these hold their locks, as by the statement.
func (l *Log) copyAt(tx *sqldb.Tx, r Ready, epoch int64) (bool, error) {
	if err := tx.Copy("changelog", writtenColumns, r.args); err != nil {
		return false, err
	}
	var now int64
	if _, err := tx.QueryRow("SELECT epoch FROM schemaepoch WHERE tablename = $1", []any{r.list[0].Table}, &now); err != nil || now != epoch {
		return false, err
	}
	l.appended(tx, 0, r.list...)
	return true, nil
}

// insertMany gives the statement that writes some rows. There are few different
// numbers of rows: full blocks, mostly.
func (l *Log) insertMany(d sqldb.Dialect, rows int) string {
	if text, ok := l.many.Load(rows); ok {
		return text.(string)
	}
	var b strings.Builder
	b.WriteString("INSERT ")
	if d == sqldb.SQLite {
		b.WriteString("OR FAIL ") // it need not remember the pages as they were
	}
	b.WriteString("INTO changelog (" + written + ") SELECT * FROM (VALUES ")
	n := 0
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range writtenTypes {
			b.WriteString(map[bool]string{true: "(", false: ", "}[j == 0])
			n++
			b.WriteString(d.Next(n))
			if i == 0 && d == sqldb.Postgres {
				b.WriteString("::" + writtenTypes[j]) // the first row tells the types of all
			}
		}
		b.WriteByte(')')
	}
	b.WriteString(") AS v WHERE COALESCE((SELECT epoch FROM schemaepoch WHERE tablename = " + d.Next(n+1) + "), 0) = " + d.Next(n+2))
	l.many.Store(rows, b.String())
	return b.String()
}
