package portal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// KeepInteractions is how long interactions are kept as records.
const KeepInteractions = 90 * 24 * time.Hour

// Binder writes records in a running transaction; *record.Store does.
type Binder interface {
	Bind(tx *sqldb.Tx) *record.Tx
}

// Interactions gives the subscription that keeps what the tracking script
// reports as records of the table rpt_interaction.
func Interactions(log event.Log, store Binder) event.Subscription {
	return event.Subscription{Consumer: "interactions", Log: log, Handle: func(ctx context.Context, e event.Event) (event.Effect, error) {
		row, err := interactionRow(e)
		if err != nil {
			return nil, err
		}
		ctx = access.AsSystem(ctx, "interactions")
		return func(_ context.Context, tx *sqldb.Tx) error {
			_, err := store.Bind(tx).Create(ctx, "rpt_interaction", row)
			return err
		}, nil
	}}
}

func interactionRow(e event.Event) (record.Row, error) {
	var data struct {
		Page, Referrer, Title, VisitorID string
		Seconds                          *float64
		Data                             json.RawMessage
	}
	if err := json.Unmarshal(e.Cloud.Data, &data); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "portal.interaction", "the interaction can't be read")
	}
	row := record.Row{"rpt_interactionid": id.Derive("rpt_interaction", e.Source, e.ID), "rpt_type": cleanText(e.Cloud.Type, 100), "rpt_name": cleanText(data.Title, 300),
		"rpt_page": cleanText(data.Page, 2000), "rpt_referrer": cleanText(data.Referrer, 2000), "rpt_visitorid": cleanText(data.VisitorID, 100), "rpt_occurredon": e.Cloud.Time}
	if data.Seconds != nil {
		row["rpt_seconds"] = *data.Seconds
	}
	if len(data.Data) > 0 {
		row["rpt_data"] = data.Data
	}
	return row, nil
}

// PruneInteractions forgets interactions older than KeepInteractions, a bounded
// number at a time, and gives how many it forgot.
func PruneInteractions(ctx context.Context, db *sqldb.DB, now time.Time) (n int64, err error) {
	before, err := query.Encode(db.Dialect(), query.Time, now.Add(-KeepInteractions))
	if err != nil {
		return 0, err
	}
	err = db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err = tx.Exec("DELETE FROM rpt_interaction WHERE rpt_interactionid IN (SELECT rpt_interactionid FROM rpt_interaction WHERE rpt_occurredon < "+
			db.Dialect().Placeholder(1)+" ORDER BY rpt_occurredon LIMIT 2000)", before)
		return err
	})
	return n, err
}
