package changelog

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// Top gives the highest position that a committed change has, or one of this
// transaction. It is for bounds of ByOrigin and for nothing else.
func (l *Log) Top(tx *sqldb.Tx) (pos int64, err error) {
	_, err = tx.QueryRow("SELECT COALESCE(MAX(pos), 0) FROM changelog", nil, &pos)
	return pos, err
}

// ByOrigin reads the changes of one origin whose positions lie above one bound
// and not above the other, the latest first. As with History, Seq is the
// position. The rows of other origins in between are passed over, so the bounds
// should be near.
func (l *Log) ByOrigin(ctx context.Context, origin string, above, upTo int64, limit int) ([]Change, error) {
	p := l.db.Dialect().Placeholder
	return l.read(ctx, "SELECT c.pos, "+columns+" FROM changelog c WHERE c.pos > "+p(1)+" AND c.pos <= "+p(2)+" AND c.origin = "+p(3)+" ORDER BY c.pos DESC LIMIT "+p(4),
		above, upTo, origin, limit)
}
