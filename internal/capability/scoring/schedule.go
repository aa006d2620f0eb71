package scoring

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const (
	lookEvery = 15 * time.Minute // how often the schedule looks what is due
	allEvery  = 12 * time.Hour   // how often all open leads are scored, as time alone changes scores
)

// Schedule makes sure that the clock is watched: there is one such job.
func (s *Service) Schedule(ctx context.Context) error {
	return s.c.Store.Write(s.system(ctx, "schedule"), func(tx *record.Tx) error {
		_, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobSchedule, Key: "clock", Due: s.c.Clock.Now().Add(lookEvery), Payload: clockPayload{}})
		return err
	})
}

// clockPayload remembers when everything was scored last.
type clockPayload struct {
	All time.Time `json:"all"`
}

// runSchedule has all leads scored, and models trained, when it is time.
func (s *Service) runSchedule(ctx context.Context, j *job.Job) error {
	ctx = s.system(ctx, "schedule")
	var p clockPayload
	_ = json.Unmarshal(j.Payload, &p) // a damaged one begins anew
	now := s.c.Clock.Now()
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if set := s.inForce(); set != nil {
			if now.Sub(p.All) >= allEvery {
				p.All = now
				if _, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobMatch, Key: "clock"}); err != nil {
					return err
				}
				if _, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobBatch, Key: "clock", Due: now.Add(time.Minute)}); err != nil {
					return err
				}
			}
			if err := s.retrain(ctx, tx, set, now); err != nil {
				return err
			}
		}
		return j.Again(tx.SQL(), now.Add(lookEvery), p)
	})
}

// retrain begins a training that is due.
func (s *Service) retrain(ctx context.Context, tx *record.Tx, set *Setup, now time.Time) error {
	if set.Retrain <= 0 {
		return nil
	}
	row, err := tx.Get(ctx, "rpt_model", set.ID, []string{"rpt_lasttrainedon"}, nil)
	if errs.Has(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if last, ok := row["rpt_lasttrainedon"].(time.Time); ok && now.Sub(last) < set.Retrain {
		return nil
	}
	_, err = s.train(ctx, tx, set.ID, true)
	if errs.CodeOf(err) == ErrBusy.Code {
		return nil
	}
	return err
}

// latest gives the newest version of a model in some status; nil if there is none.
func (s *Service) latest(ctx context.Context, from record.Reader, of id.ID, status ...any) (record.Row, error) {
	page, err := from.Find(ctx, query.Query{Table: "rpt_modelversion", Limit: 1, Order: []query.Order{{Column: "rpt_number", Desc: true}},
		Where: query.And{query.Compare{Left: query.Path{"rpt_modelid"}, Value: of}, query.In{Left: query.Path{"rpt_status"}, Values: status}}})
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	return page.Rows[0], nil
}
