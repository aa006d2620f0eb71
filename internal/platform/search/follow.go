package search

import (
	"context"
	"log/slog"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/event"
)

const (
	consumer = "search" // under which the position is kept
	batch    = 100      // changes of one transaction: other writers wait that long
	gather   = 200 * time.Millisecond
	far      = 5000 // changes behind, from which on the follower hurries
	hurried  = 500  // changes of one transaction then
)

// Follower gives the consumer that keeps the index up to date; what is missing
// is told by Behind.
func (x *Index) Follower(logger *slog.Logger) *event.Batch {
	return &event.Batch{Consumer: consumer, Log: event.Changes(x.o.Log), DB: x.o.DB, Clock: x.o.Clock, Logger: logger, Max: batch, Gather: gather, Rest: x.rest, Hurry: x.hurry, HurryMax: hurried, Handle: x.take}
}

// rest tells how long the follower stays away after a batch, in times of what
// the batch took, so that records are written first: long while an import runs,
// and hardly where many changes are left when it is over.
func (x *Index) rest() float64 {
	switch {
	case x.o.Log.Tailer().Loading():
		return 30 // what people change meanwhile comes by the lane
	case x.Behind() > far:
		return 0.25
	}
	return 2
}

// hurry tells whether many changes are left and nobody writes very many more.
func (x *Index) hurry() bool { return x.Behind() > far && !x.o.Log.Tailer().Loading() }

// take brings the documents of changed records up to date.
func (x *Index) take(ctx context.Context, events []event.Event) (event.Effect, error) {
	x.look(ctx, events)
	ctx = access.AsSystem(ctx, "search index")
	shared, err := x.sharedRecords(ctx, events)
	if err != nil {
		return nil, err
	}
	changed := map[string][]id.ID{}
	seen := map[id.ID]string{}
	for _, e := range events {
		table, key := e.Change.Table, e.Change.Record
		if table == shareTable {
			of := shared[key]
			table, key = of.table, of.key
		}
		t, ok := x.o.Catalog().Table(table)
		if !ok || !searched(t) || seen[key] == t.Name {
			continue
		}
		seen[key] = t.Name
		changed[t.Name] = append(changed[t.Name], key)
	}
	through := int64(events[len(events)-1].Seq)
	if len(changed) == 0 {
		x.taken.Store(through)
		return nil, nil
	}
	var all []doc
	for table, keys := range changed {
		t, _ := x.o.Catalog().Table(table)
		docs, err := x.docs(ctx, x.o.Store, t, keys)
		if err != nil {
			return nil, err
		}
		all = append(all, docs...)
	}
	return func(_ context.Context, tx *sqldb.Tx) error {
		tx.AfterCommit(func() { x.taken.Store(through) })
		return x.write(tx, all)
	}, nil
}

// look notes how many changes there are behind those at hand.
func (x *Index) look(ctx context.Context, events []event.Event) {
	if last, err := x.o.Log.Last(ctx); err == nil {
		x.behind.Store(max(0, last-int64(events[len(events)-1].Seq)))
	}
}

// Lag tells how many changes the index does not hold yet.
func (x *Index) Lag(ctx context.Context) (int64, error) {
	seq, err := event.Position(ctx, x.o.DB, consumer, "changes")
	if err != nil {
		return 0, err
	}
	last, err := x.o.Log.Last(ctx)
	return max(0, last-max(seq, x.taken.Load())), err
}
