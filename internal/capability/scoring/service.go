package scoring

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// Kinds of jobs.
const (
	jobImport   = "scoring.import"
	jobMatch    = "scoring.match"
	jobTrain    = "scoring.train"
	jobBatch    = "scoring.batch"
	jobLead     = "scoring.lead"
	jobSchedule = "scoring.schedule"
)

// Topic is that of what visitors do.
const Topic = "interactions"

// Config is what scoring needs.
type Config struct {
	DB      *sqldb.DB
	Store   *record.Store
	Queue   *job.Queue
	Lake    Lake
	Actions Caller // to tell sellers
	Catalog func() *metadata.Catalog
	Tail    *changelog.Tailer
	Clock   clock.Clock
	Logger  *slog.Logger
	Metrics *Metrics
	Dir     string // folder of files of history, and of rows that were refused
	Token   string // sent to an external endpoint as a bearer token; "" sends none
	Threads int    // of a training; 0 means 1
	MaxRows int    // that a training takes; 0 means 1,000,000
}

// Service is scoring.
type Service struct {
	c     Config
	setup *snapshot.Value[*Setup]
	cache loaded
}

// New makes the service.
func New(c Config) *Service {
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxRows == 0 {
		c.MaxRows = 1_000_000
	}
	s := &Service{c: c}
	s.setup = snapshot.New(c.Tail, snapshot.Options[*Setup]{Name: "scoring", Tables: []string{"rpt_model"}, Logger: c.Logger, Load: s.load})
	return s
}

// Snapshot gives the hot configuration as a service; it starts before the jobs.
func (s *Service) Snapshot() lifecycle.Service { return s.setup }

// Handlers gives the handlers of the package's jobs.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{
		jobImport:   {Run: s.runImport, Dead: s.importDead, MaxAttempts: 3},
		jobMatch:    {Run: s.runMatch},
		jobTrain:    {Run: s.runTrain, Dead: s.trainDead, MaxAttempts: 3},
		jobBatch:    {Run: s.runBatch},
		jobLead:     {Run: s.runLead},
		jobSchedule: {Run: s.runSchedule},
	}
}

// Followers gives the consumers of changes and of what visitors do.
func (s *Service) Followers(changes, interactions event.Log) []lifecycle.Service {
	batch := func(name string, log event.Log, handle func(context.Context, []event.Event) (event.Effect, error)) *event.Batch {
		return &event.Batch{Consumer: name, Log: log, DB: s.c.DB, Clock: s.c.Clock, Logger: s.c.Logger, FromEnd: true, Handle: handle}
	}
	return []lifecycle.Service{batch("scoring", changes, s.onChanges), batch("scoring", interactions, s.onInteractions)}
}

// system is the context in which the platform itself scores.
func (s *Service) system(ctx context.Context, why string) context.Context {
	ctx = changelog.WithSource(ctx, changelog.Source{Channel: changelog.Job})
	return changelog.WithOrigin(access.AsSystem(ctx, "scoring"), "scoring: "+why)
}

// file names the file of an import: the rows themselves, or those refused.
func (s *Service) file(id, kind string) string {
	return filepath.Join(s.c.Dir, id+"."+kind)
}

const day = 24 * time.Hour
