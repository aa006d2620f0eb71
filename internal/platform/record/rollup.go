package record

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// ReadFilter turns the text of a roll-up's filter into a condition.
type ReadFilter func(t *metadata.Table, text string) (query.Node, error)

// ReadFilters says who reads the filters of roll-ups, before the store is used.
func (s *Store) ReadFilters(f ReadFilter) { s.o.Filter = f }

// CalculateRollup works a roll-up of a row out anew and gives the row. Its value
// counts all related rows, whoever may see them, as in Dataverse; the context's
// principal must be able to read the row.
func (tx *Tx) CalculateRollup(ctx context.Context, table string, key id.ID, column string) (Row, error) {
	t, err := tx.table(table)
	if err != nil {
		return nil, err
	}
	c, ok := t.Column(column)
	if !ok || c.Rollup == nil {
		return nil, invalid("rollup", "%s of %s is no roll-up", column, table)
	}
	if _, err := tx.Get(ctx, table, key, []string{t.ID}, nil); err != nil {
		return nil, err
	}
	return tx.rollUp(ctx, t, c, key)
}

// rollUp computes and writes one roll-up of a row; a row that is gone stays gone.
func (tx *Tx) rollUp(ctx context.Context, t *metadata.Table, c *metadata.Column, key id.ID) (Row, error) {
	old, err := tx.lock(ctx, t, key, nil, forChange)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	value, state, err := tx.rolledUp(ctx, t, c, key)
	if err != nil {
		return nil, err
	}
	if equal(old[c.Name], value) && old[metadata.RollupState(c.Name)] == state {
		return old, nil
	}
	change := Row{c.Name: value, metadata.RollupState(c.Name): state, metadata.RollupDate(c.Name): tx.now()}
	return tx.writeDerived(ctx, t, old, change)
}

// rolledUp gives the value of a roll-up and its state.
func (tx *Tx) rolledUp(ctx context.Context, t *metadata.Table, c *metadata.Column, key id.ID) (any, any, error) {
	failed := int64(metadata.RollupFailed)
	r := c.Rollup
	rel, ok := t.Relation(r.Relation)
	if !ok {
		return nil, failed, nil
	}
	child, err := tx.table(rel.Table)
	if err != nil {
		return nil, failed, nil
	}
	var where query.And
	if rel.ManyToMany() {
		where = query.And{query.Related{Relation: rel.Via.Back, Where: query.Compare{Left: query.Path{t.ID}, Value: key}}}
	} else {
		where = query.And{branch{child: child, column: columnOf(child, rel.To), rel: rel}.where(key, id.Nil, id.Nil)}
	}
	if r.Filter != "" {
		if tx.o.Filter == nil {
			return nil, failed, nil
		}
		filter, err := tx.o.Filter(child, r.Filter)
		if err != nil {
			return nil, failed, nil
		}
		where = append(where, filter)
	}
	const name = "value"
	function := map[string]query.Function{"SUM": query.Sum, "COUNT": query.CountRows, "MIN": query.Min, "MAX": query.Max, "AVG": query.Average}[r.Function]
	page, err := tx.find(ctx, query.Query{Table: child.Name, Where: where, Group: &query.Group{Values: []query.Aggregate{{Name: name, Func: function, Column: r.Column}}}, Limit: 1}, nil)
	switch {
	case errs.CodeOf(err) == query.ErrOverflow.Code:
		return nil, int64(metadata.RollupOverflow), nil
	case errs.Has(err, errs.Invalid):
		return nil, failed, nil
	case err != nil:
		return nil, nil, err
	}
	var value any
	if len(page.Rows) > 0 {
		value = page.Rows[0][name]
	}
	if value, err = c.Coerce(value); err != nil {
		return nil, int64(metadata.RollupOverflow), nil
	}
	return value, int64(metadata.RollupCalculated), nil
}

func columnOf(t *metadata.Table, name string) *metadata.Column {
	c, _ := t.Column(name)
	return c
}

// recompute works the formulas of a row out anew.
func (tx *Tx) recompute(ctx context.Context, t *metadata.Table, key id.ID) error {
	old, err := tx.lock(ctx, t, key, nil, forChange)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	change := Row{}
	for _, c := range t.Formulas() {
		for _, name := range c.Compiled().Reads {
			change[name] = old[name] // as if it changed
		}
	}
	_, err = tx.writeDerived(ctx, t, old, change)
	return err
}

// writeDerived writes values that the platform has worked out, and what follows
// from them. The version and the change log tell of it; who modified the row
// last, and when, stays.
func (tx *Tx) writeDerived(ctx context.Context, t *metadata.Table, old, change Row) (Row, error) {
	if err := tx.applyMoney(ctx, t, old, change); err != nil {
		return nil, err
	}
	if err := tx.applyFormulas(ctx, t, old, change); err != nil {
		return nil, err
	}
	dropEqual(t, old, change)
	if len(change) == 0 {
		return old, nil
	}
	change["versionnumber"] = old.Version() + 1
	key := old.ID(t.ID)
	if err := tx.update(t, key, change); err != nil {
		return nil, err
	}
	if err := tx.updateBase(t, key, change); err != nil {
		return nil, err
	}
	if err := tx.changed(access.Elevate(ctx, "derived"), t, changelog.Update, old, change); err != nil {
		return nil, err
	}
	return merged(old, change), nil
}
