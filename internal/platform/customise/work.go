package customise

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// The kinds of the package's jobs.
const (
	JobAdd  = "customise.add"  // what was adding becomes active
	JobDrop = "customise.drop" // what was hiding leaves the database
)

// work is a job's payload.
type work struct {
	Epoch int64 // of the definitions it is about
	Drop  []dropping
}

type dropping struct{ Table, Name string } // of a schema.Object

func jobKey(epoch int64) string { return strconv.FormatInt(epoch, 10) }

// Handlers are for the job runner. Either work can be broken off at any point
// and begun again.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{
		JobAdd: {Run: func(ctx context.Context, j *job.Job) error {
			var w work
			if err := json.Unmarshal(j.Payload, &w); err != nil {
				return errs.Wrap(err, errs.Internal, "customise.job", "the payload can't be read")
			}
			return s.activate(access.AsSystem(ctx, "customise"), w.Epoch, j.Done)
		}},
		JobDrop: {Run: func(ctx context.Context, j *job.Job) error {
			var w work
			if err := json.Unmarshal(j.Payload, &w); err != nil {
				return errs.Wrap(err, errs.Internal, "customise.job", "the payload can't be read")
			}
			return s.sweep(access.AsSystem(ctx, "customise"), w, j.Done)
		}},
	}
}

// finish does a job's work at once, for the caller who waits for it.
func (s *Service) finish(ctx context.Context, epoch int64) error {
	ctx, cancel := context.WithTimeout(ctx, waitMost)
	defer cancel()
	err := s.activate(ctx, epoch, func(tx *sqldb.Tx) error {
		_, err := s.queue.Cancel(tx, JobAdd, jobKey(epoch))
		return err
	})
	if errors.Is(err, context.DeadlineExceeded) || errs.CodeOf(err) == "sqldb.outside_busy" {
		return errs.Wrap(err, errs.Unavailable, "customise.building", "the indexes are still being built; what was asked for will be active when they are")
	}
	return err
}

// activate builds the indexes that the adding definitions of an epoch need, and
// lets the definitions be seen. done ends the job in the same transaction.
func (s *Service) activate(ctx context.Context, epoch int64, done func(*sqldb.Tx) error) error {
	for range attempts {
		err := s.tryActivate(ctx, epoch, done)
		if !errors.Is(err, errChanged) {
			return err
		}
	}
	return errChanged
}

func (s *Service) tryActivate(ctx context.Context, epoch int64, done func(*sqldb.Tx) error) error {
	if _, err := s.Refresh(ctx); err != nil {
		return err
	}
	before := s.now.Load()
	var rows []*Definition
	for d := range before.all {
		if d.Epoch == epoch && (d.State == Adding || d.State == Hiding) {
			ready := *d
			if ready.State == Adding {
				ready.State = Active
			}
			rows = append(rows, &ready)
		}
	}
	if !slices.ContainsFunc(rows, func(d *Definition) bool { return d.State == Active }) {
		return s.o.DB.Write(ctx, done) // another node was quicker
	}
	p := &plan{before: before, rows: rows}
	var err error
	if p.after, err = before.with(rows, nil, before.epoch); err == nil {
		err = p.shapes(s.o.DB.Dialect())
	}
	if err == nil {
		err = s.build(ctx, p.add)
	}
	if err != nil && !errs.Has(err, errs.Unavailable) && ctx.Err() == nil {
		return s.fail(ctx, p, err, done)
	}
	if err != nil {
		return err
	}
	s.step("built")
	err = s.store.Write(ctx, func(tx *record.Tx) error {
		next, err := enter(tx.SQL(), before.epoch)
		if err != nil {
			return err
		}
		for _, d := range rows {
			d.Epoch = next
			if err := put(writing(ctx), tx, d, d.State); err != nil {
				return err
			}
		}
		if err := s.lay(tx.SQL(), p, next); err != nil {
			return err
		}
		if err := bump(tx.SQL(), "", next); err != nil {
			return err
		}
		if err := s.enqueueDrop(tx.SQL(), p, next); err != nil {
			return err
		}
		return done(tx.SQL())
	})
	if err != nil {
		return err
	}
	_, err = s.Refresh(ctx)
	return err
}

// build makes the indexes beside the work. One that was broken off is there but
// not valid; it goes, and is made again.
func (s *Service) build(ctx context.Context, objects []schema.Object) error {
	var indexes []schema.Object
	for _, o := range objects {
		if o.IsIndex() {
			indexes = append(indexes, o)
		}
	}
	if len(indexes) == 0 || s.o.DB.Dialect() != sqldb.Postgres {
		return nil
	}
	err := s.o.DB.Outside(ctx, "customise.build", func(exec func(string) error) error {
		for _, o := range indexes {
			broken, err := s.o.DB.QueryRow(ctx, "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = $1 AND NOT i.indisvalid", []any{o.IndexName()}, new(int))
			if err != nil {
				return err
			}
			if broken {
				if err := exec("DROP INDEX CONCURRENTLY IF EXISTS " + s.o.DB.Dialect().Quote(o.IndexName())); err != nil {
					return err
				}
			}
			s.step("building")
			if err := exec(o.Concurrently()); err != nil {
				if sqldb.Constraint(err) != "" {
					err = errors.Join(unlayable(err, nil), exec("DROP INDEX CONCURRENTLY IF EXISTS "+s.o.DB.Dialect().Quote(o.IndexName())))
				}
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return schema.Note(tx, indexes, 0) })
}

// fail notes why definitions could not become active.
func (s *Service) fail(ctx context.Context, p *plan, cause error, done func(*sqldb.Tx) error) error {
	err := s.store.Write(ctx, func(tx *record.Tx) error {
		next, err := enter(tx.SQL(), p.before.epoch)
		if err != nil {
			return err
		}
		for _, d := range p.rows {
			state := Failed
			if d.State == Hiding {
				state = Active
			}
			d.Epoch, d.Error = next, strings.ToValidUTF8(cause.Error(), "")
			if err := put(writing(ctx), tx, d, state); err != nil {
				return err
			}
		}
		if err := bump(tx.SQL(), "", next); err != nil {
			return err
		}
		return done(tx.SQL())
	})
	if err != nil {
		return err
	}
	if _, err := s.Refresh(ctx); err != nil {
		return err
	}
	return cause
}

// sweep takes what is hidden out of the database. What has been defined again
// since stays.
func (s *Service) sweep(ctx context.Context, w work, done func(*sqldb.Tx) error) error {
	for range attempts {
		if _, err := s.Refresh(ctx); err != nil {
			return err
		}
		now := s.now.Load()
		err := s.store.Write(ctx, func(tx *record.Tx) error {
			if _, err := enter(tx.SQL(), now.epoch); err != nil {
				return err
			}
			for _, d := range w.Drop {
				if err := s.dropOne(ctx, tx, now, d); err != nil {
					return err
				}
			}
			gone, err := storedAt(tx.SQL(), w.Epoch)
			if err != nil {
				return err
			}
			for _, d := range gone {
				if d.State != Hiding {
					continue
				}
				if err := put(writing(ctx), tx, d, Dropped); err != nil {
					return err
				}
			}
			s.step("dropping")
			return done(tx.SQL())
		})
		if !errors.Is(err, errChanged) {
			return err
		}
	}
	return errChanged
}

func (s *Service) dropOne(ctx context.Context, tx *record.Tx, now *layer, d dropping) error {
	if t, ok := now.catalog.Table(d.Table); ok {
		if d.Name == "" {
			return nil
		}
		if schema.Wants(tx.SQL().Dialect(), t, d.Name) {
			return nil
		}
	}
	if err := schema.Drop(tx.SQL(), d.Table, d.Name); err != nil || d.Name != "" {
		return err
	}
	return dropPrivileges(ctx, tx, d.Table)
}

// dropPrivileges takes the privileges on a table that is gone from all roles.
func dropPrivileges(ctx context.Context, tx *record.Tx, table string) error {
	q := query.Query{Table: "roleprivileges", Select: []string{"roleprivilegesid"}, Where: query.Compare{Left: query.Path{"rpt_table"}, Value: table}}
	page, err := tx.Find(ctx, q)
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		if err := tx.Delete(ctx, "roleprivileges", row.ID("roleprivilegesid"), record.Match{}); err != nil {
			return err
		}
	}
	return nil
}
