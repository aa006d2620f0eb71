package app

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// defineReplay declares the replay of dead letters: the consumer handles the
// event again, and its effect and the letter's new state commit together.
func defineReplay(r *action.Registry, letters *event.DeadLetters) {
	action.Define(r, action.Spec{Name: "rpt_ReplayDeadLetter", Table: "rpt_deadletter", Effect: action.DB, Right: access.Write,
		Description: "Gives a dead letter's event to its consumer again."},
		func(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
			row, err := c.Tx.Get(ctx, "rpt_deadletter", c.Target, nil, nil)
			if err != nil {
				return action.Empty{}, err
			}
			if row.Int("statecode") != 0 {
				return action.Empty{}, errs.New(errs.Conflict, "event.replayed", "this event has been replayed or discarded already")
			}
			kept, _ := row["createdon"].(time.Time)
			effect, err := letters.Effect(ctx, event.Letter{Consumer: row.Text("rpt_consumer"), Topic: row.Text("rpt_topic"), Source: row.Text("rpt_source"),
				EventID: row.Text("rpt_eventid"), Data: row.Text("rpt_data"), Seq: uint64(row.Int("rpt_seq")), At: kept})
			if err != nil {
				return action.Empty{}, err
			}
			if effect != nil {
				if err := effect(ctx, c.Tx.SQL()); err != nil {
					return action.Empty{}, err
				}
			}
			_, err = c.Tx.Update(ctx, "rpt_deadletter", c.Target, record.Row{"statecode": int64(1)}, record.Match{Version: row.Version()})
			return action.Empty{}, err
		})
}
