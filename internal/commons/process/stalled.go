package process

import (
	"context"
	"fmt"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// StalledKind is the kind of the job that looks for instances that stay in a
// stage for too long.
const StalledKind = "process.stalled"

const (
	stalledEvery = 10 * time.Minute
	stalledBatch = 200 // instances of one transaction
)

func same(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// Stalled marks instances, and the records that they are about, which have been
// in a stage for longer than its limit. Leaving the stage takes the mark away.
type Stalled struct {
	Set   func() *Set
	Store *record.Store
	Jobs  *job.Queue
	Clock clock.Clock
}

// Schedule makes sure that somebody looks: there is one such job.
func (s *Stalled) Schedule(ctx context.Context) error {
	return s.Store.Write(access.AsSystem(ctx, "process"), func(tx *record.Tx) error {
		_, err := s.Jobs.Enqueue(tx.SQL(), job.Spec{Kind: StalledKind, Key: "clock", Due: s.Clock.Now().Add(stalledEvery)})
		return err
	})
}

// Handler gives the handler of the job.
func (s *Stalled) Handler() job.Handler {
	return job.Handler{Run: func(ctx context.Context, j *job.Job) error {
		if err := s.Look(ctx); err != nil {
			return err
		}
		return s.Store.Write(access.AsSystem(ctx, "process"), func(tx *record.Tx) error {
			return j.Again(tx.SQL(), s.Clock.Now().Add(stalledEvery), nil)
		})
	}}
}

// Look marks what is stalled now.
func (s *Stalled) Look(ctx context.Context) error {
	ctx = access.AsSystem(ctx, "process")
	for _, p := range s.Set().all() {
		for _, stage := range p.Stages {
			for more := stage.stalled > 0; more; {
				var err error
				if more, err = s.mark(ctx, p, stage); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// mark marks some, and tells whether there may be more.
func (s *Stalled) mark(ctx context.Context, p *Process, stage *Stage) (more bool, err error) {
	now := s.Clock.Now()
	err = s.Store.Write(ctx, func(tx *record.Tx) error {
		table, ok := tx.Catalog().Table(p.Instance)
		if !ok {
			return nil
		}
		page, err := tx.Find(ctx, query.Query{Table: p.Instance, Limit: stalledBatch, Where: query.And{
			query.Compare{Left: query.Path{"activestageid"}, Value: stage.id}, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)},
			query.Compare{Left: query.Path{"activestagestartedon"}, Op: query.Lt, Value: now.Add(-stage.stalled)}, query.Null{Left: query.Path{"rpt_stalledon"}}}})
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			// The hook of instances carries the mark over to the records.
			if _, err := tx.Update(ctx, p.Instance, row.ID(table.ID), record.Row{"rpt_stalledon": now}, record.Match{}); err != nil {
				return err
			}
		}
		more = len(page.Rows) == stalledBatch
		return nil
	})
	return more, err
}
