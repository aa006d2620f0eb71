package event

import (
	"context"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Keep is how long the inbox remembers an event, so that the same one sent
// again has no second effect.
const Keep = 35 * 24 * time.Hour

// once puts the inbox key into the transaction and tells whether it was there already.
func once(tx *sqldb.Tx, consumer string, e Event, now time.Time) (done bool, err error) {
	p := tx.Dialect().Placeholder
	at, err := query.Encode(tx.Dialect(), query.Time, now)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec("INSERT INTO inbox (consumer, source, eventid, at) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+") ON CONFLICT DO NOTHING",
		consumer, e.Source, e.ID, at)
	return n == 0 && err == nil, err
}

// Prune forgets inbox keys older than Keep, a bounded number at a time, and
// gives how many it forgot.
func Prune(ctx context.Context, db *sqldb.DB, now time.Time) (n int64, err error) {
	before, err := query.Encode(db.Dialect(), query.Time, now.Add(-Keep))
	if err != nil {
		return 0, err
	}
	p := db.Dialect().Placeholder
	err = db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err = tx.Exec("DELETE FROM inbox WHERE (consumer, source, eventid) IN (SELECT consumer, source, eventid FROM inbox WHERE at < "+p(1)+" ORDER BY at LIMIT 5000)", before)
		return err
	})
	return n, err
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
