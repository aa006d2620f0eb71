package process

import (
	"context"
	"errors"
	"log/slog"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Later makes the instances of records that were made very many at once
// (record.InBulk): those name their process and its first stage from the
// beginning, and get their instance behind the import, or when somebody asks
// where they stand.
type Later struct {
	Set     func() *Set
	Catalog func() *metadata.Catalog
	DB      *sqldb.DB
	Store   *record.Store
	Log     *changelog.Log
	Clock   clock.Clock
	Logger  *slog.Logger
}

const (
	laterConsumer = "process instances"
	laterBatch    = 500
)

// Follower gives the consumer of the change log that does so.
func (l *Later) Follower() *event.Batch {
	rest := func() float64 {
		if l.Log.Tailer().Loading() {
			return 30 // what an import makes is taken in behind it
		}
		return 0.5
	}
	return &event.Batch{Consumer: laterConsumer, Log: event.Changes(l.Log), DB: l.DB, Clock: l.Clock, Logger: l.Logger, FromEnd: true, Max: laterBatch, Rest: rest, Handle: l.take}
}

// take finds the new records of a batch that lack their instance.
func (l *Later) take(ctx context.Context, events []event.Event) (event.Effect, error) {
	ctx = access.AsSystem(ctx, "process")
	made := map[string][]id.ID{}
	for _, e := range events {
		if c := e.Change; c.Op == changelog.Create && !l.Set().none(c.Table) {
			made[c.Table] = append(made[c.Table], c.Record)
		}
	}
	lacking := map[string][]id.ID{}
	for table, keys := range made {
		rows, err := l.lacking(ctx, l.Store, table, keys)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			lacking[table] = append(lacking[table], row.ID(tableID(l.Catalog(), table)))
		}
	}
	if len(lacking) == 0 {
		return nil, nil
	}
	return func(_ context.Context, sql *sqldb.Tx) error {
		tx := l.Store.Bind(sql)
		for table, keys := range lacking {
			if err := l.begin(ctx, tx, table, keys); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// Ensure gives a record the instance of the process that it names, if it lacks one.
func (l *Later) Ensure(ctx context.Context, table string, key id.ID) error {
	ctx = access.AsSystem(ctx, "process")
	if l.Set().none(table) {
		return nil
	}
	rows, err := l.lacking(ctx, l.Store, table, []id.ID{key})
	if err != nil || len(rows) == 0 {
		return err
	}
	return l.Store.Write(ctx, func(tx *record.Tx) error { return l.begin(ctx, tx, table, []id.ID{key}) })
}

// begin makes the instances that records lack, together.
func (l *Later) begin(ctx context.Context, tx *record.Tx, table string, keys []id.ID) error {
	if err := tx.SQL().Lock(laterConsumer); err != nil { // somebody may be doing the same for the same record
		return err
	}
	rows, err := l.lacking(ctx, tx, table, keys)
	if err != nil {
		return err
	}
	byProcess := map[*Process][]record.Row{}
	for _, row := range rows {
		p := l.Set().followed(table, row)
		in := p.instance(l.Catalog(), table, row, l.Clock)
		if at := row["createdon"]; at != nil {
			in["activestagestartedon"] = at // it has been there since
		}
		byProcess[p] = append(byProcess[p], in)
	}
	for p, list := range byProcess {
		if _, err := tx.CreateMany(ctx, p.Instance, list); err != nil {
			return err
		}
	}
	return nil
}

// lacking gives those of some records that name a process and have no instance of it.
func (l *Later) lacking(ctx context.Context, from record.Reader, table string, keys []id.ID) ([]record.Row, error) {
	t, ok := l.Catalog().Table(table)
	if !ok {
		return nil, nil
	}
	columns := []string{t.ID, "processid", "createdon"}
	if t.Owned() {
		columns = append(columns, "ownerid")
	}
	page, err := from.Find(ctx, query.Query{Table: table, Select: columns, Where: query.In{Left: query.Path{t.ID}, Values: anys(keys)}, Limit: len(keys)})
	if err != nil {
		return nil, err
	}
	named := map[*Process][]record.Row{}
	for _, row := range page.Rows {
		if p := l.Set().followed(table, row); p != nil && p.start(table) != nil {
			named[p] = append(named[p], row)
		}
	}
	var out []record.Row
	for p, rows := range named {
		if _, ok := l.Catalog().Table(p.Instance); !ok {
			continue
		}
		ids := make([]id.ID, len(rows))
		for i, row := range rows {
			ids[i] = row.ID(t.ID)
		}
		has, err := p.having(ctx, from, table, ids)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if !has[row.ID(t.ID)] {
				out = append(out, row)
			}
		}
	}
	return out, nil
}

// having tells which of some records have an instance.
func (p *Process) having(ctx context.Context, from record.Reader, table string, keys []id.ID) (map[id.ID]bool, error) {
	out := map[id.ID]bool{}
	q := query.Query{Table: p.Instance, Select: []string{p.Tables[table]}, Where: query.In{Left: query.Path{p.Tables[table]}, Values: anys(keys)}, Limit: laterBatch}
	for {
		page, err := from.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			out[row.ID(p.Tables[table])] = true
		}
		if q.After = page.Next; page.Next == nil {
			return out, nil
		}
	}
}

// overdue gives a record the instance that it lacks, within a transaction that
// is about to need it.
func (p *Process) overdue(ctx context.Context, tx *record.Tx, catalog *metadata.Catalog, table string, key id.ID, clk clock.Clock) error {
	if err := tx.SQL().Lock(laterConsumer); err != nil {
		return err
	}
	has, err := p.having(ctx, tx, table, []id.ID{key})
	if err != nil || has[key] {
		return err
	}
	row, err := tx.Get(ctx, table, key, nil, nil)
	if errors.Is(err, record.ErrNotFound) {
		return nil
	}
	if err != nil || row.ID("processid") != p.ID || p.start(table) == nil {
		return err
	}
	return p.begin(ctx, tx, catalog, table, row, clk)
}

func anys(keys []id.ID) []any {
	out := make([]any, len(keys))
	for i, k := range keys {
		out[i] = k
	}
	return out
}
