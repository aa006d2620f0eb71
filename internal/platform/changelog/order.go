package changelog

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// horizon reads how far rows are numbered, and the oldest transaction of this
// database that is still running, below which no row can appear any more. A
// snapshot knows the running transactions of the whole server; those that can
// be seen to belong to another database are passed over, so that a long one
// there does not hold the log back. One that is nowhere to be seen (just ended,
// or prepared) counts as ours.
//
// A database restored into a new server starts its transaction ids anew, and
// what was numbered stands above all that there are.
const horizon = `SELECT below::text, COALESCE((
		SELECT x FROM pg_snapshot_xip(s.snap) AS x
		WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.backend_xid = x::xid AND a.datname <> current_database())
		ORDER BY x LIMIT 1), pg_snapshot_xmax(s.snap))::text, below > pg_snapshot_xmax(s.snap)
	FROM changehorizon, (SELECT pg_current_snapshot() AS snap) s`

// The horizons are parameters, as the planner then knows that the range is
// small and takes the index.
const (
	numberNew = `WITH fresh AS (SELECT pos FROM changelog WHERE tid >= $1::xid8 AND tid < $2::xid8), ` + numberFresh + `
		UPDATE changehorizon SET below = $2::xid8 WHERE EXISTS (SELECT 1 FROM fresh)`
	numberAll = `WITH fresh AS (SELECT pos FROM changelog WHERE NOT EXISTS (SELECT 1 FROM changeorder o WHERE o.pos = changelog.pos)), ` + numberFresh + `
		UPDATE changehorizon SET below = $1::xid8`
	numberFresh = `numbered AS (
			INSERT INTO changeorder (seq, pos)
			SELECT (SELECT COALESCE(MAX(seq), 0) FROM changeorder) + row_number() OVER (ORDER BY pos), pos FROM fresh
			ON CONFLICT (pos) DO NOTHING)`
)

// number gives committed change rows their Seq. On SQLite there is nothing to
// do. On PostgreSQL it numbers the rows of transactions that ended since the
// last time: those at or above the horizon of then and below that of now.
// Any node may do it; an advisory lock lets one at a time.
func (l *Log) number(ctx context.Context) error {
	if l.db.Dialect() == sqldb.SQLite {
		return nil
	}
	return l.db.Write(ctx, func(tx *sqldb.Tx) error {
		var mine bool
		if _, err := tx.QueryRow("SELECT pg_try_advisory_xact_lock(hashtextextended('changelog.order', 0))", nil, &mine); err != nil || !mine {
			return err
		}
		var below, now string
		var restored bool
		if _, err := tx.QueryRow(horizon, nil, &below, &now, &restored); err != nil {
			return err
		}
		if restored {
			_, err := tx.Exec(numberAll, now)
			return err
		}
		_, err := tx.Exec(numberNew, below, now)
		return err
	})
}

// Number gives what is committed its Seq now, for those who don't wait for the
// tailer to do it.
func (l *Log) Number(ctx context.Context) error { return l.number(ctx) }

// Through gives a Seq at or below which stands everything that was committed
// before the call. It waits until all of that is numbered.
func (l *Log) Through(ctx context.Context) (int64, error) {
	if l.db.Dialect() == sqldb.SQLite {
		return l.Last(ctx)
	}
	var last int64
	if _, err := l.db.QueryRow(ctx, "SELECT COALESCE(MAX(pos), 0) FROM changelog", nil, &last); err != nil {
		return 0, err
	}
	for {
		if err := l.number(ctx); err != nil { // another node may be at it, and a running transaction may hold rows back
			return 0, err
		}
		var open int64
		if _, err := l.db.QueryRow(ctx, unnumbered, []any{last}, &open); err != nil {
			return 0, err
		}
		if open == 0 {
			return l.Last(ctx)
		}
		select {
		case <-l.tailer.Clock.After(idle / 10):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// unnumbered counts rows up to a position that have no number yet.
const unnumbered = `SELECT COUNT(*) FROM changelog c WHERE c.pos <= $1 AND c.tid >= (SELECT below FROM changehorizon)
	AND NOT EXISTS (SELECT 1 FROM changeorder o WHERE o.pos = c.pos)`
