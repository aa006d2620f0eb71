package changelog

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// number gives committed change rows their Seq. On SQLite there is nothing to
// do. On PostgreSQL it numbers the rows of transactions that ended since the
// last time: those at or above the horizon of then and below that of now, which
// is the oldest transaction still running. Later no row can appear below it.
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
		// A database restored into a new server starts its transaction ids anew: the
		// horizon would never be reached. Then everything not yet numbered is taken,
		// and the horizon falls back.
		var restored bool
		if _, err := tx.QueryRow("SELECT below > pg_snapshot_xmin(pg_current_snapshot()) FROM changehorizon", nil, &restored); err != nil {
			return err
		}
		rows := `SELECT pos FROM changelog, h WHERE tid >= h.below AND tid < h.now`
		if restored {
			rows = `SELECT pos FROM changelog WHERE NOT EXISTS (SELECT 1 FROM changeorder o WHERE o.pos = changelog.pos)`
		}
		_, err := tx.Exec(`WITH h AS (SELECT below, pg_snapshot_xmin(pg_current_snapshot()) AS now FROM changehorizon),
			fresh AS (` + rows + `),
			numbered AS (
				INSERT INTO changeorder (seq, pos)
				SELECT (SELECT COALESCE(MAX(seq), 0) FROM changeorder) + row_number() OVER (ORDER BY pos), pos FROM fresh
				ON CONFLICT (pos) DO NOTHING)
			UPDATE changehorizon SET below = h.now FROM h WHERE EXISTS (SELECT 1 FROM fresh)`)
		return err
	})
}
