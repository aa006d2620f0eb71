package routing

import (
	"bytes"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// turns is who of a pool was dealt to when, locked until the transaction ends:
// two that deal from the same pool at the same time wait for each other.
type turns struct {
	tx   *sqldb.Tx
	pool id.ID
	now  int64
	last map[id.ID]int64
}

// take begins a deal.
func take(tx *sqldb.Tx, pool id.ID) (*turns, error) {
	t := &turns{tx: tx, pool: pool, last: map[id.ID]int64{}}
	p := tx.Dialect().Placeholder
	_, err := tx.QueryRow("INSERT INTO roundrobin (name, turn) VALUES ("+p(1)+
		", 1) ON CONFLICT (name) DO UPDATE SET turn = roundrobin.turn + 1 RETURNING turn", []any{"pool " + pool.String()}, &t.now)
	if err != nil {
		return nil, err
	}
	key, err := query.Encode(tx.Dialect(), query.ID, pool)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query("SELECT member, turn FROM routingturn WHERE pool = "+p(1), key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var raw any
		var turn int64
		if err := rows.Scan(&raw, &turn); err != nil {
			return nil, err
		}
		v, err := query.Decode(tx.Dialect(), query.ID, 0, raw)
		if err != nil {
			return nil, err
		}
		who, ok := v.(id.ID)
		if !ok {
			return nil, errs.New(errs.Internal, "routing.turn", "a member of a pool is no id")
		}
		t.last[who] = turn
	}
	return t, rows.Err()
}

// order sorts members by whose turn it is: who waits longest comes first, and
// who was never dealt to before all others. Of members who can always take the
// same records each gets one before any gets a second, whoever else comes in
// between: their shares differ by one at most.
func (t *turns) order(members []id.ID) []id.ID {
	return inTurn(members, t.last)
}

func inTurn(members []id.ID, last map[id.ID]int64) []id.ID {
	return slices.SortedFunc(slices.Values(members), func(a, b id.ID) int {
		if x, y := last[a], last[b]; x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return bytes.Compare(a[:], b[:])
	})
}

// give notes to whom was dealt.
func (t *turns) give(who id.ID) error {
	p := t.tx.Dialect().Placeholder
	var keys [2]any
	for i, v := range []id.ID{t.pool, who} {
		enc, err := query.Encode(t.tx.Dialect(), query.ID, v)
		if err != nil {
			return err
		}
		keys[i] = enc
	}
	_, err := t.tx.Exec("INSERT INTO routingturn (pool, member, turn) VALUES ("+p(1)+", "+p(2)+", "+p(3)+") ON CONFLICT (pool, member) DO UPDATE SET turn = "+p(4), keys[0], keys[1], t.now, t.now)
	return err
}
