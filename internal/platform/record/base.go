package record

import (
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// A table that extends another (a task extends activitypointer) holds all its
// columns itself; the common ones are mirrored into the base table in the same
// transaction, so that a timeline reads the base alone.

// typeColumnOfBase says in the base row which table it comes from.
const typeColumnOfBase = "activitytypecode"

func (tx *Tx) insertBase(t *metadata.Table, row Row) error {
	base, err := tx.baseOf(t)
	if base == nil || err != nil {
		return err
	}
	mirror := common(base, row)
	mirror[typeColumnOfBase] = t.Name
	return tx.insert(base, mirror)
}

func (tx *Tx) updateBase(t *metadata.Table, key id.ID, change Row) error {
	base, err := tx.baseOf(t)
	if base == nil || err != nil {
		return err
	}
	return tx.update(base, key, common(base, change))
}

func (tx *Tx) deleteBase(t *metadata.Table, key id.ID) error {
	base, err := tx.baseOf(t)
	if base == nil || err != nil {
		return err
	}
	return tx.deleteRow(base, key)
}

func (tx *Tx) baseOf(t *metadata.Table) (*metadata.Table, error) {
	if t.Base == "" {
		return nil, nil
	}
	return tx.table(t.Base)
}

func common(base *metadata.Table, row Row) Row {
	out := make(Row, len(row))
	for name := range base.Shape().Columns {
		if v, ok := row[name]; ok {
			out[name] = v
		}
	}
	return out
}
