package duplicate

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Engine keeps keys, finds duplicates and refuses them where that is asked for.
type Engine struct {
	Rules   func() *Rules
	Catalog func() *metadata.Catalog
}

// ErrFound means that a row counts as the same as one that is there. Its fields
// name the rows: the table, and the id as the message.
var ErrFound = errs.New(errs.Conflict, "duplicate.found", "a record like this one is there already")

type detectionKey struct{}

// WithDetection has writes refused that would make duplicates.
func WithDetection(ctx context.Context) context.Context {
	return context.WithValue(ctx, detectionKey{}, true)
}

func detecting(ctx context.Context) bool {
	on, _ := ctx.Value(detectionKey{}).(bool)
	return on
}

// Hook takes part in the writing of a table.
func (e *Engine) Hook(table string) record.Hook {
	return record.Hook{Table: table, Alone: detecting,
		BeforeCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error {
			return e.refuse(ctx, tx, table, row, nil)
		},
		BeforeUpdate: func(ctx context.Context, tx *record.Tx, old, change record.Row) error {
			whole := record.Row{}
			for name, v := range old {
				whole[name] = v
			}
			for name, v := range change {
				whole[name] = v
			}
			return e.refuse(ctx, tx, table, whole, change)
		},
		AfterCreate:  func(_ context.Context, tx *record.Tx, row record.Row) error { return e.keep(tx, table, nil, row) },
		AfterUpdate:  func(_ context.Context, tx *record.Tx, old, row record.Row) error { return e.keep(tx, table, old, row) },
		AfterRestore: func(_ context.Context, tx *record.Tx, row record.Row) error { return e.keep(tx, table, nil, row) },
		AfterDelete:  func(_ context.Context, tx *record.Tx, row record.Row) error { return e.keep(tx, table, row, nil) },
	}
}

// refuse stops a write that would make a duplicate, if that is asked for. Of an
// update only the rules count whose columns change.
func (e *Engine) refuse(ctx context.Context, tx *record.Tx, table string, row, change record.Row) error {
	if !detecting(ctx) {
		return nil
	}
	rules := e.Rules()
	t, known := e.Catalog().Table(table)
	if rules == nil || !known {
		return nil
	}
	var found *errs.Error
	for _, r := range rules.byBase[table] {
		touched := change == nil || slices.ContainsFunc(r.Conditions, func(c Condition) bool { _, is := change[c.Base]; return is })
		if !r.Published || !touched {
			continue
		}
		key, ok := r.keyOf(t, row, true)
		if !ok {
			continue
		}
		// Of two that write the same at the same time the later one waits, and finds the other.
		if err := tx.SQL().Lock("duplicate " + r.ID.String() + " " + key); err != nil {
			return err
		}
		rows, err := e.matches(ctx, tx, r, key, row.ID(t.ID), row, nil)
		if err != nil {
			return err
		}
		m, _ := e.Catalog().Table(r.Matching)
		for _, hit := range rows {
			if found == nil {
				copied := *ErrFound
				found = &copied
			}
			if f := (errs.Field{Name: r.Matching, Code: "duplicate", Message: hit.ID(m.ID).String()}); !slices.Contains(found.Fields, f) {
				found.Fields = append(found.Fields, f)
			}
		}
	}
	if found == nil {
		return nil
	}
	return found
}

// keep makes, changes or removes the keys of a row that has been written.
func (e *Engine) keep(tx *record.Tx, table string, old, row record.Row) error {
	rules := e.Rules()
	if rules == nil || len(rules.byMatching[table]) == 0 {
		return nil
	}
	t, known := e.Catalog().Table(table)
	if !known {
		return nil
	}
	for _, r := range rules.byMatching[table] {
		var before, after string
		if old != nil {
			before, _ = r.keyOf(t, old, false)
		}
		if row != nil {
			after, _ = r.keyOf(t, row, false)
		}
		if before == after && old != nil {
			continue
		}
		which := row
		if which == nil {
			which = old
		}
		if err := put(tx.SQL(), r.ID, which.ID(t.ID), after); err != nil {
			return err
		}
	}
	return nil
}

// put writes the key of a row under a rule; an empty one removes it.
func put(tx *sqldb.Tx, rule, row id.ID, key string) error {
	d := tx.Dialect()
	r, err := query.Encode(d, query.ID, rule)
	if err != nil {
		return err
	}
	k, err := query.Encode(d, query.ID, row)
	if err != nil {
		return err
	}
	p := d.Placeholder
	if key == "" {
		_, err = tx.Exec("DELETE FROM duplicatekey WHERE ruleid = "+p(1)+" AND recordid = "+p(2), r, k)
		return err
	}
	_, err = tx.Exec("INSERT INTO duplicatekey (ruleid, recordid, hash) VALUES ("+p(1)+", "+p(2)+", "+p(3)+") ON CONFLICT (ruleid, recordid) DO UPDATE SET hash = excluded.hash", r, k, key)
	return err
}
