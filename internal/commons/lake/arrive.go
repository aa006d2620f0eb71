package lake

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/delta"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const streamApp = "rapport.stream" // notes in each table how far the topic is in

// Topic is a topic of the stream that the lake follows.
type Topic struct {
	Log event.Log
	// Table is the record table that the topic's events become rows of, and
	// Convert gives the columns of that row; ok is false for an event that will
	// become none. Both may be left out.
	Table   string
	Convert func(e event.Event) (columns map[string]any, ok bool)
}

// Arrivals brings one topic of the stream into the lake. It needs no database:
// where it is stands in the tables themselves, and is noted in the database,
// for whoever trims the topic, while there is one. It is a lifecycle.Service.
type Arrivals struct {
	lake   *Lake
	topic  Topic
	db     func() *sqldb.DB // nil while the database is away
	loop   lifecycle.Loop
	logger *slog.Logger
	state  *progress
	pos    int64 // through which events are in both tables
	noted  int64
	turn   *turn // of the database that there is
	of     *sqldb.DB
}

// NewArrivals makes the consumer of a topic.
func (l *Lake) NewArrivals(t Topic, db func() *sqldb.DB) *Arrivals {
	a := &Arrivals{lake: l, topic: t, db: db, logger: l.c.Logger.With("consumer", "lake", "topic", t.Log.Topic()), state: newProgress()}
	a.loop.Run = a.run
	return a
}

// Start begins where the topic's table ends.
func (a *Arrivals) Start(ctx context.Context) error {
	a.lake.feeds.Store(a.topic.Log.Topic(), a)
	return a.loop.Start(ctx)
}

// Stop ends the consumer and notes where; what it has read and not written is read again.
func (a *Arrivals) Stop(ctx context.Context) error {
	a.lake.feeds.Delete(a.topic.Log.Topic())
	err := a.loop.Stop(ctx)
	a.note(ctx, a.pos)
	if a.turn != nil && a.db() == a.of {
		err = errors.Join(err, a.turn.release(ctx))
	}
	return err
}

// mine tells whether this process is to write. Without a database nobody can
// ask; then it is, and the tables' own notes keep two writers apart.
func (a *Arrivals) mine(ctx context.Context) bool {
	db := a.db()
	if db == nil {
		return true
	}
	if a.of != db {
		a.of, a.turn = db, &turn{hold: job.NewHold(db, a.lake.c.Clock, "lake "+a.topic.Log.Topic(), leaseFor), clock: a.lake.c.Clock, mine: a.of == nil}
	}
	return a.turn.have(ctx)
}

func (a *Arrivals) progress() *progress { return a.state }

func (a *Arrivals) flush(ctx context.Context) error {
	if log, ok := a.topic.Log.(interface {
		Empty(ctx context.Context) (bool, error)
	}); ok {
		if empty, err := log.Empty(ctx); err != nil {
			return err
		} else if empty { // trimmed or erased; what was read before is in once nothing more comes
			return a.state.waitQuiet(ctx)
		}
	}
	last, err := a.topic.Log.Last(ctx)
	if err != nil {
		return err
	}
	return a.state.waitFor(ctx, int64(last))
}

func (a *Arrivals) run(ctx context.Context) {
	wait := retryLeast
	for ctx.Err() == nil {
		if !a.mine(ctx) {
			a.watch(ctx)
			continue
		}
		err := a.follow(ctx, func() { wait = retryLeast })
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			continue // another node has the turn
		}
		a.lake.c.Metrics.retries.WithLabelValues(a.topic.Log.Topic(), errs.CodeOf(err)).Inc()
		if unavailable(err) {
			a.logger.Debug("the lake's consumer starts over", "error", err)
		} else {
			a.logger.Error("the lake's consumer starts over", "error", err)
		}
		select {
		case <-a.lake.c.Clock.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, retryMost)
	}
}

// watch follows where the node is that has the turn, for those who wait here.
func (a *Arrivals) watch(ctx context.Context) {
	if pos, err := a.position(ctx); err == nil {
		a.state.move(pos)
	}
	select {
	case <-a.lake.c.Clock.After(lookAgain):
	case <-ctx.Done():
	}
}

// position is how far both tables are.
func (a *Arrivals) position(ctx context.Context) (int64, error) {
	pos, err := a.lake.through(ctx, layerEvents+"/"+a.topic.Log.Topic(), streamApp)
	if err != nil || a.topic.Convert == nil {
		return pos, err
	}
	typed, err := a.lake.through(ctx, layerArrivals+"/"+a.topic.Table, streamApp)
	return min(pos, typed), err
}

// through tells how far an application is in a table; 0 if it has not begun.
func (l *Lake) through(ctx context.Context, table, app string) (int64, error) {
	snap, err := l.snapshot(ctx, table)
	if err != nil || snap == nil {
		return 0, err
	}
	pos, _ := snap.Txn(app)
	return pos, nil
}

func (a *Arrivals) follow(ctx context.Context, went func()) error {
	pos, err := a.position(ctx)
	if err != nil {
		return err
	}
	reader, err := a.topic.Log.Open(ctx, uint64(pos))
	if err != nil {
		return err
	}
	defer reader.Close()
	a.pos = pos
	a.state.move(pos)
	for {
		if !a.mine(ctx) {
			return nil
		}
		events, err := a.collect(ctx, reader)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			a.state.nothing()
			a.note(ctx, a.pos)
			continue
		}
		a.state.waitingSince(events[0].At)
		if err := a.take(ctx, events); err != nil {
			return err
		}
		a.pos = int64(events[len(events)-1].Seq)
		a.state.move(a.pos)
		a.note(ctx, a.pos)
		went()
	}
}

// collect reads events until the first has waited long enough, or there are
// enough; none if nothing comes for a while.
func (a *Arrivals) collect(ctx context.Context, reader event.Reader) (out []event.Event, err error) {
	deadline := time.Time{}
	for len(out) < pendingMax {
		wait := lookAgain
		if len(out) > 0 {
			wait = min(wait, deadline.Sub(a.lake.c.Clock.Now()))
			select {
			case <-a.state.hurry:
				wait = 0
			default:
			}
			if wait <= 0 {
				break
			}
		}
		some, err := reader.Next(ctx, readMax, min(wait, 100*time.Millisecond))
		if errs.CodeOf(err) == "stream.corrupt" { // the reader goes on behind it
			a.lake.c.Metrics.skipped.WithLabelValues("corrupt").Inc()
			err = nil
		}
		if err != nil {
			return nil, err
		}
		if len(some) == 0 && len(out) == 0 {
			return nil, ctx.Err()
		}
		if len(some) > 0 && len(out) == 0 {
			deadline = a.lake.c.Clock.Now().Add(a.lake.c.Linger)
		}
		out = append(out, some...)
	}
	return out, ctx.Err()
}

// note tells the database how far the consumer is, so that the topic can be trimmed.
func (a *Arrivals) note(ctx context.Context, pos int64) {
	db := a.db()
	if db == nil || pos == a.noted || pos == 0 {
		return
	}
	if err := event.Note(ctx, db, Consumer, a.topic.Log.Topic(), uint64(pos), a.lake.c.Clock.Now()); err != nil {
		if ctx.Err() == nil && !unavailable(err) {
			a.logger.Warn("the position can't be noted", "error", err)
		}
		return
	}
	a.noted = pos
}

// eventColumns are those of events/TOPIC behind _seq.
func eventColumns() []Column {
	return []Column{{Name: colAt, Kind: query.Time}, {Name: "source", Kind: query.Text}, {Name: "id", Kind: query.Text}, {Name: "type", Kind: query.Text},
		{Name: "subject", Kind: query.Text}, {Name: "time", Kind: query.Time}, {Name: "datacontenttype", Kind: query.Text}, {Name: "dataschema", Kind: query.Text},
		{Name: "extensions", Kind: query.JSON}, {Name: "data", Kind: query.JSON}}
}

// take writes events into the topic's tables.
func (a *Arrivals) take(ctx context.Context, events []event.Event) error {
	through := int64(events[len(events)-1].Seq)
	raw := &batch{layer: layerEvents, table: a.topic.Log.Topic(), schema: seqSchema(eventColumns())}
	for _, e := range events {
		raw.rows = append(raw.rows, eventRow(e))
	}
	if err := a.lake.write(ctx, streamApp, through, raw); err != nil {
		return err
	}
	if a.topic.Convert != nil {
		if err := a.takeTyped(ctx, events, through); err != nil {
			return err
		}
	}
	now := a.lake.c.Clock.Now()
	for _, e := range events {
		a.lake.c.Metrics.freshness.WithLabelValues(a.topic.Log.Topic()).Observe(now.Sub(e.At).Seconds())
	}
	return nil
}

// seqSchema gives a schema that begins with _seq.
func seqSchema(columns []Column) delta.Schema {
	s := delta.Schema{Fields: []delta.Field{field(Column{Name: colSeq, Kind: query.Int})}}
	for _, c := range columns {
		s.Fields = append(s.Fields, field(c))
	}
	return s
}

func eventRow(e event.Event) pending {
	values := []any{int64(e.Seq), e.At.UTC().Truncate(time.Microsecond), orNull(e.Source), orNull(e.ID), nil, nil, nil, nil, nil, nil, nil}
	if c := e.Cloud; c != nil {
		values[4], values[5], values[7], values[8] = orNull(c.Type), orNull(c.Subject), orNull(c.DataContentType), orNull(c.DataSchema)
		if y := c.Time.Year(); !c.Time.IsZero() && y >= 1 && y <= 9999 {
			values[6] = c.Time.UTC().Truncate(time.Microsecond)
		}
		if len(c.Extensions) > 0 {
			if text, err := json.Marshal(c.Extensions); err == nil {
				values[9] = string(text)
			}
		}
		if len(c.Data) > 0 {
			values[10] = string(c.Data)
		} else if len(c.DataBinary) > 0 {
			if text, err := json.Marshal(c.DataBinary); err == nil { // as base64 within a JSON string
				values[10] = string(text)
			}
		}
	}
	return pending{seq: int64(e.Seq), values: values}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Columns by which an arrival is joined with the record it becomes.
const (
	colSource  = "_source"
	colEventID = "_eventid"
)

// takeTyped writes what the events will become.
func (a *Arrivals) takeTyped(ctx context.Context, events []event.Event, through int64) error {
	t, ok := a.lake.c.Catalog().Table(a.topic.Table)
	if !ok {
		return unknown(a.topic.Table)
	}
	columns := recordColumns(t)
	head := []Column{{Name: colAt, Kind: query.Time}, {Name: colSource, Kind: query.Text}, {Name: colEventID, Kind: query.Text}}
	b := &batch{layer: layerArrivals, table: a.topic.Table, columns: columns, schema: seqSchema(append(head, columns...))}
	for _, e := range events {
		row, ok := a.topic.Convert(e)
		if !ok {
			a.lake.c.Metrics.skipped.WithLabelValues("conversion").Inc()
			continue
		}
		values := []any{int64(e.Seq), e.At.UTC().Truncate(time.Microsecond), orNull(e.Source), orNull(e.ID)}
		for _, c := range columns {
			v, ok := keepValue(c, row[c.Name])
			if !ok {
				a.lake.c.Metrics.skipped.WithLabelValues("value").Inc()
			}
			values = append(values, v)
		}
		b.rows = append(b.rows, pending{seq: int64(e.Seq), values: values})
	}
	return a.lake.write(ctx, streamApp, through, b)
}
