package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Job is a claimed job.
type Job struct {
	ID        id.ID
	Kind      string
	Key       string
	Payload   json.RawMessage
	Attempt   int // counted from 1; unavailable tries and lost leases don't count
	CreatedOn time.Time

	queue   *Queue
	leaseno int64
	misses  int
	lost    int
	ended   atomic.Bool // Done or Again has committed
}

// Done ends the job in the transaction of its effect. ErrLeaseLost refuses the
// transaction where another try has begun.
func (j *Job) Done(tx *sqldb.Tx) error {
	n, err := tx.Exec(j.queue.text.done, j.queue.id(j.ID), j.leaseno)
	return j.end(tx, n, err)
}

// Again ends this try in the transaction of its effect and lets the job come
// back when it is due, with a new payload and all its attempts: a wait, or the
// next part of long work.
func (j *Job) Again(tx *sqldb.Tx, due time.Time, payload any) error {
	text, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	n, err := tx.Exec(j.queue.text.again, j.queue.time(due), string(text), j.queue.id(j.ID), j.leaseno)
	if err == nil && n > 0 && !due.After(j.queue.clock.Now()) {
		tx.AfterCommit(j.queue.Wake)
	}
	return j.end(tx, n, err)
}

func (j *Job) end(tx *sqldb.Tx, n int64, err error) error {
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrLeaseLost
	}
	tx.AfterCommit(func() { j.ended.Store(true) })
	return nil
}

// anyDue tells whether a claim would find something, without writing.
func (q *Queue) anyDue(ctx context.Context, kinds []string) (bool, error) {
	text, args := q.withKinds(q.text.due, []any{q.time(q.clock.Now())}, kinds)
	var one int
	return q.db.QueryRow(ctx, text, args, &one)
}

// claim takes up to n due jobs of the kinds under a lease, once the leases of
// the held ones are made longer.
func (q *Queue) claim(ctx context.Context, kinds []string, n int, lease time.Duration, held []*Job) ([]*Job, error) {
	var out []*Job
	err := q.db.Write(ctx, func(tx *sqldb.Tx) error {
		out = nil
		now := q.clock.Now()
		if err := q.extendIn(tx, held, now.Add(lease)); err != nil {
			return err
		}
		text, args := q.withKinds(q.text.claim, []any{q.time(now.Add(lease)), q.time(now), n}, kinds)
		rows, err := tx.Query(text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			j, err := q.scan(rows)
			if err != nil {
				return err
			}
			out = append(out, j)
		}
		return rows.Err()
	})
	return out, err
}

func (q *Queue) scan(rows *sqldb.Rows) (*Job, error) {
	j := &Job{queue: q}
	var key sql.NullString
	var rawID, created any
	var payload string
	var failures int
	if err := rows.Scan(&rawID, &j.Kind, &key, &payload, &j.leaseno, &failures, &j.misses, &j.lost, &created); err != nil {
		return nil, fmt.Errorf("read a job: %w", err)
	}
	j.Key, j.Payload, j.Attempt = key.String, json.RawMessage(payload), failures+1
	v, err := query.Decode(q.db.Dialect(), query.ID, 0, rawID)
	if err != nil {
		return nil, err
	}
	j.ID, _ = v.(id.ID)
	if v, err = query.Decode(q.db.Dialect(), query.Time, 0, created); err != nil {
		return nil, err
	}
	j.CreatedOn, _ = v.(time.Time)
	return j, nil
}

// extend keeps the leases of jobs at work.
func (q *Queue) extend(ctx context.Context, jobs []*Job, lease time.Duration) error {
	return q.db.Write(ctx, func(tx *sqldb.Tx) error {
		return q.extendIn(tx, jobs, q.clock.Now().Add(lease))
	})
}

func (q *Queue) extendIn(tx *sqldb.Tx, jobs []*Job, until time.Time) error {
	for _, j := range jobs {
		if _, err := tx.Exec(q.text.extend, q.time(until), q.id(j.ID), j.leaseno); err != nil {
			return err
		}
	}
	return nil
}

// withKinds puts the list of kinds into a text, after the arguments it has.
func (q *Queue) withKinds(text string, args []any, kinds []string) (string, []any) {
	p := q.db.Dialect().Placeholder
	var list []string
	for _, k := range kinds {
		args = append(args, k)
		list = append(list, p(len(args)))
	}
	return strings.ReplaceAll(text, claimKinds, strings.Join(list, ", ")), args
}
