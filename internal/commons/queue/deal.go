package queue

import (
	"bytes"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// Deal gives the next of the members in turn, counted under the name. Two
// transactions that deal at the same time wait for each other, so that none is
// skipped and none served twice in a row. ok is false if there are no members.
func Deal(tx *sqldb.Tx, name string, members []id.ID) (who id.ID, ok bool, err error) {
	if len(members) == 0 {
		return id.Nil, false, nil
	}
	var turn int64
	_, err = tx.QueryRow("INSERT INTO roundrobin (name, turn) VALUES ("+tx.Dialect().Placeholder(1)+
		", 0) ON CONFLICT (name) DO UPDATE SET turn = roundrobin.turn + 1 RETURNING turn", []any{name}, &turn)
	if err != nil {
		return id.Nil, false, err
	}
	sorted := slices.SortedFunc(slices.Values(members), func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	return sorted[turn%int64(len(sorted))], true, nil
}
