package scoring

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const (
	batchPage  = 500 // leads read at a time
	batchWrite = 50  // leads written in a transaction
)

// runBatch scores all open leads. A try that ends in the middle is begun again:
// leads that have their score by then are not written twice.
func (s *Service) runBatch(ctx context.Context, j *job.Job) error {
	ctx = s.system(ctx, "batch")
	if err := s.setup.Refresh(ctx); err != nil { // what was promoted a moment ago counts
		return err
	}
	set := s.inForce()
	if set == nil {
		return nil
	}
	began := s.c.Clock.Now()
	drift := model.NewDrift(set.Artifact.Deep)
	q := query.Query{Table: "lead", Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}, Order: []query.Order{{Column: "leadid"}}, Limit: batchPage}
	for {
		page, err := s.c.Store.Find(ctx, q)
		if err != nil {
			return err
		}
		if err := s.scorePage(ctx, set, page.Rows, drift); err != nil {
			return err
		}
		if page.Next == nil {
			break
		}
		q.After = page.Next
	}
	text, err := query.RawJSON(map[string]any{"at": began, "leads": drift.Leads(), "inputs": drift.Report()})
	if err != nil {
		return err
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if _, err := tx.Update(ctx, "rpt_model", set.ID, record.Row{"rpt_lastscoredon": began, "rpt_drift": text}, record.Match{}); err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
		return j.Done(tx.SQL())
	})
}

// scorePage scores some leads and writes those that changed enough.
func (s *Service) scorePage(ctx context.Context, set *Setup, rows []record.Row, drift *model.Drifting) error {
	if len(rows) == 0 {
		return nil
	}
	now := s.c.Clock.Now()
	past, err := s.pastOf(ctx, rows)
	if err != nil {
		return err
	}
	visits, err := s.visitsOf(ctx, rows, now)
	if err != nil {
		return err
	}
	type judged struct {
		row record.Row
		got verdict
	}
	var change []judged
	for _, row := range rows {
		v := lookAt(row, past[row.ID("leadid")], visits[row.Text("rpt_visitorid")], now)
		drift.Add(v)
		got := s.explain(ctx, set, v)
		score := set.Scale.Score(got.Chance)
		if byModel(row) && set.Scale.Grade(score) == row.Int("msdyn_leadgrade") && abs(score-row.Int("msdyn_leadscore")) < set.MinChange &&
			(courseOf(row).Trend(now) != model.Steady || row["msdyn_leadscoretrend"] == model.Steady) {
			s.c.Metrics.scored.WithLabelValues("unchanged").Inc()
			continue
		}
		change = append(change, judged{row, got})
	}
	for i := 0; i < len(change); i += batchWrite {
		some := change[i:min(i+batchWrite, len(change))]
		var missed []id.ID
		err := s.c.Store.Write(ctx, func(tx *record.Tx) error {
			missed = missed[:0]
			for _, c := range some {
				_, err := s.write(ctx, tx, set, c.row, c.got, now)
				if errors.Is(err, record.ErrVersion) || errors.Is(err, record.ErrNotFound) {
					missed = append(missed, c.row.ID("leadid"))
					continue
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, key := range missed { // those that changed meanwhile, one by one
			if _, err := s.scoreLead(ctx, key, func(*record.Tx) error { return nil }); err != nil && !errors.Is(err, record.ErrVersion) {
				return err
			}
		}
	}
	return nil
}

// pastOf reads what files of history say of some leads.
func (s *Service) pastOf(ctx context.Context, rows []record.Row) (map[id.ID]map[string]string, error) {
	keys := make([]any, len(rows))
	for i, row := range rows {
		keys[i] = row.ID("leadid")
	}
	page, err := s.c.Store.Find(ctx, query.Query{Table: "rpt_leadhistory", Select: []string{"rpt_leadid", "rpt_values"}, Limit: len(rows), Where: query.In{Left: query.Path{"rpt_leadid"}, Values: keys}})
	if err != nil {
		return nil, err
	}
	out := map[id.ID]map[string]string{}
	for _, row := range page.Rows {
		out[row.ID("rpt_leadid")] = valuesOf(row)
	}
	return out, nil
}

// visitsOf reads what the visitors behind some leads did.
func (s *Service) visitsOf(ctx context.Context, rows []record.Row, now time.Time) (map[string][]feature.Event, error) {
	out := map[string][]feature.Event{}
	for _, row := range rows {
		visitor := row.Text("rpt_visitorid")
		if visitor == "" || out[visitor] != nil {
			continue
		}
		events, err := s.recent(ctx, s.c.Store, visitor, now)
		if err != nil {
			return nil, err
		}
		out[visitor] = events
	}
	return out, nil
}

// DriftText is the form of rpt_drift.
type DriftText struct {
	At     time.Time     `json:"at"`
	Leads  int           `json:"leads"`
	Inputs []model.Drift `json:"inputs"`
}

func driftOf(row record.Row) (d DriftText) {
	if text, ok := row["rpt_drift"].(json.RawMessage); ok {
		_ = json.Unmarshal(text, &d) // written above
	}
	return d
}
