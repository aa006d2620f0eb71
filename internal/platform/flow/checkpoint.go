package flow

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
)

// clashes bounds how often a checkpoint runs again because another transaction
// made the row that it was about to make.
const clashes = 5

// tracer makes the spans of checkpoints; where they go is decided when the product starts.
var tracer = otel.Tracer("github.com/rapport-platform/rapport/flow")

// errTwice undoes a checkpoint whose run turns out to have been begun elsewhere.
var errTwice = errs.New(errs.Conflict, "flow.begun", "the run has been begun already")

// carrier writes down where a run stands after a checkpoint: for the first one
// by a new row and perhaps a new job, for later ones under the job's lease.
type carrier interface {
	// settled writes the run and, unless it has ended, what brings it back when
	// due. s is nil where the run came to its end and needs no state any more.
	settled(tx *sqldb.Tx, p *Program, run *Run, s *state, due time.Time) error
}

// checkpoint runs as far as it gets within the transaction. What the steps did
// and where the run stands commit together; when a step fails, what they did is
// undone and only the failure is written. The errors it returns are those for
// which the whole transaction must not commit: a database that can't be
// reached, a lease that is lost, the end of the context.
func (e *Engine) checkpoint(ctx context.Context, tx *sqldb.Tx, p *Program, run *Run, trigger map[string]any, s *state, c carrier) error {
	ctx, span := tracer.Start(ctx, "flow "+p.Name)
	defer span.End()
	acting := system(ctx, run, s.Origin)
	var m *machine
	var err error
	for try := 0; try < clashes; try++ {
		attempt := *run
		m = e.machine(acting, tx, p, &attempt, trigger, s.clone())
		err = tx.Nested(func() error {
			if err := m.execute(); err != nil {
				return err
			}
			return e.settle(tx, m, c)
		})
		if err == nil {
			*run = attempt
			return nil
		}
		if !clash(err) {
			break
		}
		e.Counts.Clashes.Add(1)
	}
	if fatal(err) {
		return err
	}
	return e.failed(tx, p, run, s, m, c, err)
}

// clash tells whether an error will not come again, because the row that was in
// the way is found next time.
func clash(err error) bool {
	switch errs.CodeOf(err) {
	case "sqldb.unique", "record.duplicate_key", "record.race":
		return true
	}
	return false
}

func fatal(err error) bool {
	return errs.Has(err, errs.Unavailable) || errors.Is(err, job.ErrLeaseLost) || errors.Is(err, errTwice) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// settle writes a checkpoint that went well.
func (e *Engine) settle(tx *sqldb.Tx, m *machine, c carrier) error {
	run, s := m.run, m.state
	e.describe(m)
	due := e.o.Clock.Now()
	switch m.verdict {
	case ended:
		run.Status, run.Error, run.CompletedOn = m.status, m.message, due
		if m.status == Succeeded {
			run.Error = ""
		}
		e.count(tx, m.status)
		s.Seq++
		if err := c.settled(tx, m.program, run, nil, due); err != nil {
			return err
		}
		return e.insertCheckpoint(tx, run, s.Seq, m.history)
	case waits:
		run.Status, due = Waiting, m.due
		tx.AfterCommit(func() { e.Counts.Waits.Add(1) })
	default:
		run.Status = Running
	}
	s.Seq++
	s.Tries = nil
	if err := c.settled(tx, m.program, run, s, due); err != nil {
		return err
	}
	return e.insertCheckpoint(tx, run, s.Seq, m.history)
}

// describe works out the name of the run and the record that it is about, once
// the steps that they may speak of have run.
func (e *Engine) describe(m *machine) {
	if v, err := m.program.runName.eval(m.ctx, m.vars); err == nil && !empty(v) {
		m.run.Name = textOf(v)
	}
	if m.run.Name == "" {
		m.run.Name = m.program.Title
	}
	if v, err := m.program.regarding.eval(m.ctx, m.vars); err == nil {
		if text, ok := v.(string); ok {
			if key, err := id.Parse(text); err == nil {
				m.run.Regarding = key
			}
		}
	}
}

func (e *Engine) count(tx *sqldb.Tx, s Status) {
	tx.AfterCommit(func() {
		switch s {
		case Succeeded:
			e.Counts.Succeeded.Add(1)
		case Failed:
			e.Counts.Failed.Add(1)
		case Cancelled:
			e.Counts.Cancelled.Add(1)
		}
	})
}

// failed writes a checkpoint whose steps were undone: the run fails, or the
// step has tries left and the checkpoint begins again later.
func (e *Engine) failed(tx *sqldb.Tx, p *Program, run *Run, before *state, m *machine, c carrier, cause error) error {
	s := before.clone()
	s.Count = m.state.Count
	now := e.o.Clock.Now()
	failure := failureOf(cause)
	run.Status, run.CompletedOn, run.Error = Failed, now, failure.Message
	for i := range m.history {
		if m.history[i].Error == nil {
			m.history[i].Status = "undone"
		}
	}
	due := now
	var at *stepError
	if errors.As(cause, &at) {
		run.Error = at.step.id + ": " + failure.Message
		if r := at.step.retry; r != nil && s.Tries[at.step.id] < r.attempts {
			if s.Tries == nil {
				s.Tries = map[string]int{}
			}
			due = now.Add(r.delay << min(s.Tries[at.step.id], 10))
			s.Tries[at.step.id]++
			run.Status, run.CompletedOn = Waiting, time.Time{}
			m.history[len(m.history)-1].Status = "retrying"
		}
	}
	e.describe(m)
	run.Name, run.Regarding = m.run.Name, m.run.Regarding
	s.Seq++
	if run.Status == Failed {
		e.o.Logger.Warn("a run failed", "flow", run.FlowName, "run", run.ID, "error", cause)
		e.count(tx, Failed)
	} else {
		tx.AfterCommit(func() { e.Counts.Retried.Add(1) })
	}
	err := c.settled(tx, p, run, s, due)
	if errs.CodeOf(err) == "flow.limit" {
		return errs.Wrap(err, errs.Internal, "flow.state", "the state of a failed run is too large to be kept")
	}
	if err != nil {
		return err
	}
	return e.insertCheckpoint(tx, run, s.Seq, m.history)
}

// fresh carries a run through its first checkpoint.
type fresh struct{ e *Engine }

func (f fresh) settled(tx *sqldb.Tx, p *Program, run *Run, s *state, due time.Time) error {
	inserted, err := f.e.insertRun(tx, run)
	if err != nil {
		return err
	}
	if !inserted {
		return errTwice
	}
	if s == nil {
		return nil
	}
	text, err := f.e.keep(tx, p, run, s)
	if err != nil || run.Status == Failed {
		return err
	}
	_, err = f.e.o.Queue.Enqueue(tx, job.Spec{Kind: Kind, Key: run.ID.String(), Due: due, Payload: payload{run.ID, text}})
	return err
}

// carried carries a run through a later checkpoint, under its job's lease.
type carried struct {
	e   *Engine
	job *job.Job
}

func (c carried) settled(tx *sqldb.Tx, p *Program, run *Run, s *state, due time.Time) error {
	var text json.RawMessage
	var err error
	if s != nil {
		if text, err = c.e.keep(tx, p, run, s); err != nil {
			return err
		}
	}
	if err := c.e.updateRun(tx, run); err != nil {
		return err
	}
	if run.Status.ended() {
		return c.job.Done(tx)
	}
	return c.job.Again(tx, due, payload{run.ID, text})
}

// keep writes what a run needs that does not end here: its definition, and its
// state where no job carries it.
func (e *Engine) keep(tx *sqldb.Tx, p *Program, run *Run, s *state) (json.RawMessage, error) {
	if err := e.keepDefinition(tx, p); err != nil {
		return nil, err
	}
	text, err := s.encode()
	if err != nil || run.Status != Failed {
		return text, err
	}
	return text, e.keepState(tx, run.ID, text)
}
