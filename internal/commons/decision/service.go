package decision

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// jobCheck is the kind of the jobs that decide in the background.
const jobCheck = "decision.check"

// jobOutdate is the kind of the jobs that go through the many records behind
// which another one has changed.
const jobOutdate = "decision.outdate"

// Asker sends to addresses of others; *webhook.Client does it, which keeps clear
// of private networks.
type Asker interface {
	CheckURL(address string) error
	Ask(ctx context.Context, address string, header http.Header, body []byte, most int64) ([]byte, error)
}

// People is who may do what; *access.Control knows it.
type People interface {
	Holders(access.Subject, access.Right) []access.Holder
	Members(team id.ID) []id.ID
	Known(user id.ID) bool
}

// Config is what deciding needs.
type Config struct {
	DB      *sqldb.DB
	Store   *record.Store
	Queue   *job.Queue
	Catalog func() *metadata.Catalog
	Tail    *changelog.Tailer
	Clock   clock.Clock
	Logger  *slog.Logger
	Box     *secret.Box
	Asker   Asker
	People  People
	Rest    time.Duration // how long a service that fails is left alone; 0 means 30 s
}

// Service decides.
type Service struct {
	c    Config
	sets *snapshot.Value[*sets]

	mu       sync.Mutex
	programs map[id.ID]compiled // by version
	breakers map[id.ID]*gobreaker.CircuitBreaker[[]byte]
}

type compiled struct {
	version int64 // of the row
	program *decide.Program
}

// New makes the service.
func New(c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Rest == 0 {
		c.Rest = 30 * time.Second
	}
	s := &Service{c: c, programs: map[id.ID]compiled{}, breakers: map[id.ID]*gobreaker.CircuitBreaker[[]byte]{}}
	s.sets = snapshot.New(c.Tail, snapshot.Options[*sets]{Name: "decision sets", Tables: []string{"rpt_decision", "rpt_decisionversion"}, Logger: c.Logger, Load: s.load})
	return s
}

// Snapshot gives the sets in force as a service; it starts before the jobs.
func (s *Service) Snapshot() lifecycle.Service { return s.sets }

// Invalidate has the sets read again, as where tables have changed.
func (s *Service) Invalidate() { s.sets.Invalidate() }

// Refresh reads the sets in force now.
func (s *Service) Refresh(ctx context.Context) error { return s.sets.Refresh(ctx) }

// Handlers gives the handlers of the package's jobs.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{jobCheck: {Run: s.runCheck, MaxAttempts: 5}, jobOutdate: {Run: s.runOutdate, MaxAttempts: 20}}
}

// system is the context in which the platform itself writes decisions.
func (s *Service) system(ctx context.Context, why string) context.Context {
	return changelog.WithOrigin(access.AsSystem(ctx, "decision"), "decision: "+why)
}
