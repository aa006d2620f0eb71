package search

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const (
	consumer = "search" // under which the position is kept
	batch    = 200      // changes of one transaction
	idle     = 500 * time.Millisecond
	pause    = time.Second
)

// Follower is the service that keeps the index up to date.
func (x *Index) Follower(failed func(error)) lifecycle.Service {
	return &lifecycle.Loop{Run: func(ctx context.Context) {
		for ctx.Err() == nil {
			grown := x.o.Log.Tailer().Updated() // taken before looking, so that nothing slips between
			n, err := x.Step(ctx)
			wait := idle
			if err != nil && ctx.Err() == nil {
				if !errs.Has(err, errs.Unavailable) {
					failed(err)
				}
				wait, grown = pause, nil
			}
			if n == batch {
				if lag, err := x.Lag(ctx); err == nil {
					x.behind.Store(lag)
				}
				continue
			}
			if err == nil {
				x.behind.Store(0)
			}
			select {
			case <-grown:
			case <-x.o.Clock.After(wait):
			case <-ctx.Done():
			}
		}
	}}
}

// Step takes the next changes in and tells how many there were. One node at a
// time does it.
func (x *Index) Step(ctx context.Context) (n int, err error) {
	seq, err := x.position(ctx)
	if err != nil {
		return 0, err
	}
	changes, err := x.o.Log.After(ctx, seq, batch)
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	err = x.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := tx.Lock("search index"); err != nil {
			return err
		}
		now, err := x.positionIn(tx)
		if err != nil {
			return err
		}
		if now != seq {
			return nil // another node was faster
		}
		type which struct {
			table string
			key   id.ID
		}
		done := map[which]bool{}
		for _, c := range changes {
			t, ok := x.o.Catalog().Table(c.Table)
			if !ok || !searched(t) || done[which{c.Table, c.Record}] {
				continue
			}
			done[which{c.Table, c.Record}] = true
			if err := x.put(ctx, tx, t, c.Record); err != nil {
				return err
			}
		}
		return x.move(tx, changes[len(changes)-1].Seq)
	})
	return len(changes), err
}

func (x *Index) position(ctx context.Context) (seq int64, err error) {
	_, err = x.o.DB.QueryRow(ctx, "SELECT seq FROM consumerposition WHERE consumer = "+x.o.DB.Dialect().Placeholder(1), []any{consumer}, &seq)
	return seq, err
}

func (x *Index) positionIn(tx *sqldb.Tx) (seq int64, err error) {
	_, err = tx.QueryRow("SELECT seq FROM consumerposition WHERE consumer = "+tx.Dialect().Placeholder(1), []any{consumer}, &seq)
	return seq, err
}

func (x *Index) move(tx *sqldb.Tx, seq int64) error {
	at, err := query.Encode(tx.Dialect(), query.Time, x.o.Clock.Now())
	if err != nil {
		return err
	}
	p := tx.Dialect().Placeholder
	_, err = tx.Exec("INSERT INTO consumerposition (consumer, log, seq, at) VALUES ("+p(1)+", 'changes', "+p(2)+", "+p(3)+") ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq, at = excluded.at", consumer, seq, at)
	return err
}

// Lag tells how many changes the index does not hold yet.
func (x *Index) Lag(ctx context.Context) (int64, error) {
	seq, err := x.position(ctx)
	if err != nil {
		return 0, err
	}
	last, err := x.o.Log.Last(ctx)
	return max(0, last-seq), err
}
