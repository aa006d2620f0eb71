package duplicate

import (
	"context"
	"log/slog"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Behind makes the keys of rows that an import has made or changed, once it is
// through: rules cost an import nothing while it runs, and know of its rows soon after.
type Behind struct {
	Engine *Engine
	DB     *sqldb.DB
	Store  *record.Store
	Log    *changelog.Log
	Clock  clock.Clock
	Logger *slog.Logger
}

const (
	behindConsumer = "duplicate keys"
	behindBatch    = 500
)

// Follower gives the consumer of the change log that does so.
func (b *Behind) Follower() *event.Batch {
	rest := func() float64 {
		if b.Log.Tailer().Loading() {
			return 30 // as all that follows an import
		}
		return 0.5
	}
	return &event.Batch{Consumer: behindConsumer, Log: event.Changes(b.Log), DB: b.DB, Clock: b.Clock, Logger: b.Logger, FromEnd: true, Max: behindBatch, Rest: rest, Handle: b.take}
}

// take makes the keys of the rows of a batch that came by an import.
func (b *Behind) take(ctx context.Context, events []event.Event) (event.Effect, error) {
	made, changed := map[string][]id.ID{}, map[string][]id.ID{}
	for _, e := range events {
		c := e.Change
		if c.Channel != changelog.Import {
			continue
		}
		if rules, _ := b.Engine.ruled(c.Table); rules == nil {
			continue
		}
		switch c.Op {
		case changelog.Create:
			made[c.Table] = append(made[c.Table], c.Record)
		case changelog.Update:
			changed[c.Table] = append(changed[c.Table], c.Record)
		}
	}
	if len(made)+len(changed) == 0 {
		return nil, nil
	}
	ctx = access.AsSystem(ctx, "keys of duplicate rules")
	return func(_ context.Context, sql *sqldb.Tx) error {
		tx := b.Store.Bind(sql)
		for table, keys := range made {
			if err := b.fill(ctx, tx, table, keys); err != nil {
				return err
			}
		}
		for table, keys := range changed {
			if err := b.renew(ctx, tx, table, keys); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// fill makes the keys of new rows. One that is there already was written with a
// later change of its row.
func (b *Behind) fill(ctx context.Context, tx *record.Tx, table string, keys []id.ID) error {
	rules, t := b.Engine.ruled(table)
	if t == nil {
		return nil
	}
	columns := []string{t.ID}
	for _, r := range rules {
		for _, name := range r.compared() {
			if !slices.Contains(columns, name) {
				columns = append(columns, name)
			}
		}
	}
	values := make([]any, len(keys))
	for i, k := range keys {
		values[i] = k
	}
	page, err := tx.Find(ctx, query.Query{Table: t.Name, Select: columns, Where: query.In{Left: query.Path{t.ID}, Values: values}, Limit: len(keys)})
	if err != nil {
		return err
	}
	return put(tx.SQL(), keysOf(rules, t, page.Rows), false)
}

// renew makes the keys of changed rows. Each is locked, so that a change of it at
// this moment is not written over by an older key.
func (b *Behind) renew(ctx context.Context, tx *record.Tx, table string, keys []id.ID) error {
	rules, t := b.Engine.ruled(table)
	if t == nil {
		return nil
	}
	slices.SortFunc(keys, func(x, y id.ID) int { return slices.Compare(x[:], y[:]) })
	for _, key := range slices.Compact(keys) {
		row, err := tx.Demand(ctx, t.Name, key, access.Read)
		if errs.Has(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		for _, r := range rules {
			now, _ := r.keyOf(t, row, false)
			if err := set(tx.SQL(), r.ID, key, now); err != nil {
				return err
			}
		}
	}
	return nil
}
