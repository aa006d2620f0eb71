package duplicate

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Kind is the kind of the jobs that make the keys of the rows that are there.
const Kind = "duplicate rule"

// Publisher publishes rules.
type Publisher struct {
	Store   *record.Store
	Catalog func() *metadata.Catalog
	Jobs    *job.Queue
	Clock   clock.Clock
	Part    int // keys or rows that one transaction of a scan goes through; 0 means 2,000
}

// settle is how long the other nodes are given to hear of a rule, so that they
// keep its keys when the rows that are there are gone through.
const settle = 3 * time.Second

// part is how far a publication has got.
type part struct {
	Rule  id.ID     `json:"rule"`
	Begun bool      `json:"begun"`
	Since time.Time `json:"since"` // when it began: rows made later have their keys from whoever makes them
	After id.ID     `json:"after"`
}

// Publish checks a rule and has its keys made; it is in force once that is done.
func (p *Publisher) Publish(ctx context.Context, tx *record.Tx, rule id.ID) (id.ID, error) {
	row, err := tx.Demand(ctx, "duplicaterule", rule, access.Write)
	if err != nil {
		return id.Nil, err
	}
	if _, err := Read(ctx, tx, p.Catalog(), row); err != nil {
		return id.Nil, err
	}
	if _, err := tx.Update(ctx, "duplicaterule", rule, record.Row{"statecode": int64(0), "statuscode": Publishing}, record.Match{}); err != nil {
		return id.Nil, err
	}
	if _, err := p.Jobs.Cancel(tx.SQL(), Kind, rule.String()); err != nil {
		return id.Nil, err
	}
	return p.Jobs.Enqueue(tx.SQL(), job.Spec{Kind: Kind, Key: rule.String(), Due: p.Clock.Now().Add(settle), Payload: part{Rule: rule}})
}

// Shipped gives the hook that publishes rules which come with the product or a
// solution: those that the platform makes, and whose row says "being published".
func (p *Publisher) Shipped() record.Hook {
	return record.Hook{Table: "duplicaterule", AfterCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error {
		if row.Int("statuscode") != Publishing || access.From(ctx).Kind != access.System {
			return nil
		}
		rule := row.ID("duplicateruleid")
		_, err := p.Jobs.Enqueue(tx.SQL(), job.Spec{Kind: Kind, Key: rule.String(), Due: p.Clock.Now().Add(settle), Payload: part{Rule: rule}})
		return err
	}}
}

// Unpublish takes a rule out of force and forgets its keys.
func (p *Publisher) Unpublish(ctx context.Context, tx *record.Tx, rule id.ID) error {
	if _, err := tx.Update(ctx, "duplicaterule", rule, record.Row{"statecode": int64(0), "statuscode": Unpublished}, record.Match{}); err != nil {
		return err
	}
	if _, err := p.Jobs.Cancel(tx.SQL(), Kind, rule.String()); err != nil {
		return err
	}
	return forget(tx.SQL(), rule)
}

func forget(tx *sqldb.Tx, rule id.ID) error {
	enc, err := query.Encode(tx.Dialect(), query.ID, rule)
	if err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM duplicatekey WHERE ruleid = "+tx.Dialect().Placeholder(1), enc)
	return err
}

// batch is how many rows one transaction goes through.
const batch = 500

// Handler does the jobs.
func (p *Publisher) Handler() job.Handler { return job.Handler{Run: p.run} }

func (p *Publisher) run(ctx context.Context, j *job.Job) error {
	var at part
	if err := json.Unmarshal(j.Payload, &at); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "duplicate.job", "the job of a rule can't be read"))
	}
	ctx = access.AsSystem(ctx, "publish a duplicate rule")
	return p.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := tx.Get(ctx, "duplicaterule", at.Rule, nil, nil)
		if errs.Has(err, errs.NotFound) || err == nil && row.Int("statuscode") != Publishing {
			return j.Done(tx.SQL()) // the wish has been withdrawn
		}
		if err != nil {
			return err
		}
		r, err := Read(ctx, tx, p.Catalog(), row)
		if err != nil {
			return job.Permanent(err)
		}
		next := part{Rule: at.Rule, Begun: true, Since: at.Since}
		if !at.Begun {
			next.Since = p.Clock.Now()
			if err := forget(tx.SQL(), at.Rule); err != nil {
				return err
			}
		}
		more, err := p.some(ctx, tx, r, at.After, &next)
		if err != nil {
			return err
		}
		if more {
			return j.Again(tx.SQL(), p.Clock.Now(), next)
		}
		if _, err := tx.Update(ctx, "duplicaterule", at.Rule, record.Row{"statecode": int64(1), "statuscode": Published}, record.Match{}); err != nil {
			return err
		}
		return j.Done(tx.SQL())
	})
}

// some makes the keys of the next rows.
func (p *Publisher) some(ctx context.Context, tx *record.Tx, r *Rule, after id.ID, next *part) (more bool, err error) {
	t, ok := p.Catalog().Table(r.Matching)
	if !ok {
		return false, job.Permanent(errs.New(errs.Invalid, "duplicate.rule", "the rule names a table that is not there"))
	}
	columns := []string{t.ID}
	for _, c := range r.Conditions {
		columns = append(columns, c.Matching)
	}
	q := query.Query{Table: t.Name, Select: columns, Order: []query.Order{{Column: t.ID}}, Limit: batch}
	var where query.And
	if after != id.Nil {
		where = append(where, query.Compare{Left: query.Path{t.ID}, Op: query.Gt, Value: after})
	}
	if _, dated := t.Column("createdon"); dated && !next.Since.IsZero() { // else it would run behind an import row by row
		where = append(where, query.Compare{Left: query.Path{"createdon"}, Op: query.Le, Value: next.Since})
	}
	if len(where) > 0 {
		q.Where = where
	}
	page, err := tx.Find(ctx, q)
	if err != nil {
		return false, err
	}
	for _, row := range page.Rows {
		// The row is locked, so that a change of it at this moment is not overwritten by its older key.
		now, err := tx.Demand(ctx, t.Name, row.ID(t.ID), access.Read)
		if errs.Has(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return false, err
		}
		key, _ := r.keyOf(t, now, false)
		if err := set(tx.SQL(), r.ID, row.ID(t.ID), key); err != nil {
			return false, err
		}
		next.After = row.ID(t.ID)
	}
	return page.Next != nil, nil
}
