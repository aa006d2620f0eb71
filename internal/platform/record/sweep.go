package record

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Swept is what came of a part of a sweep.
type Swept struct {
	Last   id.ID   // row that was dealt with last; the next part begins behind it
	More   bool    // there may be further rows
	Done   int64   // rows that were dealt with
	Failed []Unfit // rows that could not be
}

// Unfit is a row of a sweep that could not be dealt with, and why.
type Unfit struct {
	ID  id.ID
	Err error
}

// Sweep deals with up to limit rows of a query behind a row, in the order of
// their ids, each in a savepoint of its own: one that can't be dealt with is told
// of and left. That the database or the platform fails ends the part. It is how
// long work goes over many rows, a transaction a part.
func (tx *Tx) Sweep(ctx context.Context, q query.Query, after id.ID, limit int, do func(row Row) error) (Swept, error) {
	t, err := tx.table(q.Table)
	if err != nil {
		return Swept{}, err
	}
	q.Limit, q.Order, q.After = limit, []query.Order{{Column: t.ID}}, nil
	if after != id.Nil {
		later := query.Compare{Left: query.Path{t.ID}, Op: query.Gt, Value: after}
		if q.Where == nil {
			q.Where = later
		} else {
			q.Where = query.And{q.Where, later}
		}
	}
	page, err := tx.Find(ctx, q)
	if err != nil {
		return Swept{}, err
	}
	out := Swept{Last: after, More: page.Next != nil}
	for _, row := range page.Rows {
		err := tx.sql.Nested(func() error { return do(row) })
		switch {
		case err == nil:
			out.Done++
		case errs.Has(err, errs.Internal) || errs.Has(err, errs.Unavailable):
			return Swept{}, err
		default:
			out.Failed = append(out.Failed, Unfit{row.ID(t.ID), err})
		}
		out.Last = row.ID(t.ID)
	}
	return out, nil
}
