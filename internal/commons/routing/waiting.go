package routing

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// sweepMost bounds the waiting records that one sweep looks at.
const sweepMost = 2000

// Sweep deals records that nobody could take when they came, such as at night,
// to whoever can take them now, the oldest first, each in a transaction of its
// own. It gives the number that were dealt. Several nodes may sweep at once.
func (e *Engine) Sweep(ctx context.Context, store *record.Store) (int, error) {
	ctx = access.AsSystem(ctx, "dealing records that wait")
	page, err := store.Find(ctx, query.Query{Table: "rpt_assignment", Select: []string{"rpt_regarding", "rpt_regardingtype", "rpt_ruleid", "rpt_queueid", "ownerid"}, Limit: sweepMost,
		Order: []query.Order{{Column: "createdon"}}, Where: query.Compare{Left: query.Path{"rpt_waiting"}, Value: true}})
	if err != nil {
		return 0, err
	}
	dealt := 0
	nobody := map[[2]id.ID]bool{} // rules and queues for which nobody is there: the next record need not ask
	for _, row := range page.Rows {
		key := [2]id.ID{row.ID("rpt_ruleid"), row.ID("rpt_queueid")}
		if nobody[key] {
			continue
		}
		var still, given bool
		err := store.Write(ctx, func(tx *record.Tx) (err error) {
			still, given, err = e.again(ctx, tx, row)
			return err
		})
		if err != nil {
			return dealt, err
		}
		if nobody[key] = still; given {
			dealt++
		}
	}
	return dealt, nil
}

// again looks at one record that waits. still says that nobody can take it yet.
func (e *Engine) again(ctx context.Context, tx *record.Tx, waits record.Row) (still, given bool, err error) {
	done := func() error {
		_, err := tx.Update(ctx, "rpt_assignment", waits.ID("rpt_assignmentid"), record.Row{"rpt_waiting": false}, record.Match{})
		return err
	}
	table, key := waits.Text("rpt_regardingtype"), waits.ID("rpt_regarding")
	now, err := tx.Demand(ctx, "rpt_assignment", waits.ID("rpt_assignmentid"), access.Write)
	if err != nil {
		if errs.Has(err, errs.NotFound) {
			err = nil
		}
		return false, false, err
	}
	if open, _ := now["rpt_waiting"].(bool); !open {
		return false, false, nil // another node was faster
	}
	row, err := tx.Demand(ctx, table, key, access.Write)
	if errs.Has(err, errs.NotFound) {
		return false, false, done()
	}
	if err != nil {
		return false, false, err
	}
	set := e.Sets().Of(table)
	if set == nil || row.Int("statecode") != 0 || row.ID("ownerid") != waits.ID("ownerid") {
		return false, false, done() // closed, or somebody has it by now
	}
	taken, err := tx.Find(ctx, query.Query{Table: "queueitem", Limit: 1, Where: query.And{query.Compare{Left: query.Path{"objectid"}, Value: key},
		query.Null{Left: query.Path{"workerid"}, Negate: true}, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}}})
	if err != nil {
		return false, false, err
	}
	if len(taken.Rows) > 0 {
		return false, false, done()
	}
	ctx = within(ctx)
	d, err := e.route(ctx, tx, set, row, key)
	if err != nil || d.nobody {
		return d.nobody, false, err
	}
	if err := e.writeDown(ctx, tx, row, &d); err != nil {
		return false, false, err
	}
	return false, d.OwnerType == "systemuser", done()
}
