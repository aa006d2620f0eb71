package app

import (
	"context"
	"iter"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/capability/scoring"
	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
)

// makeScoring makes scoring, before the jobs and the intake that need it.
func (c *core) makeScoring(tailer *changelog.Tailer) {
	cfg := c.app.c
	c.scoring = scoring.New(scoring.Config{DB: c.db, Store: c.store, Queue: c.jobs, Lake: c.scoringLake(), Actions: c.actions, Catalog: c.access.Catalog, Tail: tailer,
		Clock: cfg.Clock, Logger: cfg.Logger, Metrics: scoring.NewMetrics(c.registry), Dir: filepath.Join(cfg.Data, "imports"), Token: cfg.ScoringToken,
		Threads: max(1, runtime.GOMAXPROCS(0)/2)})
	c.scoring.Define(c.actions)
	c.store.AddHook(scoring.CheckSetups())
	for kind, handler := range c.scoring.Handlers() {
		c.runner.Handle(kind, handler)
	}
}

// wireScoring adds its services and addresses.
func (c *core) wireScoring() {
	(&httpapi.ScoringAPI{Scoring: c.scoring}).Register(c.mux)
	for _, f := range c.scoring.Followers(event.Changes(c.log), event.Stream(c.app.front.stream, TopicInteractions)) {
		c.services.Add("scoring of changes", f)
	}
	c.services.Add("scoring by the clock", atStart(c.scoring.Schedule))
}

// arrivals lets the intake ask scoring.
type arrivals struct{ s *scoring.Service }

func (a arrivals) Arrive(ctx context.Context, row, visit, extra map[string]any) (intake.Opinion, bool) {
	got, ok := a.s.Arrive(ctx, row, visit, extra)
	if !ok {
		return intake.Opinion{}, false
	}
	out := intake.Opinion{Propensity: got.Chance, Score: got.Score, Grade: got.Grade, Version: got.By}
	for _, r := range got.Reasons {
		// Effects are on the log-odds; ten of them make a point that people can compare.
		out.Reasons = append(out.Reasons, intake.Reason{Text: r.Text, Points: int64(r.Effect * 10), Kind: "model"})
	}
	return out, true
}

// scoringLake gives the lake, or one that says that it is switched off.
func (c *core) scoringLake() scoring.Lake {
	if f := c.app.front.lake; f != nil {
		return f.lake
	}
	return noLake{}
}

// noLake is the lake where it is switched off: nothing can be learned.
type noLake struct{}

func (noLake) History(context.Context, string, []string, time.Time, time.Time) iter.Seq2[lake.Row, error] {
	return func(yield func(lake.Row, error) bool) { yield(lake.Row{}, lake.ErrOff) }
}

func (noLake) Events(context.Context, string, time.Time, time.Time) iter.Seq2[lake.Event, error] {
	return func(yield func(lake.Event, error) bool) { yield(lake.Event{}, lake.ErrOff) }
}

func (noLake) Append(context.Context, string, lake.Import) (lake.Imported, error) {
	return lake.Imported{}, lake.ErrOff
}

func (noLake) Imported(context.Context, string, []string) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) { yield(nil, lake.ErrOff) }
}

func (noLake) ImportedColumns(context.Context, string) ([]lake.Column, error) {
	return nil, lake.ErrOff
}

func (noLake) Columns(context.Context, string) ([]lake.Column, error) { return nil, lake.ErrOff }
