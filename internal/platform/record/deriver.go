package record

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Deriver keeps what is computed from other rows up to date: roll-ups after
// changes of the related rows, formulas after changes of the rows that they read
// by a lookup, both of all rows after a change of their definition. It follows
// the change log, so that writers wait for nothing; what it does it may do twice.
type Deriver struct {
	lifecycle.Loop
	store  *Store
	logger *slog.Logger
	seen   *metadata.Catalog // whose definitions have been looked at
	noted  int64             // the position as it stands in the database, as far as this node knows
}

// NewDeriver makes the service.
func NewDeriver(s *Store, logger *slog.Logger) *Deriver {
	d := &Deriver{store: s, logger: logger}
	d.Run = d.run
	return d
}

const (
	derivedConsumer = "derived/changes"
	derivedRead     = 500
	derivedNote     = 5_000 // changes from which nothing followed, after which the position is noted all the same
	derivedPause    = time.Second
	derivedGather   = 100 * time.Millisecond // for others that come with the first
)

func (d *Deriver) run(ctx context.Context) {
	ctx = access.AsSystem(ctx, "derived")
	for ctx.Err() == nil {
		err := d.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !errs.Has(err, errs.Unavailable) {
			d.logger.Error("computed columns", "error", err)
		}
		d.pause(ctx, derivedPause)
	}
}

func (d *Deriver) pause(ctx context.Context, pause time.Duration) {
	select {
	case <-d.store.o.Clock.After(pause):
	case <-ctx.Done():
	}
}

func (d *Deriver) follow(ctx context.Context) error {
	log := d.store.o.Log
	db := d.store.o.DB
	var seq int64
	found, err := db.QueryRow(ctx, "SELECT seq FROM consumerposition WHERE consumer = "+db.Dialect().Placeholder(1), []any{derivedConsumer}, &seq)
	if err == nil && !found {
		if seq, err = log.Last(ctx); err == nil { // what was before is worked out from the definitions
			err = d.note(ctx, seq)
		}
	}
	for idle := false; err == nil && ctx.Err() == nil; {
		if !d.store.o.Catalog().HasComputed() {
			idle = true
			d.pause(ctx, derivedPause)
			continue
		}
		if idle { // what has changed meanwhile is worked out from the definitions
			if seq, err = log.Last(ctx); err != nil {
				return err
			}
			idle = false
		}
		grown := log.Tailer().Updated() // taken before looking, so that nothing slips between
		if err = d.Definitions(ctx); err != nil {
			return err
		}
		var next int64
		if next, err = d.Step(ctx, seq); err != nil || next > seq {
			seq = max(seq, next)
			continue
		}
		select {
		case <-grown:
			d.pause(ctx, derivedGather)
		case <-d.store.o.Clock.After(derivedPause):
		case <-ctx.Done():
		}
	}
	return err
}

// Step works off the changes behind a position and gives the new one.
func (d *Deriver) Step(ctx context.Context, after int64) (int64, error) {
	changes, err := d.store.o.Log.Tailer().After(ctx, after, derivedRead)
	if err != nil || len(changes) == 0 {
		return after, err
	}
	var work []task
	catalog := d.store.o.Catalog()
	dependents := map[string][]metadata.Dependent{}
	for _, c := range changes {
		deps, known := dependents[c.Table]
		if !known {
			deps = catalog.Dependents(c.Table)
			dependents[c.Table] = deps
		}
		for _, t := range tasks(deps, c) {
			if !slices.Contains(work, t) {
				work = append(work, t)
			}
		}
	}
	for _, t := range work {
		if err := d.do(ctx, t); err != nil {
			if errs.Has(err, errs.Unavailable) || ctx.Err() != nil {
				return after, err
			}
			d.logger.Error("a computed column can't be brought up to date", "table", t.table, "column", t.column, "record", t.key, "error", err)
		}
	}
	last := changes[len(changes)-1].Seq
	if len(work) == 0 && last-d.noted < derivedNote {
		return last, nil // the position is a hint; it is noted when something was done
	}
	return last, d.note(ctx, last)
}

// task is a row to be brought up to date: a roll-up, or the rows that read it.
type task struct {
	table  string
	column string // of a roll-up; or the lookup of the rows that read the row key
	key    id.ID
	onType string
	rollup bool
}

// tasks says what a change makes out of date.
func tasks(deps []metadata.Dependent, c changelog.Change) []task {
	if len(deps) == 0 {
		return nil
	}
	var before, after map[string]any
	_ = json.Unmarshal(c.Before, &before) // a create has none
	_ = json.Unmarshal(c.After, &after)   // a delete has none
	var out []task
	for _, dep := range deps {
		switch {
		case dep.Rollup && c.Op == changelog.Update && !touches(dep, before, after):
		case dep.Rollup:
			keys := []string{text(before, dep.Lookup), text(after, dep.Lookup)}
			if keys[0] == "" && keys[1] == "" {
				keys = append(keys, "") // the lookup has not changed: the row says where it leads
				out = append(out, task{table: dep.Table, column: dep.Column, key: c.Record, onType: c.Table, rollup: true})
			}
			for _, k := range keys {
				if parent, err := id.Parse(k); err == nil {
					out = append(out, task{table: dep.Table, column: dep.Column, key: parent, rollup: true})
				}
			}
		case c.Op == changelog.Update && touches(dep, before, after):
			out = append(out, task{table: dep.Table, column: dep.Lookup, key: c.Record, onType: c.Table})
		}
	}
	return out
}

func text(values map[string]any, name string) string { s, _ := values[name].(string); return s }

// touches tells whether a change is of a column that counts; "" counts always.
func touches(dep metadata.Dependent, before, after map[string]any) bool {
	for _, name := range dep.Reads {
		_, was := before[name]
		_, is := after[name]
		if name == "" || was || is {
			return true
		}
	}
	return false
}

func (d *Deriver) do(ctx context.Context, t task) error {
	if !t.rollup {
		return d.children(ctx, t)
	}
	return d.store.Write(ctx, func(tx *Tx) error {
		table, err := tx.table(t.table)
		if err != nil {
			return nil // dropped since
		}
		c, ok := table.Column(t.column)
		if !ok || c.Rollup == nil {
			return nil
		}
		key := t.key
		if t.onType != "" {
			if key, err = tx.parentOf(ctx, table, c, t); err != nil || key == id.Nil {
				return err
			}
		}
		_, err = tx.rollUp(ctx, table, c, key)
		return err
	})
}

// parentOf finds the row whose roll-up a child counts in.
func (tx *Tx) parentOf(ctx context.Context, t *metadata.Table, c *metadata.Column, work task) (id.ID, error) {
	rel, ok := t.Relation(c.Rollup.Relation)
	child, err := tx.table(work.onType)
	if !ok || err != nil || rel.ManyToMany() {
		return id.Nil, nil
	}
	page, err := tx.find(ctx, query.Query{Table: child.Name, Select: []string{rel.To}, Where: query.Compare{Left: query.Path{child.ID}, Value: work.key}, Limit: 1}, nil)
	if err != nil || len(page.Rows) == 0 {
		return id.Nil, err
	}
	return page.Rows[0].ID(rel.To), nil
}

// children brings the formulas of the rows that read a row up to date, some of
// them in each transaction.
func (d *Deriver) children(ctx context.Context, t task) error {
	table, ok := d.store.o.Catalog().Table(t.table)
	if !ok {
		return nil
	}
	where := query.And{query.Compare{Left: query.Path{t.column}, Value: t.key}}
	if c, ok := table.Column(t.column); ok && c.Polymorphic() {
		where = append(where, query.Compare{Left: query.Path{metadata.TypeColumn(t.column)}, Value: t.onType})
	}
	return d.every(ctx, table, where, func(tx *Tx, key id.ID) error { return tx.recompute(ctx, table, key) })
}

// every does something to all rows of a condition, cascadeBatch in a transaction.
func (d *Deriver) every(ctx context.Context, t *metadata.Table, where query.Node, fn func(tx *Tx, key id.ID) error) error {
	q := query.Query{Table: t.Name, Select: []string{t.ID}, Where: where, Order: []query.Order{{Column: t.ID}}, Limit: cascadeBatch}
	for {
		page, err := d.store.Find(ctx, q)
		if err != nil {
			return err
		}
		if len(page.Rows) > 0 {
			err = d.store.Write(ctx, func(tx *Tx) error {
				for _, row := range page.Rows {
					if err := fn(tx, row.ID(t.ID)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil || page.Next == nil {
			return err
		}
		q.After = page.Next
	}
}

// Definitions brings the columns up to date whose definition is another than
// the one that their values were computed by.
func (d *Deriver) Definitions(ctx context.Context) error {
	catalog := d.store.o.Catalog()
	if catalog == d.seen {
		return nil
	}
	for _, name := range catalog.Names() {
		t, _ := catalog.Table(name)
		for _, c := range t.Columns {
			if c.Compiled() == nil && c.Rollup == nil {
				continue
			}
			if err := d.definition(ctx, t, c); err != nil {
				return err
			}
		}
	}
	d.seen = catalog
	return nil
}

func (d *Deriver) definition(ctx context.Context, t *metadata.Table, c *metadata.Column) error {
	text, err := json.Marshal([]any{c.TypeName, c.Formula, c.Rollup})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	hash, name := hex.EncodeToString(sum[:8]), "computed "+t.Name+"."+c.Name
	db := d.store.o.DB
	var have string
	if _, err := db.QueryRow(ctx, "SELECT value FROM setting WHERE name = "+db.Dialect().Placeholder(1), []any{name}, &have); err != nil || have == hash {
		return err
	}
	err = d.every(ctx, t, nil, func(tx *Tx, key id.ID) error {
		if c.Rollup != nil {
			_, err := tx.rollUp(ctx, t, c, key)
			return err
		}
		return tx.recompute(ctx, t, key)
	})
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		p := tx.Dialect().Placeholder
		_, err := tx.Exec("INSERT INTO setting (name, value) VALUES ("+p(1)+", "+p(2)+") ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, hash)
		return err
	})
}

// note writes down how far the changes have been worked off.
func (d *Deriver) note(ctx context.Context, seq int64) error {
	err := d.store.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		at, err := query.Encode(tx.Dialect(), query.Time, d.store.o.Clock.Now())
		if err != nil {
			return err
		}
		p := tx.Dialect().Placeholder
		_, err = tx.Exec("INSERT INTO consumerposition (consumer, log, seq, at) VALUES ("+p(1)+", 'changes', "+p(2)+", "+p(3)+
			") ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE excluded.seq > consumerposition.seq", derivedConsumer, seq, at)
		return err
	})
	if err == nil {
		d.noted = seq
	}
	return err
}
