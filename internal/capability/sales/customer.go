package sales

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Relationship types of an account that a win changes.
const (
	typeCustomer = int64(3)
	typeProspect = int64(8)
)

// customers makes the account and the contact of a won opportunity customers,
// once: since when, and of an account that was a prospect, or nothing, its type.
// That is the platform's to note: who wins need not own the account.
func customers(c clock.Clock) func(ctx context.Context, tx *record.Tx, won record.Row) error {
	return func(ctx context.Context, tx *record.Tx, won record.Row) error {
		ctx = access.Elevate(ctx, "a won opportunity makes customers")
		seen := map[id.ID]bool{}
		for _, who := range []struct {
			table string
			key   id.ID
		}{{won.Text(metadata.TypeColumn("customerid")), won.ID("customerid")}, {"account", won.ID("parentaccountid")}, {"contact", won.ID("parentcontactid")}} {
			if who.key == id.Nil || seen[who.key] {
				continue
			}
			seen[who.key] = true
			row, err := tx.Demand(ctx, who.table, who.key, access.Write)
			if errors.Is(err, record.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			change := record.Row{}
			if row["rpt_customersince"] == nil {
				change["rpt_customersince"] = c.Now()
			}
			if kind := row.Int("customertypecode"); who.table == "account" && (kind == 0 || kind == typeProspect) {
				change["customertypecode"] = typeCustomer
			}
			known(tx, who.table, change)
			if len(change) == 0 {
				continue
			}
			if _, err := tx.Update(ctx, who.table, who.key, change, record.Match{}); err != nil {
				return err
			}
		}
		return nil
	}
}
