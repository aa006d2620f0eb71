package changelog

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// AppendMax is how many changes AppendManyAt takes at a time.
const AppendMax = 500

var changeTypes = []string{"timestamptz", "text", "uuid", "bigint", "bigint", "uuid", "uuid", "text", "text", "text"}

// AppendManyAt is AppendAt for several changes of one table, in one statement.
func (l *Log) AppendManyAt(tx *sqldb.Tx, changes []Change, epoch int64) (bool, error) {
	if len(changes) == 0 {
		return true, nil
	}
	d := tx.Dialect()
	e := encoder{d: d}
	var b strings.Builder
	b.WriteString("INSERT INTO changelog (at, tablename, recordid, version, op, actorid, onbehalfof, origin, before, after) SELECT * FROM (VALUES ")
	args := make([]any, 0, len(changes)*len(changeTypes)+2)
	for i, c := range changes {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range changeTypes {
			b.WriteString(map[bool]string{true: "(", false: ", "}[j == 0])
			b.WriteString(d.Placeholder(len(args) + j + 1))
			if i == 0 && d == sqldb.Postgres {
				b.WriteString("::" + changeTypes[j]) // the first row tells the types of all
			}
		}
		b.WriteByte(')')
		args = append(args, e.put(query.Time, c.At), c.Table, e.put(query.ID, c.Record), c.Version, int64(c.Op), e.put(query.ID, c.Actor),
			e.put(query.ID, orNil(c.OnBehalfOf)), c.Origin, text(c.Before), text(c.After))
	}
	if e.err != nil {
		return false, e.err
	}
	b.WriteString(") AS v WHERE COALESCE((SELECT epoch FROM schemaepoch WHERE tablename = " + d.Placeholder(len(args)+1) + "), 0) = " + d.Placeholder(len(args)+2))
	n, err := tx.Exec(b.String(), append(args, changes[0].Table, epoch)...)
	if err != nil || n == 0 {
		return false, err
	}
	tx.AfterCommit(l.tailer.wake)
	return true, nil
}
