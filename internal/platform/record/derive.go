package record

import (
	"context"
	"maps"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// derive works out what follows from the values that are about to be written:
// automatic numbers, amounts in the base currency, formulas. old is nil for a
// new row; values go into change. It runs after the hooks, so that what they set
// counts, and before the check of required columns.
func (tx *Tx) derive(ctx context.Context, t *metadata.Table, old, change Row) error {
	if !t.Derives() {
		return nil
	}
	if old == nil {
		if err := tx.number(t, change); err != nil {
			return err
		}
	} else if err := tx.checkTree(ctx, t, old, change); err != nil {
		return err
	}
	if err := tx.attach(ctx, t, old, change); err != nil {
		return err
	}
	if err := tx.applyMoney(ctx, t, old, change); err != nil {
		return err
	}
	return tx.applyFormulas(ctx, t, old, change)
}

// merged gives the row as it will be.
func merged(old, change Row) Row {
	if old == nil {
		return change
	}
	row := maps.Clone(old)
	maps.Copy(row, change)
	return row
}
