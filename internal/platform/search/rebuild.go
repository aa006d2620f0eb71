package search

import (
	"context"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// rebuilt is how many records a rebuild takes in within a transaction: other
// writers wait that long, some tens of milliseconds.
const rebuilt = 250

// Kind is the kind of the jobs that go through all records.
const Kind = "search rebuild"

// at is how far a rebuild has got.
type at struct {
	Table int   `json:"table"`
	After id.ID `json:"after"`
}

// Rebuild asks for all records to be taken in anew, such as after a column has
// become searchable. Searching goes on meanwhile.
func (x *Index) Rebuild(tx *sqldb.Tx) (id.ID, error) {
	return x.o.Jobs.Enqueue(tx, job.Spec{Kind: Kind, Key: "all", Payload: at{}})
}

// Handler does the jobs.
func (x *Index) Handler() job.Handler {
	return job.Handler{Run: func(ctx context.Context, j *job.Job) error {
		var now at
		if err := json.Unmarshal(j.Payload, &now); err != nil {
			return job.Permanent(errs.Wrap(err, errs.Internal, "search.job", "the job of a rebuild can't be read"))
		}
		ctx = access.AsSystem(ctx, "search index")
		return x.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
			tables := x.Tables()
			if now.Table >= len(tables) {
				return j.Done(tx)
			}
			next, err := x.some(ctx, tx, tables[now.Table], now)
			if err != nil {
				return err
			}
			return j.Again(tx, x.o.Clock.Now(), next)
		})
	}}
}

func (x *Index) some(ctx context.Context, tx *sqldb.Tx, table string, now at) (at, error) {
	t, ok := x.o.Catalog().Table(table)
	if !ok {
		return at{Table: now.Table + 1}, nil
	}
	q := query.Query{Table: table, Select: []string{t.ID}, Order: []query.Order{{Column: t.ID}}, Limit: rebuilt}
	if now.After != id.Nil {
		q.Where = query.Compare{Left: query.Path{t.ID}, Op: query.Gt, Value: now.After}
	}
	bound := x.o.Store.Bind(tx)
	page, err := bound.Find(ctx, q)
	if err != nil || len(page.Rows) == 0 {
		return at{Table: now.Table + 1}, err
	}
	var keys []id.ID
	for _, row := range page.Rows {
		keys = append(keys, row.ID(t.ID))
	}
	docs, err := x.docs(ctx, bound, t, keys)
	if err != nil {
		return now, err
	}
	if err := x.write(tx, docs); err != nil {
		return now, err
	}
	now.After = keys[len(keys)-1]
	if page.Next == nil {
		return at{Table: now.Table + 1}, nil
	}
	return now, nil
}
