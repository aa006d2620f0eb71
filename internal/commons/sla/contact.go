package sla

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// outward are the activities by which somebody turns to a person, with the value of
// their direction that is outgoing; an appointment has none.
var outward = []string{"appointment", "email", "fax", "letter", "phonecall"}

const completed = int64(1)

// Contact gives, for a table, the hook that measures first contact.
func Contact(terms func() *Terms, catalog func() *metadata.Catalog, clk clock.Clock) func(table string) record.Hook {
	return func(table string) record.Hook {
		hook := record.Hook{Table: table}
		if slices.Contains(outward, table) {
			hook.AfterCreate = func(ctx context.Context, tx *record.Tx, row record.Row) error {
				return contacted(ctx, tx, catalog(), table, row, clk.Now())
			}
			hook.AfterUpdate = func(ctx context.Context, tx *record.Tx, old, row record.Row) error {
				if old.Int("statecode") == row.Int("statecode") {
					return nil
				}
				return contacted(ctx, tx, catalog(), table, row, clk.Now())
			}
			return hook
		}
		hook.BeforeCreate = func(ctx context.Context, _ *record.Tx, row record.Row) error {
			// What an import brings has not just come in.
			if record.Bulk(ctx) || !measured(catalog(), table) || row[DueColumn] != nil {
				return nil
			}
			if due, ok := terms().due(table, clk.Now()); ok {
				row[DueColumn] = due
			}
			return nil
		}
		return hook
	}
}

// measured tells whether a table has the columns of first contact.
func measured(catalog *metadata.Catalog, table string) bool {
	t, ok := catalog.Table(table)
	if !ok {
		return false
	}
	_, due := t.Column(DueColumn)
	_, met := t.Column(MetColumn)
	return due && met
}

// contacted notes the first contact with the record that an activity is about.
// What programs send by themselves is none.
func contacted(ctx context.Context, tx *record.Tx, catalog *metadata.Catalog, table string, row record.Row, now time.Time) error {
	who := access.From(ctx)
	if row.Int("statecode") != completed || who.Kind != access.User || who.ID == access.SystemUser {
		return nil
	}
	if out, has := row["directioncode"].(bool); has && !out || !has && table != "appointment" {
		return nil
	}
	about, key := row.Text(metadata.TypeColumn("regardingobjectid")), row.ID("regardingobjectid")
	if key == id.Nil || !measured(catalog, about) {
		return nil
	}
	ctx = access.AsSystem(ctx, "sla") // whoever turns to somebody need not own the record
	found, err := tx.Get(ctx, about, key, []string{MetColumn}, nil)
	if errors.Is(err, record.ErrNotFound) || err == nil && found[MetColumn] != nil {
		return nil
	}
	if err != nil {
		return err
	}
	at := now
	if end, ok := row["actualend"].(time.Time); ok && end.Before(now) {
		at = end
	}
	_, err = tx.Update(ctx, about, key, record.Row{MetColumn: at}, record.Match{})
	return err
}
