package record

import (
	"context"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// opMove is the cascade of an owner that has moved to another business unit.
const opMove = "unit"

// moveHook takes the records of a user or a team along to another business
// unit: records belong to the unit of their owner.
func moveHook(table string) Hook {
	return Hook{Table: table, AfterUpdate: func(ctx context.Context, tx *Tx, old, row Row) error {
		if old.ID("businessunitid") == row.ID("businessunitid") {
			return nil
		}
		t, err := tx.table(table)
		if err != nil {
			return err
		}
		work := cascadeWork{Op: opMove, Table: table, Record: row.ID(t.ID), To: row.ID("businessunitid")}
		return tx.within(ctx, tx.owned(t), work, func(child *metadata.Table, old Row) error { return tx.moveUnit(ctx, child, old, work.To) })
	}}
}

// owned lists, in a fixed order, the relations from a user or a team to what it owns.
func (tx *Tx) owned(t *metadata.Table) []branch {
	var out []branch
	relations := t.Relations()
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		rel := relations[name]
		if !rel.Many || rel.ManyToMany() || rel.To != "ownerid" {
			continue
		}
		child, err := tx.table(rel.Table)
		if err != nil || !child.Owned() || child.Managed && child.Name == "activitypointer" {
			continue // the base mirrors what happens to the table that extends it
		}
		if column, ok := child.Column(rel.To); ok {
			out = append(out, branch{child: child, column: column, rel: rel})
		}
	}
	return out
}

// moveUnit puts a record into a business unit.
func (tx *Tx) moveUnit(ctx context.Context, t *metadata.Table, old Row, unit id.ID) error {
	if old.ID("owningbusinessunit") == unit {
		return nil
	}
	change := Row{"owningbusinessunit": unit}
	row := maps.Clone(old)
	maps.Copy(row, change)
	if err := tx.writeUpdate(ctx, t, old, change, row); err != nil {
		return err
	}
	tx.wrote(t, row)
	return nil
}

// movePart is a part of the job. It asks for the unit anew: the owner may have
// moved on since, and whichever job comes last must not put records back.
func (tx *Tx) movePart(ctx context.Context, t *metadata.Table, work *cascadeWork) (finished bool, err error) {
	page, err := tx.find(ctx, query.Query{Table: t.Name, Select: []string{"businessunitid"}, Where: query.Compare{Left: query.Path{t.ID}, Value: work.Record}, Limit: 1}, nil)
	if err != nil || len(page.Rows) == 0 {
		return err == nil, err
	}
	unit := page.Rows[0].ID("businessunitid")
	return tx.walk(ctx, tx.owned(t), work.Record, id.Nil, &work.At, cascadeBatch, func(child *metadata.Table, old Row) error {
		work.Done++
		return tx.moveUnit(ctx, child, old, unit)
	})
}
