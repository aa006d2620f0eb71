package duplicate

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
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
			return e.refuse(ctx, tx, table, whole, old)
		},
		AfterCreateMany: func(ctx context.Context, tx *record.Tx, rows []record.Row) error {
			return e.keepNew(ctx, tx, table, rows)
		},
		AfterUpdate: func(ctx context.Context, tx *record.Tx, old, row record.Row) error {
			return e.keep(ctx, tx, table, old, row)
		},
		AfterRestore: func(ctx context.Context, tx *record.Tx, row record.Row) error {
			return e.keepNew(ctx, tx, table, []record.Row{row})
		},
		AfterDelete: func(_ context.Context, tx *record.Tx, row record.Row) error { return e.drop(tx, table, row) },
	}
}

// refuse stops a write that would make a duplicate, if that is asked for. Of an
// update only the rules count by which the row is like others that it was not
// like before.
func (e *Engine) refuse(ctx context.Context, tx *record.Tx, table string, row, old record.Row) error {
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
		key, ok := r.keyOf(t, row, true)
		if !ok || !r.Published {
			continue
		}
		if old != nil {
			if before, had := r.keyOf(t, old, true); had && before == key {
				continue
			}
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

// ruled gives the rules for which a table's rows have keys.
func (e *Engine) ruled(table string) ([]*Rule, *metadata.Table) {
	rules := e.Rules()
	if rules == nil || len(rules.byMatching[table]) == 0 {
		return nil, nil
	}
	t, known := e.Catalog().Table(table)
	if !known {
		return nil, nil
	}
	return rules.byMatching[table], t
}

// keepNew makes the keys of rows that have been written. Those of an import come
// behind it (behind.go).
func (e *Engine) keepNew(ctx context.Context, tx *record.Tx, table string, rows []record.Row) error {
	rules, t := e.ruled(table)
	if t == nil || record.Bulk(ctx) {
		return nil
	}
	return put(tx.SQL(), keysOf(rules, t, rows), true)
}

// keep changes or removes the keys of a row that has been changed.
func (e *Engine) keep(ctx context.Context, tx *record.Tx, table string, old, row record.Row) error {
	rules, t := e.ruled(table)
	if t == nil || record.Bulk(ctx) {
		return nil
	}
	for _, r := range rules {
		before, _ := r.keyOf(t, old, false)
		after, _ := r.keyOf(t, row, false)
		if before == after {
			continue
		}
		if err := set(tx.SQL(), r.ID, row.ID(t.ID), after); err != nil {
			return err
		}
	}
	return nil
}

// drop removes the keys of a row that has gone.
func (e *Engine) drop(tx *record.Tx, table string, row record.Row) error {
	rules, t := e.ruled(table)
	if t == nil {
		return nil
	}
	return remove(tx.SQL(), rules, row.ID(t.ID))
}
