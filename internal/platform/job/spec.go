package job

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Spec asks for a job.
type Spec struct {
	Kind string // whose handler does it
	// Key, where it is not empty, is unique among the live jobs of the kind: a
	// job that is waiting or running stands for the new one, too. A handler frees
	// the key by Done, so what must happen after it can be enqueued after Done.
	Key     string
	Due     time.Time // zero means now
	Payload any       // what the handler needs, as JSON; ids rather than data
}

// Queue keeps the jobs of one database.
type Queue struct {
	db    *sqldb.DB
	clock clock.Clock
	wake  chan struct{}
	text  texts
}

// NewQueue gives the queue of a database.
func NewQueue(db *sqldb.DB, c clock.Clock) *Queue {
	return &Queue{db: db, clock: c, wake: make(chan struct{}, 1), text: textsFor(db.Dialect())}
}

// Enqueue writes a job in the transaction and gives its id; id.Nil where a live
// job has the same key. A job that is due now is begun once the transaction has
// committed, if this process runs its kind.
func (q *Queue) Enqueue(tx *sqldb.Tx, s Spec) (id.ID, error) {
	now := q.clock.Now()
	if s.Kind == "" {
		return id.Nil, errs.New(errs.Internal, "job.kind", "a job needs a kind")
	}
	if s.Due.IsZero() {
		s.Due = now
	}
	payload, err := json.Marshal(s.Payload)
	if err != nil {
		return id.Nil, errs.Wrap(err, errs.Internal, "job.payload", "the payload of a job has no JSON form")
	}
	var key any
	if s.Key != "" {
		key = s.Key
	}
	fresh := id.New()
	n, err := tx.Exec(q.text.insert, q.id(fresh), s.Kind, key, q.time(s.Due), string(payload), q.time(now))
	if err != nil {
		return id.Nil, err
	}
	if n == 0 {
		return id.Nil, nil
	}
	if !s.Due.After(now) {
		tx.AfterCommit(q.Wake)
	}
	return fresh, nil
}

// Cancel removes the live job of the kind with the key; found tells whether
// there was one. A handler at work on it fails at Done.
func (q *Queue) Cancel(tx *sqldb.Tx, kind, key string) (found bool, err error) {
	n, err := tx.Exec(q.text.cancel, kind, key)
	return n > 0, err
}

// Hasten makes the live job of the kind with the key due now, unless a handler
// is at work on it; found tells whether it did.
func (q *Queue) Hasten(tx *sqldb.Tx, kind, key string) (found bool, err error) {
	n, err := tx.Exec(q.text.hasten, q.time(q.clock.Now()), kind, key)
	if n > 0 {
		tx.AfterCommit(q.Wake)
	}
	return n > 0, err
}

// Wake lets this process's runner look for due jobs at once.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Waiting counts the live jobs of a kind, and how long the one that is most
// overdue has been.
func (q *Queue) Waiting(ctx context.Context, kind string) (n int64, lag time.Duration, err error) {
	var oldest any
	if _, err := q.db.QueryRow(ctx, q.text.waiting, []any{kind}, &n, &oldest); err != nil || n == 0 {
		return n, 0, err
	}
	v, err := query.Decode(q.db.Dialect(), query.Time, 0, oldest)
	if t, ok := v.(time.Time); ok {
		lag = max(0, q.clock.Now().Sub(t))
	}
	return n, lag, err
}

// id and time give values as the driver takes them. Both kinds always encode.
func (q *Queue) id(v id.ID) any {
	out, _ := query.Encode(q.db.Dialect(), query.ID, v)
	return out
}

func (q *Queue) time(v time.Time) any {
	out, _ := query.Encode(q.db.Dialect(), query.Time, v)
	return out
}
