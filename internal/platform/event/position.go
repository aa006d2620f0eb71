package event

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// position reads how far a consumer is; 0 if it is new.
func position(ctx context.Context, db *sqldb.DB, consumer, topic string) (seq int64, err error) {
	_, err = db.QueryRow(ctx, "SELECT seq FROM consumerposition WHERE consumer = "+db.Dialect().Placeholder(1), []any{consumer + "/" + topic}, &seq)
	return seq, err
}

// move notes how far a consumer is. It never goes back.
func move(ctx context.Context, db *sqldb.DB, consumer, topic string, seq uint64, now time.Time) error {
	return db.Write(ctx, func(tx *sqldb.Tx) error { return moveIn(tx, consumer, topic, seq, now) })
}

func moveIn(tx *sqldb.Tx, consumer, topic string, seq uint64, now time.Time) error {
	at, err := query.Encode(tx.Dialect(), query.Time, now)
	if err != nil {
		return err
	}
	p := tx.Dialect().Placeholder
	_, err = tx.Exec("INSERT INTO consumerposition (consumer, log, seq, at) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+
		") ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE excluded.seq > consumerposition.seq",
		consumer+"/"+topic, topic, int64(seq), at)
	return err
}

// moveFrom moves a consumer on from where it is known to stand, and tells
// whether it stood there: of two nodes one succeeds.
func moveFrom(tx *sqldb.Tx, consumer, topic string, from, to uint64, now time.Time) (bool, error) {
	at, err := query.Encode(tx.Dialect(), query.Time, now)
	if err != nil {
		return false, err
	}
	p := tx.Dialect().Placeholder
	name := consumer + "/" + topic
	n, err := tx.Exec("UPDATE consumerposition SET seq = "+p(1)+", at = "+p(2)+" WHERE consumer = "+p(3)+" AND seq = "+p(4), int64(to), at, name, int64(from))
	if err != nil || n > 0 || from > 0 {
		return n > 0, err
	}
	n, err = tx.Exec("INSERT INTO consumerposition (consumer, log, seq, at) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+") ON CONFLICT DO NOTHING", name, topic, int64(to), at)
	return n > 0, err
}

// Lowest gives the lowest position of a topic's consumers, but for one that need
// not be waited for ("" for none): what lies at or below it has been worked off
// by all others. ok is false where nobody consumes it. A consumer counts from
// its Join on; runners join by themselves.
func Lowest(ctx context.Context, db *sqldb.DB, topic, but string) (seq int64, ok bool, err error) {
	var n int64
	p := db.Dialect().Placeholder
	_, err = db.QueryRow(ctx, "SELECT COUNT(*), COALESCE(MIN(seq), 0) FROM consumerposition WHERE log = "+p(1)+" AND consumer <> "+p(2), []any{topic, but + "/" + topic}, &n, &seq)
	return seq, n > 0, err
}

// Join makes a consumer known before it begins: until it notes a position,
// Lowest takes it to be at the start, so that nothing is trimmed before it has
// been read. One that is known already stays where it is.
func Join(ctx context.Context, db *sqldb.DB, consumer, topic string, now time.Time) error {
	return move(ctx, db, consumer, topic, 0, now)
}

// Leave forgets a consumer that will not come back, so that it holds back no trimming.
func Leave(ctx context.Context, db *sqldb.DB, consumer, topic string) error {
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM consumerposition WHERE consumer = "+tx.Dialect().Placeholder(1), consumer+"/"+topic)
		return err
	})
}

// Position reads how far a consumer that keeps its own time is; 0 if it is new.
// Runners look after their positions themselves.
func Position(ctx context.Context, db *sqldb.DB, consumer, topic string) (int64, error) {
	return position(ctx, db, consumer, topic)
}

// Note says how far such a consumer is. It never goes back.
func Note(ctx context.Context, db *sqldb.DB, consumer, topic string, seq uint64, now time.Time) error {
	return move(ctx, db, consumer, topic, seq, now)
}
