package decision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// atOnce is how many dependents of a record are outdated in the transaction of
// its change. A record that more than so many depend on, as a product, has the
// rest outdated by a job.
const atOnce = 200

// leadsTo gives the tables that the versions of a set read through lookups.
func (s *set) leadsTo() map[string]bool {
	out := map[string]bool{}
	for _, src := range s.sources {
		for _, l := range src.links {
			out[l.table.Name] = true
		}
	}
	return out
}

// behindWork is the payload of a job that goes through dependents.
type behindWork struct {
	Decision id.ID  `json:"decision"`
	Column   string `json:"column"` // the lookup
	To       id.ID  `json:"to"`
	After    id.ID  `json:"after"` // dependents up to this one are done
}

// outdate closes the decisions that were made with what a record said before it
// changed. Records that are closed themselves keep theirs: those were right in
// their day.
func (s *Service) outdate(ctx context.Context, tx *record.Tx, table string, old, row record.Row) error {
	return s.eachLink(table, func(one *set, src *source, l *link) error {
		if !l.reads(old, row) {
			return nil
		}
		w := behindWork{Decision: one.id, Column: l.column, To: row.ID(l.table.ID)}
		more, err := s.outdatePage(ctx, tx, one, src, &w)
		if err != nil || !more {
			return err
		}
		_, err = s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobOutdate, Payload: w})
		return err
	})
}

// outdateGone does the same for a record that goes. All its dependents are
// unlinked in the same transaction, so that none is left to a job.
func (s *Service) outdateGone(ctx context.Context, tx *record.Tx, table string, row record.Row) error {
	return s.eachLink(table, func(one *set, src *source, l *link) error {
		w := behindWork{Decision: one.id, Column: l.column, To: row.ID(l.table.ID)}
		for {
			if more, err := s.outdatePage(ctx, tx, one, src, &w); err != nil || !more {
				return err
			}
		}
	})
}

// eachLink gives the lookups by which sets in force read records of a table.
func (s *Service) eachLink(table string, do func(one *set, src *source, l *link) error) error {
	now := s.sets.Get()
	if now == nil {
		return nil
	}
	for _, one := range now.behind[table] {
		src := one.source(s.c.Clock.Now())
		if src == nil {
			continue
		}
		for i := range src.links {
			if l := &src.links[i]; l.table.Name == table {
				if err := do(one, src, l); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// outdatePage outdates the next dependents, and tells whether there are more.
func (s *Service) outdatePage(ctx context.Context, tx *record.Tx, one *set, src *source, w *behindWork) (more bool, err error) {
	ctx = s.system(ctx, "inputs behind a lookup have changed")
	t := src.table
	where := query.And{eq(w.Column, w.To)}
	if _, ok := t.Column("statecode"); ok {
		where = append(where, eq("statecode", int64(0)))
	}
	if w.After != id.Nil {
		where = append(where, query.Compare{Left: query.Path{t.ID}, Op: query.Gt, Value: w.After})
	}
	if one.outcome != "" && !one.automatic {
		where = append(where, query.Null{Left: query.Path{one.outcome}, Negate: true})
	}
	page, err := tx.Find(ctx, query.Query{Table: t.Name, Where: where, Order: []query.Order{{Column: t.ID}}, Limit: atOnce})
	if err != nil {
		return false, err
	}
	for _, row := range page.Rows {
		key := row.ID(t.ID)
		w.After = key
		if one.outcome != "" && row[one.outcome] != nil {
			_, err := tx.Update(ctx, t.Name, key, record.Row{one.outcome: nil}, record.Match{})
			if errors.Is(err, record.ErrNotFound) {
				continue // it went meanwhile
			}
			if err != nil {
				return false, err
			}
		}
		if err := supersede(ctx, tx, one.id, key); err != nil {
			return false, err
		}
		if one.automatic && one.concerns(row) {
			if err := s.later(tx, one, t.Name, row); err != nil {
				return false, err
			}
		}
	}
	return len(page.Rows) == atOnce, nil
}

// runOutdate goes through the dependents that are left, a page in each transaction.
func (s *Service) runOutdate(ctx context.Context, j *job.Job) error {
	var w behindWork
	if err := json.Unmarshal(j.Payload, &w); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "decision.job", "the payload can't be read"))
	}
	one, src := s.withID(w.Decision)
	if src == nil {
		return nil // nothing is in force any more that would read it
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		next := w
		more, err := s.outdatePage(ctx, tx, one, src, &next)
		if err != nil {
			return err
		}
		if err := j.Done(tx.SQL()); err != nil || !more {
			return err
		}
		_, err = s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobOutdate, Payload: next})
		return err
	})
}

// withID gives a set in force, and where its inputs come from now.
func (s *Service) withID(decision id.ID) (*set, *source) {
	now := s.sets.Get()
	if now == nil {
		return nil, nil
	}
	for list := range maps.Values(now.byTable) {
		for _, one := range list {
			if one.id == decision {
				return one, one.source(s.c.Clock.Now())
			}
		}
	}
	return nil, nil
}

// hold locks the records behind the lookups of a row, so that they do not change
// while it is decided on.
func (s *source) hold(ctx context.Context, tx *record.Tx, row record.Row) error {
	for _, l := range s.links {
		key := row.ID(l.column)
		if key == id.Nil {
			continue
		}
		// An update of nothing locks.
		if _, err := tx.Update(ctx, l.table.Name, key, record.Row{}, record.Match{}); err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
	}
	return nil
}

// moved tells whether a record, or one behind its lookups, has changed since its
// inputs were read.
func (s *source) moved(ctx context.Context, tx *record.Tx, row, locked record.Row, inputs []byte) (bool, error) {
	if locked.Version() != row.Version() || len(s.links) == 0 {
		return locked.Version() != row.Version(), nil
	}
	_, vars, err := s.read(ctx, tx, locked.ID(s.table.ID))
	if err != nil {
		return false, err
	}
	now, err := json.Marshal(vars)
	return err == nil && !bytes.Equal(now, inputs), err
}
