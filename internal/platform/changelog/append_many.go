package changelog

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// AppendMax is how many changes AppendManyAt takes at a time.
const AppendMax = 500

// AppendManyAt is AppendAt for several changes of one table, in one statement.
func (l *Log) AppendManyAt(tx *sqldb.Tx, changes []Change, epoch int64) (bool, error) {
	if len(changes) == 0 {
		return true, nil
	}
	d := tx.Dialect()
	e := encoder{d: d}
	var b strings.Builder
	b.WriteString("INSERT INTO changelog (" + written + ") SELECT * FROM (VALUES ")
	args := make([]any, 0, len(changes)*len(writtenTypes)+2)
	for i, c := range changes {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range writtenTypes {
			b.WriteString(map[bool]string{true: "(", false: ", "}[j == 0])
			b.WriteString(d.Next(len(args) + j + 1))
			if i == 0 && d == sqldb.Postgres {
				b.WriteString("::" + writtenTypes[j]) // the first row tells the types of all
			}
		}
		b.WriteByte(')')
		args = e.appendArgs(args, c)
	}
	if e.err != nil {
		return false, e.err
	}
	b.WriteString(") AS v WHERE COALESCE((SELECT epoch FROM schemaepoch WHERE tablename = " + d.Next(len(args)+1) + "), 0) = " + d.Next(len(args)+2))
	n, last, err := tx.Insert(b.String(), append(args, changes[0].Table, epoch)...)
	if err != nil || n == 0 {
		return false, err
	}
	l.appended(tx, last, slices.Clone(changes)...)
	return true, nil
}
