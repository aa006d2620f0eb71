package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Dead is a job that was given up.
type Dead struct {
	ID        id.ID
	Kind      string
	Key       string
	Payload   json.RawMessage
	Failures  int
	Reason    string
	CreatedOn time.Time
	DeadOn    time.Time
}

// Dead lists jobs given up before a time, the latest first.
func (q *Queue) Dead(ctx context.Context, before time.Time, limit int) ([]Dead, error) {
	rows, err := q.db.Query(ctx, q.text.listDead, q.time(before), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Dead
	for rows.Next() {
		var d Dead
		var key, why sql.NullString
		var rawID, created, dead any
		var payload string
		if err := rows.Scan(&rawID, &d.Kind, &key, &payload, &d.Failures, &why, &created, &dead); err != nil {
			return nil, fmt.Errorf("read a dead job: %w", err)
		}
		d.Key, d.Reason, d.Payload = key.String, why.String, json.RawMessage(payload)
		for _, v := range []struct {
			kind query.Kind
			raw  any
			set  func(any)
		}{{query.ID, rawID, func(v any) { d.ID, _ = v.(id.ID) }}, {query.Time, created, func(v any) { d.CreatedOn, _ = v.(time.Time) }}, {query.Time, dead, func(v any) { d.DeadOn, _ = v.(time.Time) }}} {
			value, err := query.Decode(q.db.Dialect(), v.kind, 0, v.raw)
			if err != nil {
				return nil, err
			}
			v.set(value)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// Revive gives a dead job all its attempts again, from now. A live job with the
// same key is a Conflict.
func (q *Queue) Revive(tx *sqldb.Tx, key id.ID) error {
	n, err := tx.Exec(q.text.revive, q.time(q.clock.Now()), q.id(key))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotDead
	}
	tx.AfterCommit(q.Wake)
	return nil
}
