package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const (
	pauseFirst = 2 * time.Second
	pauseMost  = 30 * time.Minute
)

// pause grows exponentially, with jitter over its upper half.
func pause(n int64) time.Duration {
	d := min(pauseFirst<<min(n, 12), pauseMost)
	return d/2 + rand.N(d/2)
}

// runSend sends the first change of a case that waits, and settles what comes of it.
func (s *Service) runSend(ctx context.Context, j *job.Job) error {
	var a about
	if err := json.Unmarshal(j.Payload, &a); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "exchange.job", "the job of a change can't be read"))
	}
	ctx = s.system(ctx, "send")
	link, err := s.c.Store.Get(ctx, tableCase, a.Case, nil, nil)
	if errs.Has(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	cp := s.byID(a.Counterpart)
	in, err := s.first(ctx, s.c.Store, a.Case)
	if err != nil {
		return err
	}
	if cp == nil || in == nil || in.Int("statecode") == intentDead {
		// Whoever enables the counterpart, adds or replays a change has the lane go on.
		return s.rest(ctx, j, a)
	}
	if wait, open := s.circuits.Open(cp.id); open {
		return s.c.Store.Write(ctx, func(tx *record.Tx) error { return j.Again(tx.SQL(), s.c.Clock.Now().Add(wait), a) })
	}
	got, err := s.send(ctx, cp, link, in)
	if ctx.Err() != nil {
		return ctx.Err() // we are being stopped: that says nothing of the other side
	}
	if errors.Is(err, errGone) {
		return s.settle(ctx, j, a, in, record.Row{"statecode": intentDiscarded, "rpt_reason": errGone.Error()}, nil)
	}
	var no refusal
	refused := errors.As(err, &no)
	s.circuits.Note(cp.id, err == nil || refused)
	switch {
	case err == nil:
		return s.settle(ctx, j, a, in, record.Row{"statecode": intentAcknowledged, "rpt_reason": nil}, &got)
	case refused, in.Int("rpt_attempts")+1 >= cp.attempts:
		s.c.Logger.Warn("a change for a counterpart is given up", "counterpart", cp.name, "change", in.ID("rpt_exchangeintentid").String(), "error", err)
		return s.giveUp(ctx, j, a, cp, link, in, err)
	}
	s.c.Logger.Info("a change for a counterpart is tried again", "counterpart", cp.name, "try", in.Int("rpt_attempts")+1, "error", err)
	wait := pause(in.Int("rpt_attempts"))
	var l later
	if errors.As(err, &l) {
		wait = max(wait, l.wait)
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if _, err := tx.Update(ctx, tableIntent, in.ID("rpt_exchangeintentid"), record.Row{"rpt_attempts": in.Int("rpt_attempts") + 1, "rpt_reason": clip(err.Error(), 2000)}, record.Match{}); err != nil {
			return err
		}
		return j.Again(tx.SQL(), s.c.Clock.Now().Add(wait), a)
	})
}

// first gives the first change of a case that is neither acknowledged nor discarded.
func (s *Service) first(ctx context.Context, from record.Reader, key id.ID) (record.Row, error) {
	page, err := from.Find(ctx, query.Query{Table: tableIntent, Order: []query.Order{{Column: "rpt_number"}}, Limit: 1,
		Where: query.And{eq("rpt_caseid", key), query.In{Left: query.Path{"statecode"}, Values: []any{intentWaiting, intentDead}}}})
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	return page.Rows[0], nil
}

// rest ends the job, unless a change can be sent after all. Whoever adds one holds
// the lock on the case, and begins a new job after this one has ended.
func (s *Service) rest(ctx context.Context, j *job.Job, a about) error {
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if _, err := lock(ctx, tx, a.Case); errs.Has(err, errs.NotFound) {
			return j.Done(tx.SQL())
		} else if err != nil {
			return err
		}
		return s.next(ctx, tx, j, a)
	})
}

func (s *Service) next(ctx context.Context, tx *record.Tx, j *job.Job, a about) error {
	in, err := s.first(ctx, tx, a.Case)
	if err != nil {
		return err
	}
	if in != nil && in.Int("statecode") == intentWaiting && s.byID(a.Counterpart) != nil {
		return j.Again(tx.SQL(), s.c.Clock.Now(), a)
	}
	return j.Done(tx.SQL())
}

// settle writes down what became of a change, and goes on with the next.
func (s *Service) settle(ctx context.Context, j *job.Job, a about, in, change record.Row, got *remoteCase) error {
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		link, err := lock(ctx, tx, a.Case)
		if errs.Has(err, errs.NotFound) {
			return j.Done(tx.SQL())
		}
		if err != nil {
			return err
		}
		if err := s.mark(ctx, tx, in, change); err != nil {
			return err
		}
		if got != nil && got.Version > link.Int("rpt_theirversion") {
			if _, err := tx.Update(ctx, tableCase, a.Case, record.Row{"rpt_theirversion": got.Version}, record.Match{}); err != nil {
				return err
			}
		}
		return s.next(ctx, tx, j, a)
	})
}

func (s *Service) mark(ctx context.Context, tx *record.Tx, in, change record.Row) error {
	change["rpt_attempts"], change["rpt_settledon"] = in.Int("rpt_attempts")+1, s.c.Clock.Now()
	_, err := tx.Update(ctx, tableIntent, in.ID("rpt_exchangeintentid"), change, record.Match{})
	return err
}

// giveUp leaves a change to a person, and tells one.
func (s *Service) giveUp(ctx context.Context, j *job.Job, a about, cp *counterpart, link, in record.Row, why error) error {
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if _, err := lock(ctx, tx, a.Case); err != nil {
			return err
		}
		if err := s.mark(ctx, tx, in, record.Row{"statecode": intentDead, "rpt_reason": clip(why.Error(), 2000)}); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, cp, link, "A change could not be sent to "+cp.title, clip(why.Error(), 500)); err != nil {
			return err
		}
		return j.Done(tx.SQL())
	})
}
