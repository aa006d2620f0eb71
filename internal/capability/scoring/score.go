package scoring

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// leadPayload is the payload of a lead's job.
type leadPayload struct {
	ID id.ID `json:"id"`
}

// tries bounds how often a lead that changes while it is scored is scored again.
const tries = 5

// runLead scores one lead.
func (s *Service) runLead(ctx context.Context, j *job.Job) error {
	var p leadPayload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return job.Permanent(err)
	}
	_, err := s.scoreLead(s.system(ctx, "change"), p.ID, func(tx *record.Tx) error { return j.Done(tx.SQL()) })
	return err
}

// scored is what a lead's score has become.
type scored struct {
	Score, Grade, Trend int64
	Written             bool
}

// scoreLead works out a lead's score from what is known now and writes it if it
// changed enough; also runs in the same transaction.
func (s *Service) scoreLead(ctx context.Context, key id.ID, also func(*record.Tx) error) (out scored, err error) {
	for range tries {
		out, err = s.scoreOnce(ctx, key, also)
		if !errors.Is(err, record.ErrVersion) {
			return out, err
		}
		s.c.Metrics.scored.WithLabelValues("conflict").Inc()
	}
	return out, err
}

func (s *Service) scoreOnce(ctx context.Context, key id.ID, also func(*record.Tx) error) (out scored, err error) {
	nothing := func(why string) error {
		s.c.Metrics.scored.WithLabelValues(why).Inc()
		return s.c.Store.Write(ctx, also)
	}
	set := s.inForce()
	if set == nil {
		return out, nothing("no_model")
	}
	row, err := s.c.Store.Get(ctx, "lead", key, nil, nil)
	if errors.Is(err, record.ErrNotFound) {
		return out, nothing("gone")
	}
	if err != nil {
		return out, err
	}
	if !isOpen(row) {
		return out, nothing("closed")
	}
	now := s.c.Clock.Now()
	v, err := s.view(ctx, s.c.Store, row, now)
	if err != nil {
		return out, err
	}
	got := s.explain(ctx, set, v)
	err = s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if out, err = s.write(ctx, tx, set, row, got, now); err != nil {
			return err
		}
		return also(tx)
	})
	return out, err
}

// verdict is a chance with its reasons, and what gave them.
type verdict struct {
	model.Scored
	By string // as it stands in rpt_modelversion
}

// explain scores what is known: by the endpoint where one is set up and
// answers, else by the version in force, of which the reasons are in any case.
func (s *Service) explain(ctx context.Context, set *Setup, v feature.View) verdict {
	began := s.c.Clock.Now()
	out := verdict{set.Artifact.Deep.Explain(v), set.Artifact.Version}
	s.c.Metrics.seconds.Observe(s.c.Clock.Now().Sub(began).Seconds())
	if p, ok := s.ask(ctx, set, set.Artifact.Deep, v); ok {
		out.Chance, out.By = p, byEndpoint
	}
	return out
}

// byEndpoint stands in rpt_modelversion of leads that an endpoint scored.
const byEndpoint = "external endpoint"

// ask asks the endpoint; ok is false where there is none, or it does not answer.
func (s *Service) ask(ctx context.Context, set *Setup, e *model.Engine, v feature.View) (p float64, ok bool) {
	if set.Endpoint == nil {
		return 0, false
	}
	columns, row := e.Plain(v)
	answer, err := set.Endpoint.Predict(ctx, columns, [][]any{row})
	if err != nil {
		s.c.Metrics.arrivals.WithLabelValues("fallback").Inc()
		if !errs.Has(err, errs.Unavailable) {
			s.c.Logger.Warn("the scoring endpoint can't be used", "error", err)
		}
		return 0, false
	}
	s.c.Metrics.arrivals.WithLabelValues("endpoint").Inc()
	return answer[0], true
}

// write puts a score on a lead if it changed enough, with its course, its row of
// msdyn_predictivescore, and the task for the seller of a lead that rose.
func (s *Service) write(ctx context.Context, tx *record.Tx, set *Setup, row record.Row, got verdict, now time.Time) (scored, error) {
	score := set.Scale.Score(got.Chance)
	grade := set.Scale.Grade(score)
	course := courseOf(row)
	had := row["msdyn_leadscore"] != nil
	old, oldGrade := row.Int("msdyn_leadscore"), row.Int("msdyn_leadgrade")
	same := had && byModel(row) && grade == oldGrade && abs(score-old) < set.MinChange
	if same {
		trend := course.Trend(now)
		out := scored{old, oldGrade, trend, false}
		if trend != model.Steady || row["msdyn_leadscoretrend"] == trend {
			s.c.Metrics.scored.WithLabelValues("unchanged").Inc()
			return out, nil
		}
		// A score that has not moved for a week is no longer rising or falling.
		out.Written = true
		_, err := tx.Update(ctx, "lead", row.ID("leadid"), record.Row{"msdyn_leadscoretrend": trend}, record.Match{Version: row.Version()})
		return out, err
	}
	if len(course.Points) == 0 && had {
		course = course.Add(first(row))
	}
	course = course.Add(model.Point{At: now, Score: score, Grade: grade, Version: got.By})
	reasons, err := query.RawJSON(model.Reasons{Version: 1, Model: got.By, At: now, Chance: math.Round(got.Chance*1e4) / 1e4, Reasons: got.Reasons})
	if err != nil {
		return scored{}, err
	}
	points, err := query.RawJSON(course)
	if err != nil {
		return scored{}, err
	}
	trend := course.Trend(now)
	key := row.ID("leadid")
	kept, _, err := tx.UpsertByKey(ctx, "msdyn_predictivescore", map[string]any{"msdyn_regardingobjectid": key}, record.Row{"msdyn_name": clip(row.Text("fullname"), 200), "msdyn_score": score,
		"msdyn_grade": grade, "msdyn_scoretrend": trend, "msdyn_scorereasons": reasons, "msdyn_scorehistory": points, "rpt_modelversion": clip(got.By, 100)}, record.Match{})
	if err != nil {
		return scored{}, err
	}
	change := record.Row{"msdyn_leadscore": score, "msdyn_leadgrade": grade, "msdyn_leadscoretrend": trend, "msdyn_scorereasons": reasons, "msdyn_scorehistory": points,
		"rpt_propensity": math.Round(got.Chance*1e4) / 1e4, "rpt_modelversion": clip(got.By, 100), "msdyn_predictivescoreid": kept.ID("msdyn_predictivescoreid")}
	if row["rpt_firstscore"] == nil {
		change["rpt_firstscore"] = score
	}
	if _, err := tx.Update(ctx, "lead", key, change, record.Match{Version: row.Version()}); err != nil {
		return scored{}, err
	}
	s.c.Metrics.scored.WithLabelValues("written").Inc()
	if had && score > old && grade < oldGrade && grade <= model.GradeB {
		if err := s.rise(ctx, tx, row, old, score, grade, got.Reasons, now); err != nil {
			return scored{}, err
		}
	}
	return scored{score, grade, trend, true}, nil
}

// courseOf reads the course of a lead's score.
func courseOf(row record.Row) model.Course {
	text, _ := row["msdyn_scorehistory"].(json.RawMessage)
	return model.ParseCourse(text)
}

// first is the score that the lead got when it arrived.
func first(row record.Row) model.Point {
	at, _ := row["createdon"].(time.Time)
	p := model.Point{At: at, Score: row.Int("msdyn_leadscore"), Grade: row.Int("msdyn_leadgrade"), Version: row.Text("rpt_modelversion")}
	if n, ok := row["rpt_firstscore"].(int64); ok {
		p.Score = n
	}
	return p
}

// byModel tells whether the score was given here; what rules or others gave is
// on another scale.
func byModel(row record.Row) bool { return len(courseOf(row).Points) > 0 }

func abs(n int64) int64 { return max(n, -n) }
