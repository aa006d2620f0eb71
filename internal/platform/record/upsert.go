package record

import (
	"context"
	"errors"
	"maps"
	"reflect"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Upsert updates the row with the id, or makes it. created tells which.
func (tx *Tx) Upsert(ctx context.Context, table string, key id.ID, in Row, m Match) (row Row, created bool, err error) {
	t, err := tx.writable(ctx, table)
	if err != nil {
		return nil, false, err
	}
	old, err := tx.lock(ctx, t, key, nil, forChange)
	switch {
	case err == nil:
		row, err = tx.updateLocked(ctx, t, old, in, m)
		return row, false, err
	case !errors.Is(err, ErrNotFound):
		return nil, false, err
	case m.MustExist || m.Version != 0:
		return nil, false, ErrNotFound
	}
	fresh := maps.Clone(in)
	if fresh == nil {
		fresh = Row{}
	}
	fresh[t.ID] = key
	row, err = tx.Create(ctx, table, fresh)
	return row, err == nil, err
}

// UpsertByKey updates the row with the values of an alternate key, or makes it.
// On a hit the key's columns in the row are dropped; on a miss the key's values
// are taken over unless the row has its own.
func (tx *Tx) UpsertByKey(ctx context.Context, table string, key map[string]any, in Row, m Match) (row Row, created bool, err error) {
	t, err := tx.writable(ctx, table)
	if err != nil {
		return nil, false, err
	}
	found, err := tx.idByKey(ctx, t, key)
	if err != nil {
		return nil, false, err
	}
	if found != id.Nil {
		kept := maps.Clone(in)
		for name := range key {
			delete(kept, name)
			if c, ok := t.Column(name); ok && c.Polymorphic() {
				delete(kept, metadata.TypeColumn(name))
			}
		}
		row, err = tx.Update(ctx, table, found, kept, m)
		return row, false, err
	}
	if m.MustExist || m.Version != 0 {
		return nil, false, ErrNotFound
	}
	fresh := Row(maps.Clone(key))
	maps.Copy(fresh, in)
	row, err = tx.Create(ctx, table, fresh)
	if errors.Is(err, ErrDuplicateKey) {
		// Another write made it since we looked: look again in a new transaction.
		if !ownKey(key, in) {
			e := *errRace
			e.Cause = err
			return nil, false, &e
		}
	}
	return row, err == nil, err
}

// ownKey tells whether the row brings other values for the key's columns than
// those it was looked for by.
func ownKey(key map[string]any, in Row) bool {
	for c, v := range key {
		if own, given := in[c]; given && !reflect.DeepEqual(own, v) {
			return true
		}
	}
	return false
}

// idByKey finds a row past access control, as uniqueness does not depend on who asks.
func (tx *Tx) idByKey(ctx context.Context, t *metadata.Table, key map[string]any) (id.ID, error) {
	where, err := keyCondition(t, key)
	if err != nil {
		return id.Nil, err
	}
	page, err := tx.find(ctx, query.Query{Table: t.Name, Select: []string{t.ID}, Where: where, Limit: 1}, nil)
	if err != nil || len(page.Rows) == 0 {
		return id.Nil, err
	}
	return page.Rows[0].ID(t.ID), nil
}
