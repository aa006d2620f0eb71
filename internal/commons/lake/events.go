package lake

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// Events gives the events of a topic that the stream took after from and up to
// to (a zero time is no bound), in the order in which it took them.
func (l *Lake) Events(ctx context.Context, topic string, from, to time.Time) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		full, err := name(layerEvents, topic)
		if err != nil {
			yield(Event{}, err)
			return
		}
		snap, err := l.snapshot(ctx, full)
		if err != nil || snap == nil {
			if err != nil {
				yield(Event{}, err)
			}
			return
		}
		var where []delta.Test
		if !from.IsZero() {
			where = append(where, delta.Test{Column: colAt, Op: delta.Greater, Value: from.UTC()})
		}
		if !to.IsZero() {
			where = append(where, delta.Test{Column: colAt, Op: delta.LessOrEqual, Value: to.UTC()})
		}
		columns := []string{colSeq, colAt, "source", "id", "type", "subject", "time", "data"}
		for v, err := range snap.Merged(ctx, []string{colSeq}, delta.Scan{Columns: columns, Where: where}) {
			if err != nil {
				yield(Event{}, err)
				return
			}
			e := Event{Source: text(v[2]), ID: text(v[3]), Type: text(v[4]), Subject: text(v[5])}
			seq, _ := v[0].(int64)
			e.Seq = uint64(seq)
			e.At, _ = v[1].(time.Time)
			e.Time, _ = v[6].(time.Time)
			if s, ok := v[7].(string); ok {
				e.Data = []byte(s)
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func text(v any) string { s, _ := v.(string); return s }

// Arrival is what an event of the stream will become, before its record is here.
type Arrival struct {
	Seq     uint64
	At      time.Time // when the stream took the event
	Source  string    // with EventID the identity of the event
	EventID string
	Values  []any // as in Row
}

// Arrivals gives the rows of a record table that have come by the stream and
// are not among its records yet, for whatever reason: the database is away, or
// the event is being worked on. joins names the record tables, and in each the
// columns of source and event id, by which a record is known to be an arrival's.
func (l *Lake) Arrivals(ctx context.Context, table string, columns []string, joins ...Join) iter.Seq2[Arrival, error] {
	return func(yield func(Arrival, error) bool) {
		cols, err := l.wanted(ctx, table, columns)
		if err != nil {
			yield(Arrival{}, err)
			return
		}
		snap, err := l.snapshot(ctx, layerArrivals+"/"+table)
		if err != nil || snap == nil {
			if err != nil {
				yield(Arrival{}, err)
			}
			return
		}
		open, err := l.unjoined(ctx, snap, joins)
		if err != nil {
			yield(Arrival{}, err)
			return
		}
		names := []string{colSeq, colAt, colSource, colEventID}
		at := make([]int, len(cols))
		for i, c := range cols {
			at[i] = -1
			if f, ok := snap.Schema.Field(c.Name); ok && columnOf(f).Kind == c.Kind {
				at[i] = len(names)
				names = append(names, f.Name)
			}
		}
		for v, err := range snap.Merged(ctx, []string{colSeq}, delta.Scan{Columns: names}) {
			if err != nil {
				yield(Arrival{}, err)
				return
			}
			a := Arrival{Source: text(v[2]), EventID: text(v[3]), Values: make([]any, len(cols))}
			if !open[pair{a.Source, a.EventID}] {
				continue
			}
			delete(open, pair{a.Source, a.EventID}) // an event that came twice is one arrival
			seq, _ := v[0].(int64)
			a.Seq = uint64(seq)
			a.At, _ = v[1].(time.Time)
			for i, from := range at {
				if from >= 0 {
					a.Values[i] = give(cols[i], v[from])
				}
			}
			if !yield(a, nil) {
				return
			}
		}
	}
}

// Join says where a record names the event that it came from.
type Join struct{ Table, Source, EventID string }

type pair struct{ source, id string }

// unjoined gives the events of the arrivals that no record names. Arrivals are
// few: those whose records are here are cleared away by Tidy.
func (l *Lake) unjoined(ctx context.Context, snap *delta.Snapshot, joins []Join) (map[pair]bool, error) {
	open := map[pair]bool{}
	for v, err := range snap.Rows(ctx, delta.Scan{Columns: []string{colSource, colEventID}}) {
		if err != nil {
			return nil, err
		}
		open[pair{text(v[0]), text(v[1])}] = true
	}
	for _, j := range joins {
		if len(open) == 0 {
			break
		}
		cols, err := l.Columns(ctx, j.Table)
		if err != nil {
			return nil, err
		}
		for _, n := range []string{j.Source, j.EventID} {
			if !slices.ContainsFunc(cols, func(c Column) bool { return c.Name == n }) {
				return nil, noColumn(j.Table, n)
			}
		}
		changes, err := l.snapshot(ctx, layerChanges+"/"+j.Table)
		if err != nil {
			return nil, err
		}
		if changes == nil || changes.Schema.Index(j.Source) < 0 || changes.Schema.Index(j.EventID) < 0 {
			continue
		}
		// A record that is deleted since was one all the same.
		for v, err := range changes.Rows(ctx, delta.Scan{Columns: []string{j.Source, j.EventID}, Where: []delta.Test{{Column: j.EventID, Op: delta.NotNull}}}) {
			if err != nil {
				return nil, err
			}
			delete(open, pair{text(v[0]), text(v[1])})
		}
	}
	return open, nil
}
