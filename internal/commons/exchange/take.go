package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// runTake applies the first event of a case that waits.
func (s *Service) runTake(ctx context.Context, j *job.Job) error {
	var a about
	if err := json.Unmarshal(j.Payload, &a); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "exchange.job", "the job of an event can't be read"))
	}
	ctx = s.system(ctx, "take")
	cp := s.byID(a.Counterpart)
	if cp == nil {
		return nil // whoever enables the counterpart has it go on
	}
	row, err := s.head(ctx, s.c.Store, a)
	if err != nil {
		return err
	}
	if row == nil {
		return s.c.Store.Write(ctx, func(tx *record.Tx) error { return s.nextEvent(ctx, tx, j, a) })
	}
	then := func(tx *record.Tx) error { return s.nextEvent(ctx, tx, j, a) }
	link, err := s.find(ctx, s.c.Store, cp, a.Case)
	if err != nil {
		return err
	}
	number := row.Int("rpt_number")
	switch {
	case link == nil:
		return s.quarantine(ctx, cp, nil, row, nonsense("no such case is exchanged"), 0, then)
	case link.Int("statecode") == caseClosed:
		return s.known(ctx, row, "the exchange of the case has ended", then)
	case number <= link.Int("rpt_lastin"):
		return s.known(ctx, row, "", then)
	case number == link.Int("rpt_lastin")+1:
		return s.applyNext(ctx, cp, link, row, then)
	}
	if came, ok := row["createdon"].(time.Time); ok {
		if until := came.Add(s.c.Patience); until.After(s.c.Clock.Now()) {
			// What fills the gap comes before its own job: this one is hastened then.
			return s.c.Store.Write(ctx, func(tx *record.Tx) error { return s.wait(ctx, tx, j, a, number, until) })
		}
	}
	return s.fill(ctx, j, a, cp, link, row, then)
}

// head gives the first event of a record that waits.
func (s *Service) head(ctx context.Context, from record.Reader, a about) (record.Row, error) {
	page, err := from.Find(ctx, query.Query{Table: tableEvent, Order: []query.Order{{Column: "rpt_number"}}, Limit: 1,
		Where: query.And{eq("rpt_recordid", a.Case), eq("rpt_counterpartid", a.Counterpart), eq("statecode", eventWaiting)}})
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	return page.Rows[0], nil
}

// inbox locks the inbox of a counterpart, so that nothing comes in unseen.
func inbox(tx *record.Tx, counterpart id.ID) error {
	return tx.SQL().Lock("exchange inbox " + counterpart.String())
}

// wait lets the job come back when a gap has been waited for, unless what was
// missing has come meanwhile.
func (s *Service) wait(ctx context.Context, tx *record.Tx, j *job.Job, a about, number int64, until time.Time) error {
	if err := inbox(tx, a.Counterpart); err != nil {
		return err
	}
	row, err := s.head(ctx, tx, a)
	if err != nil {
		return err
	}
	if row != nil && row.Int("rpt_number") < number {
		until = s.c.Clock.Now()
	}
	return j.Again(tx.SQL(), until, a)
}

// nextEvent ends the job, unless another event waits.
func (s *Service) nextEvent(ctx context.Context, tx *record.Tx, j *job.Job, a about) error {
	if err := inbox(tx, a.Counterpart); err != nil {
		return err
	}
	row, err := s.head(ctx, tx, a)
	if err != nil {
		return err
	}
	if row != nil {
		return j.Again(tx.SQL(), s.c.Clock.Now(), a)
	}
	return j.Done(tx.SQL())
}

// applyNext applies the event that is next in its case; one that can't be applied
// goes to quarantine, and the case goes on without it.
func (s *Service) applyNext(ctx context.Context, cp *counterpart, link, row record.Row, then func(*record.Tx) error) error {
	err := s.apply(ctx, cp, link, row, then)
	if err == nil || retriable(ctx, err) {
		return err
	}
	return s.quarantine(ctx, cp, link, row, err, row.Int("rpt_number"), then)
}

// retriable tells errors that say nothing of the event.
func retriable(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, job.ErrLeaseLost) || errs.Has(err, errs.Unavailable)
}

// apply applies one event and notes it as applied.
func (s *Service) apply(ctx context.Context, cp *counterpart, link, row record.Row, then func(*record.Tx) error) error {
	e, _, err := readEvent([]byte(row.Text("rpt_payload")))
	if err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return err
	}
	d, err := s.prepare(ctx, cp, link, &e)
	if err != nil {
		return err
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		l, err := s.locked(ctx, tx, cp, link)
		if err != nil {
			return err
		}
		if err := l.apply(ctx, tx, &e, d); err != nil {
			return err
		}
		if err := l.keep(ctx, tx, e.Sequence, 0); err != nil {
			return err
		}
		if err := s.settleEvent(ctx, tx, row, record.Row{"statecode": eventApplied, "rpt_reason": nil}); err != nil || then == nil {
			return err
		}
		return then(tx)
	})
}

// locked locks subject, case and exchanged case, always in this order: whoever
// changes one of the first two and tells a counterpart of it locks in the same.
func (s *Service) locked(ctx context.Context, tx *record.Tx, cp *counterpart, link record.Row) (*locked, error) {
	l := &locked{s: s, cp: cp}
	var err error
	if key := link.ID("rpt_subjectid"); key != id.Nil && cp.m.Subject != "" {
		if l.subject, err = tx.Demand(ctx, cp.m.Subject, key, access.Write); err != nil {
			return nil, err
		}
	}
	if l.row, err = tx.Demand(ctx, cp.m.Case, link.ID("rpt_recordid"), access.Write); err != nil {
		return nil, err
	}
	if l.link, err = lock(ctx, tx, link.ID("rpt_exchangecaseid")); err != nil {
		return nil, err
	}
	l.p = progressOf(l.link)
	return l, nil
}

func (s *Service) settleEvent(ctx context.Context, tx *record.Tx, row, change record.Row) error {
	change["rpt_settledon"] = s.c.Clock.Now()
	_, err := tx.Update(ctx, tableEvent, row.ID("rpt_exchangeeventid"), change, record.Match{})
	return err
}

// known settles an event whose content is there already, or does not matter any more.
func (s *Service) known(ctx context.Context, row record.Row, why string, then func(*record.Tx) error) error {
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if err := s.settleEvent(ctx, tx, row, record.Row{"statecode": eventApplied, "statuscode": reasonKnown, "rpt_reason": why}); err != nil {
			return err
		}
		return then(tx)
	})
}

// quarantine puts an event aside, tells a person, and lets the case go on behind
// it; number 0 leaves the case where it is.
func (s *Service) quarantine(ctx context.Context, cp *counterpart, link, row record.Row, why error, number int64, then func(*record.Tx) error) error {
	s.c.Logger.Warn("an event of a counterpart goes to quarantine", "counterpart", cp.name, "event", row.Text("rpt_eventid"), "error", why)
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if link != nil && number > 0 {
			now, err := lock(ctx, tx, link.ID("rpt_exchangecaseid"))
			if err != nil {
				return err
			}
			if now.Int("rpt_lastin") < number {
				if _, err := tx.Update(ctx, tableCase, link.ID("rpt_exchangecaseid"), record.Row{"rpt_lastin": number}, record.Match{}); err != nil {
					return err
				}
			}
		}
		reason := reasonOf(why)
		if err := s.settleEvent(ctx, tx, row, record.Row{"statecode": eventQuarantined, "rpt_reason": reason}); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, cp, link, "An event of "+cp.title+" needs a person", clip(reason, 500)); err != nil {
			return err
		}
		return then(tx)
	})
}

// reasonOf gives an error with its complaints about single fields.
func reasonOf(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*errs.Error](err); ok {
		text = e.Message
		var all []string
		for _, f := range e.Fields {
			all = append(all, fmt.Sprintf("%s: %s", f.Name, f.Message))
		}
		if len(all) > 0 {
			text += " (" + strings.Join(all, "; ") + ")"
		}
	}
	return clip(text, 2000)
}
