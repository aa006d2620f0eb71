package bulk

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// part is how many rows one transaction changes.
const part = 100

// Handler does the jobs.
func (s *Service) Handler() job.Handler { return job.Handler{Run: s.run, Dead: s.c.Keeper.Dead} }

func (s *Service) run(ctx context.Context, j *job.Job) error {
	var p operation.Payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "bulk.job", "the job of a bulk change can't be read"))
	}
	user, system := p.As(ctx, p.Ref.Origin()), access.AsSystem(ctx, "bulk change")
	for {
		ended, err := s.part(user, system, p.Ref, j)
		if operation.AboutRow(err) && !errors.Is(err, record.ErrVersion) && !errors.Is(err, job.ErrLeaseLost) {
			return job.Permanent(err) // the condition or the change can't be used any more
		}
		if err != nil || ended {
			return err
		}
	}
}

// part changes some rows and notes how far it got, in one transaction.
func (s *Service) part(user, system context.Context, ref operation.Ref, j *job.Job) (ended bool, err error) {
	row, err := s.c.Store.Get(system, ref.Table, ref.ID, nil, nil)
	if errs.Has(err, errs.NotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	r, err := requestOf(row)
	if err != nil {
		return false, err
	}
	t, do, err := s.check(user, r)
	if err != nil {
		return false, err
	}
	q, err := s.query(user, t, r)
	if err != nil {
		return false, err
	}
	after := id.Nil
	if text := row.Text("rpt_after"); text != "" {
		if after, err = id.Parse(text); err != nil {
			return false, err
		}
	}
	err = s.c.Store.Write(user, func(tx *record.Tx) error {
		if ended, err = s.c.Keeper.Heard(system, tx, ref, j); err != nil || ended {
			return err
		}
		got, err := tx.Sweep(user, q, after, part, func(of record.Row) error { return do(user, tx, of) })
		if err != nil {
			return err
		}
		faults := make([]operation.Fault, len(got.Failed))
		for i, f := range got.Failed {
			faults[i] = operation.Fault{Record: f.ID, Code: errs.CodeOf(f.Err), Reason: operation.Why(f.Err), Data: []string{t.Name}}
		}
		if err := operation.AddFaults(tx.SQL(), ref.ID, operation.PhaseRun, row.Int("rpt_failed"), faults); err != nil {
			return err
		}
		now, err := tx.Get(system, ref.Table, ref.ID, []string{"versionnumber", "rpt_after"}, nil)
		if err != nil {
			return err
		}
		if now.Text("rpt_after") != row.Text("rpt_after") {
			return job.ErrLeaseLost // another runner has taken over
		}
		if _, err := s.c.Keeper.Set(system, tx, ref, now.Version(), record.Row{"rpt_after": got.Last.String(), "rpt_done": row.Int("rpt_done") + got.Done, "rpt_failed": row.Int("rpt_failed") + int64(len(faults))}); err != nil {
			return err
		}
		if got.More {
			return nil
		}
		ended = true
		if err := s.c.Keeper.End(system, tx, ref, operation.Done, ""); err != nil {
			return err
		}
		return j.Done(tx.SQL())
	})
	return ended, err
}
