package customise

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// How a change is to be made.
type How struct {
	// Confirm says that data may be lost.
	Confirm bool
	// DryRun only tells what would be done.
	DryRun bool
	// Background leaves indexes on tables that are there to the job that builds
	// them, on either database, and does not wait for it.
	Background bool
}

// Report tells what a change did, or would do.
type Report struct {
	Added, Changed, Removed []string // definitions, by name
	Losses                  []Loss   // data that is lost with them
}

// attempts bounds how often a change begins again because another came in between.
const attempts = 8

// waitMost is how long a caller waits for indexes to be built; the work goes on.
const waitMost = 60 * time.Second

// Change makes edits, all or none. When it returns nil they are active on this
// node, and within a second on all others. On PostgreSQL the indexes of large
// tables are built first, while others write; where that takes longer than a
// minute the error is of kind Unavailable and the work goes on by itself.
func (s *Service) Change(ctx context.Context, how How, edits ...Edit) (Report, error) {
	if err := s.allow(ctx, edits); err != nil {
		return Report{}, err
	}
	for range attempts {
		if _, err := s.Refresh(ctx); err != nil {
			return Report{}, err
		}
		r, err := s.once(ctx, how, edits)
		if !errors.Is(err, errChanged) {
			return r, err
		}
	}
	return Report{}, errChanged
}

func (s *Service) once(ctx context.Context, how How, edits []Edit) (Report, error) {
	p, err := s.plan(ctx, s.now.Load(), edits)
	if err != nil || p.same {
		return Report{}, err
	}
	if p.background = how.Background; how.Background {
		p.beside()
	}
	r := p.report()
	if r.Losses, err = s.losses(ctx, p); err != nil {
		return r, err
	}
	if how.DryRun {
		return r, nil
	}
	if len(r.Losses) > 0 && !how.Confirm {
		return r, refuse(r.Losses)
	}
	var epoch int64
	err = s.store.Write(ctx, func(tx *record.Tx) error {
		epoch, err = s.write(writing(ctx), tx, p)
		return err
	})
	if err != nil {
		return r, err
	}
	s.step("written")
	if len(p.later) > 0 && !how.Background {
		return r, s.finish(ctx, epoch)
	}
	_, err = s.Refresh(ctx)
	return r, err
}

func (p *plan) report() Report {
	var r Report
	for _, d := range p.rows {
		old := p.before.find(d.Name)
		switch {
		case d.State == Hiding:
			r.Removed = append(r.Removed, d.Name.String())
		case old != nil && old.State == Active:
			r.Changed = append(r.Changed, d.Name.String())
		default:
			r.Added = append(r.Added, d.Name.String())
		}
	}
	return r
}

// enter takes the lock under which definitions change, and draws the next epoch.
func enter(tx *sqldb.Tx, epoch int64) (int64, error) {
	if tx.Dialect() == sqldb.Postgres {
		// Whoever waits for a table keeps all that come after waiting, too.
		if _, err := tx.Exec("SET LOCAL lock_timeout = '3s'"); err != nil {
			return 0, err
		}
	}
	if err := tx.Lock("schema"); err != nil {
		return 0, err
	}
	var now int64
	if _, err := tx.QueryRow("SELECT epoch FROM schemaepoch WHERE tablename = ''", nil, &now); err != nil {
		return 0, err
	}
	if now != epoch {
		return 0, errChanged
	}
	return now + 1, nil
}

// write stores a plan and lays what it needs, in one transaction.
func (s *Service) write(ctx context.Context, tx *record.Tx, p *plan) (int64, error) {
	epoch, err := enter(tx.SQL(), p.before.epoch)
	if err != nil {
		return 0, err
	}
	for _, d := range p.rows {
		if err := p.refuseHiding(tx.SQL(), d); err != nil {
			return 0, err
		}
		d.Epoch = epoch
		state := d.State
		if len(p.later) > 0 && state == Active {
			state = Adding
		}
		if err := put(ctx, tx, d, state); err != nil {
			return 0, err
		}
	}
	if err := s.lay(tx.SQL(), p, epoch); err != nil {
		return 0, err
	}
	if err := bump(tx.SQL(), "", epoch); err != nil {
		return 0, err
	}
	if len(p.later) > 0 {
		due := s.o.Clock.Now()
		if !p.background {
			due = due.Add(waitMost) // whoever asked is at it himself
		}
		_, err := s.queue.Enqueue(tx.SQL(), job.Spec{Kind: JobAdd, Key: jobKey(epoch), Due: due, Payload: work{Epoch: epoch}})
		return epoch, err
	}
	return epoch, s.enqueueDrop(tx.SQL(), p, epoch)
}

// lay makes the plan's objects and tells the tables' new epoch.
func (s *Service) lay(tx *sqldb.Tx, p *plan, epoch int64) error {
	if len(p.later) == 0 && tx.Dialect() == sqldb.Postgres {
		// Those who wrote before are waited for; those who write after see the epoch.
		for _, name := range p.standing() {
			if _, err := tx.Exec("LOCK TABLE " + tx.Dialect().Quote(name) + " IN SHARE ROW EXCLUSIVE MODE"); err != nil {
				return err
			}
		}
	}
	if err := schema.Lay(tx, p.add, epoch); err != nil {
		return unlayable(err, p)
	}
	if len(p.later) > 0 {
		return nil // nobody sees any of it yet
	}
	for _, name := range p.touched {
		if err := bump(tx, name, epoch); err != nil {
			return err
		}
	}
	return nil
}

// unlayable says what the database's refusal means.
func unlayable(err error, p *plan) error {
	if name := sqldb.Constraint(err); name != "" {
		return errs.Wrap(err, errs.Conflict, "customise.duplicates", "rows that are there already have the same values: the key can't be made before they differ")
	}
	if errs.CodeOf(err) == "schema.there" {
		e := *errHiding
		e.Cause = err
		return &e
	}
	return err
}

func bump(tx *sqldb.Tx, table string, epoch int64) error {
	p := tx.Dialect().Placeholder
	_, err := tx.Exec("INSERT INTO schemaepoch (tablename, epoch) VALUES ("+p(1)+", "+p(2)+") ON CONFLICT (tablename) DO UPDATE SET epoch = excluded.epoch", table, epoch)
	return err
}

// refuseHiding keeps the data of what was removed from coming back under its name.
func (p *plan) refuseHiding(tx *sqldb.Tx, d *Definition) error {
	_, ships := p.before.shipped.Table(d.Table)
	if d.State != Active || d.Kind == KindTable && ships || d.Kind == KindColumn && p.before.ships(d.Table, d.Name.Name) || d.Kind != KindTable && d.Kind != KindColumn && d.Kind != KindMany {
		return nil
	}
	key, err := query.Encode(tx.Dialect(), query.ID, d.ID())
	if err != nil {
		return err
	}
	at := tx.Dialect().Placeholder
	hidden, err := tx.QueryRow("SELECT 1 FROM rpt_definition WHERE rpt_definitionid = "+at(1)+" AND rpt_state = "+at(2), []any{key, int64(Hiding)}, new(int))
	if err == nil && hidden {
		err = errHiding
	}
	return err
}

// put stores one definition.
func put(ctx context.Context, tx *record.Tx, d *Definition, state State) error {
	row := record.Row{"rpt_name": d.Name.String(), "rpt_kind": string(d.Kind), "rpt_tablename": d.Table, "rpt_objectname": d.Name.Name, "rpt_body": d.Body,
		"rpt_solution": d.Solution, "rpt_state": int64(state), "rpt_epoch": d.Epoch, "rpt_error": d.Error}
	_, _, err := tx.Upsert(ctx, definitions, d.ID(), row, record.Match{})
	return err
}

// enqueueDrop lets what is hidden leave the database once nobody reads it any more.
func (s *Service) enqueueDrop(tx *sqldb.Tx, p *plan, epoch int64) error {
	if len(p.drop) == 0 && !slices.ContainsFunc(p.rows, func(d *Definition) bool { return d.State == Hiding }) {
		return nil
	}
	w := work{Epoch: epoch}
	for _, o := range p.drop {
		w.Drop = append(w.Drop, dropping{o.Table, o.Name})
	}
	_, err := s.queue.Enqueue(tx, job.Spec{Kind: JobDrop, Key: jobKey(epoch), Due: s.o.Clock.Now().Add(s.o.Grace), Payload: w})
	return err
}
