package lake

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// erasePasses bounds how often a rewrite that met another writer is tried.
const erasePasses = 20

// Erase takes every version of records out of the lake: the files that hold
// them are written anew without them, and it gives how many rows went. It is for
// records that are deleted, as a change that comes later is a new row. The old
// files are unreachable at once for readers of the newest version, and are gone
// from the disk after Config.Keep and the next upkeep.
func (l *Lake) Erase(ctx context.Context, table string, ids []id.ID) (rows int, err error) {
	if _, err := name(layerChanges, table); err != nil {
		return 0, err
	}
	gone := map[any]bool{}
	values := make([]any, len(ids))
	for i, x := range ids {
		values[i] = x.String()
		gone[values[i]] = true
	}
	if len(ids) == 0 {
		return 0, nil
	}
	for _, layer := range []string{layerChanges, layerCurrent} {
		n, err := l.eraseFrom(ctx, layer+"/"+table, func(snap *delta.Snapshot) ([]string, func([]any, []int) bool, []delta.Test) {
			key := snap.Meta.Config(keyConfig)
			return []string{key}, func(row []any, at []int) bool { return gone[row[at[0]]] }, []delta.Test{{Column: key, Op: delta.In, Values: values}}
		})
		rows += n
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// EventID is the identity of an event.
type EventID struct{ Source, ID string }

// EraseEvents takes events of a topic, and what was to become of them in the
// given record table ("" for none), out of the lake, as Erase does.
func (l *Lake) EraseEvents(ctx context.Context, topic, table string, events []EventID) (rows int, err error) {
	full, err := name(layerEvents, topic)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	gone := map[EventID]bool{}
	for _, e := range events {
		gone[e] = true
	}
	drop := func(row []any, at []int) bool { return gone[EventID{text(row[at[0]]), text(row[at[1]])}] }
	places := map[string][]string{full: {"source", "id"}}
	if table != "" {
		places[layerArrivals+"/"+table] = []string{colSource, colEventID}
	}
	for name, columns := range places {
		n, err := l.eraseFrom(ctx, name, func(*delta.Snapshot) ([]string, func([]any, []int) bool, []delta.Test) { return columns, drop, nil })
		rows += n
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// eraseFrom rewrites a table until none of the rows is left in it.
func (l *Lake) eraseFrom(ctx context.Context, name string, what func(*delta.Snapshot) ([]string, func([]any, []int) bool, []delta.Test)) (rows int, err error) {
	return l.passes(ctx, name, func(t *delta.Table, snap *delta.Snapshot) (int, error) {
		columns, drop, where := what(snap)
		return l.rewriteWithout(ctx, t, snap, columns, drop, where...)
	})
}

// passes rewrites a table until there is nothing left to rewrite, and gives how
// many rows that were.
func (l *Lake) passes(ctx context.Context, full string, rewrite func(*delta.Table, *delta.Snapshot) (int, error)) (rows int, err error) {
	t, err := l.open(ctx, full)
	if err != nil || t == nil {
		return 0, err
	}
	for range erasePasses {
		snap, err := t.Snapshot(ctx)
		if err != nil {
			return rows, err
		}
		n, err := rewrite(t, snap)
		if errors.Is(err, delta.ErrConflict) {
			continue // compaction was there first
		}
		if err != nil || n == 0 {
			return rows, err
		}
		rows += n
	}
	return rows, delta.ErrConflict
}
