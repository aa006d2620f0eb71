package lake

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/delta"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
)

const (
	tidyEvery  = 30 * time.Second
	tidyLate   = 5 * time.Minute  // while the feed of changes is far behind
	cleanEvery = time.Hour        // files and commits that nobody needs
	smallFiles = 16               // of one size make a larger one
	tailLeast  = 5_000            // changes that a base is made or renewed for
	tailShare  = 4                // … or this part of the base's rows, whichever is more
	tailAge    = 15 * time.Minute // after which less will do
	tailPart   = 50               // namely this part
	baseRows   = 250_000          // of one file
)

// Upkeep keeps the lake in shape: it brings small files together, renews the
// bases, and deletes what nobody needs. It is a lifecycle.Service.
type Upkeep struct {
	lake    *Lake
	loop    lifecycle.Loop
	turn    turn
	joins   map[string][]Join
	cleaned time.Time
	tidied  time.Time
}

// NewUpkeep makes the service. joins says, for each table with arrivals, which
// records they become.
func (l *Lake) NewUpkeep(db *sqldb.DB, joins map[string][]Join) *Upkeep {
	u := &Upkeep{lake: l, joins: joins, turn: turn{hold: job.NewHold(db, l.c.Clock, "lake upkeep", 10*leaseFor), clock: l.c.Clock}, cleaned: l.c.Clock.Now(), tidied: l.c.Clock.Now()}
	u.loop.Run = u.run
	return u
}

// Start begins the upkeep.
func (u *Upkeep) Start(ctx context.Context) error { return u.loop.Start(ctx) }

// Stop ends it, between two commits.
func (u *Upkeep) Stop(ctx context.Context) error {
	return errors.Join(u.loop.Stop(ctx), u.turn.release(ctx))
}

func (u *Upkeep) run(ctx context.Context) {
	for {
		select {
		case <-u.lake.c.Clock.After(tidyEvery):
		case <-ctx.Done():
			return
		}
		if !u.turn.have(ctx) || u.lake.c.Busy() {
			continue
		}
		now := u.lake.c.Clock.Now()
		if u.lake.catchingUp() && now.Sub(u.tidied) < tidyLate {
			continue // what is brought together now would be again, and both want memory
		}
		u.tidied = now
		clean := now.Sub(u.cleaned) >= cleanEvery
		if clean {
			u.cleaned = now
		}
		if err := u.lake.Tidy(ctx, u.joins, clean); err != nil && ctx.Err() == nil {
			u.lake.c.Logger.Warn("upkeep of the lake", "error", err)
		}
	}
}

// Tidy does once what the upkeep does: compaction, bases, arrivals, and, with
// clean, the deletion of files that have been of no use for Config.Keep.
func (l *Lake) Tidy(ctx context.Context, joins map[string][]Join, clean bool) error {
	names, err := l.names()
	if err != nil {
		return err
	}
	var all error
	for _, n := range names {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := l.tidyTable(ctx, n, joins, clean); err != nil && !errors.Is(err, delta.ErrConflict) {
			all = errors.Join(all, errs.Wrap(err, errs.Internal, "lake.tidy", "the table %s", n))
		}
	}
	return all
}

func (l *Lake) tidyTable(ctx context.Context, name string, joins map[string][]Join, clean bool) error {
	t, err := l.open(ctx, name)
	if err != nil || t == nil {
		return err
	}
	layer, table, _ := strings.Cut(name, "/")
	snap, err := t.Snapshot(ctx)
	if err != nil {
		return err
	}
	switch layer {
	case layerChanges:
		err = errors.Join(l.renewBase(ctx, table, snap), l.compact(ctx, t, []string{snap.Meta.Config(keyConfig), colSeq}))
	case layerEvents:
		err = l.compact(ctx, t, []string{colSeq})
	case layerArrivals:
		err = errors.Join(l.settle(ctx, t, table, joins[table]), l.compact(ctx, t, []string{colSeq}))
	}
	if err != nil || !clean {
		return err
	}
	v, err := t.Vacuum(ctx, delta.Vacuum{})
	l.c.Metrics.tidied.WithLabelValues("vacuum").Add(float64(len(v.Names)))
	if err != nil {
		return err
	}
	n, err := t.CleanLog(ctx)
	l.c.Metrics.tidied.WithLabelValues("log").Add(float64(n))
	return err
}

// compact brings files of about one size together.
func (l *Lake) compact(ctx context.Context, t *delta.Table, by []string) error {
	n, err := t.Compact(ctx, delta.Compaction{MinFiles: smallFiles, MaxFiles: 4 * smallFiles, Tier: 8, SortBy: by})
	l.c.Metrics.tidied.WithLabelValues("compaction").Add(float64(n))
	return err
}

// due tells whether the changes since the base are enough for a new one.
func (l *Lake) due(base, changes *delta.Snapshot, through int64) bool {
	var tail, have int64
	age := tailAge
	field, _ := changes.Schema.Field(colSeq)
	for _, f := range changes.Files {
		st := f.Statistics()
		if st == nil {
			continue
		}
		if _, most := st.Bounds(field); delta.Compare(most, through) > 0 {
			tail += st.NumRecords
		}
	}
	if base != nil {
		have, _ = base.Count()
		age = l.c.Clock.Now().Sub(base.Timestamp)
	}
	return tail >= max(l.tail, have/tailShare) || tail > 0 && age >= tailAge && tail >= max(l.tail/tailPart, have/tailPart)
}

// renewBase writes every record's newest row anew, as of what the table of
// changes holds now.
func (l *Lake) renewBase(ctx context.Context, table string, changes *delta.Snapshot) error {
	through, ok := changes.Txn(feedApp)
	if !ok {
		return nil
	}
	full := layerCurrent + "/" + table
	base, err := l.snapshot(ctx, full)
	if err != nil {
		return err
	}
	var had int64
	if base != nil {
		had, _ = base.Txn(baseApp)
	}
	if !l.due(base, changes, had) {
		return nil
	}
	key := changes.Meta.Config(keyConfig)
	v := view{key: key}
	for _, f := range changes.Schema.Fields {
		if c := columnOf(f); !isMeta(c.Name) && c.Name != key {
			v.cols = append(v.cols, c)
		}
	}
	schema := baseSchema(key, changes.Schema)
	t, err := l.ensure(ctx, full, schema, key)
	if err != nil {
		return err
	}
	if base, err = t.Snapshot(ctx); err != nil {
		return err
	}
	rows := newest(both(v.rows(ctx, base, nil), v.rows(ctx, changes, []delta.Test{{Column: colSeq, Op: delta.Greater, Value: had}})))
	conformed, fit := conform(base.Schema, schema)
	_, err = t.Rewrite(ctx, delta.Rewrite{Operation: "WRITE", Base: base, Schema: conformed, SortedBy: []string{key, colSeq}, FileRows: baseRows, App: baseApp, AppVersion: through,
		Rows: baseValues(rows, v.cols, fit)})
	if errors.Is(err, delta.ErrDone) {
		return nil
	}
	if err == nil {
		l.c.Metrics.tidied.WithLabelValues("base").Inc()
	}
	return err
}

// baseSchema gives the columns of current/TABLE: those of a row and the record's own.
func baseSchema(key string, changes delta.Schema) (out delta.Schema) {
	for _, f := range changes.Fields {
		switch f.Name {
		case key, colVersion, colSeq, colOp, colAt, colActor:
		default:
			if isMeta(f.Name) {
				continue
			}
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

// baseValues gives rows as they are kept; deleted records are left out. The
// columns of the schema stand in the order in which baseSchema has them.
func baseValues(rows iter.Seq2[Row, error], cols []Column, fit map[int]func(any) any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for row, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			if row.Op == changelog.Delete {
				continue
			}
			values := []any{row.ID.String(), row.Version, row.Seq, row.Op.String(), row.At, row.Actor.String()}
			for i, c := range cols {
				v, _ := keepValue(c, row.Values[i]) // it came out of the lake
				if f := fit[len(values)]; f != nil {
					v = f(v)
				}
				values = append(values, v)
			}
			if !yield(values, nil) {
				return
			}
		}
	}
}

// settle takes arrivals out whose records are in the lake.
func (l *Lake) settle(ctx context.Context, t *delta.Table, table string, joins []Join) error {
	if len(joins) == 0 {
		return nil
	}
	base, err := t.Snapshot(ctx)
	if err != nil {
		return err
	}
	if n, _ := base.Count(); n == 0 {
		return nil
	}
	open, err := l.unjoined(ctx, base, joins)
	if err != nil {
		return err
	}
	drop := func(row []any, at []int) bool { return !open[pair{text(row[at[0]]), text(row[at[1]])}] }
	n, err := l.rewriteWithout(ctx, t, base, []string{colSource, colEventID}, drop)
	if err == nil && n > 0 {
		l.c.Metrics.tidied.WithLabelValues("arrivals").Add(float64(n))
	}
	return err
}

// rewriteWithout replaces the files that hold rows to be dropped, and gives how
// many rows went. drop is asked with a row and the places of the columns.
func (l *Lake) rewriteWithout(ctx context.Context, t *delta.Table, base *delta.Snapshot, columns []string, drop func(row []any, at []int) bool, where ...delta.Test) (int, error) {
	at := make([]int, len(columns))
	for i := range columns {
		at[i] = i
	}
	dropped := 0
	var files []*delta.Add
	for _, f := range base.Files {
		hits := 0
		for row, err := range base.Rows(ctx, delta.Scan{Columns: columns, Files: []*delta.Add{f}, Where: where}) {
			if err != nil {
				return 0, err
			}
			if drop(row, at) {
				hits++
			}
		}
		if hits > 0 {
			files, dropped = append(files, f), dropped+hits
		}
	}
	if len(files) == 0 {
		return 0, nil
	}
	for i, c := range columns {
		at[i] = base.Schema.Index(c)
	}
	by := files[0].SortedBy()
	rows := func(yield func([]any, error) bool) {
		for row, err := range base.Merged(ctx, by, delta.Scan{Files: files}) {
			if err == nil && drop(row, at) {
				continue
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
	_, err := t.Rewrite(ctx, delta.Rewrite{Operation: "DELETE", Files: files, Base: base, Schema: base.Schema, SortedBy: by, Rows: rows, Blind: true})
	return dropped, err
}
