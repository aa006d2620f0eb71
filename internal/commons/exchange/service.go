package exchange

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
)

// The kinds of the package's jobs.
const (
	jobSend    = "exchange.send"
	jobTake    = "exchange.take"
	jobPoll    = "exchange.poll"
	jobCompare = "exchange.compare"
)

// Sender sends to addresses of others; *webhook.Client does it, which keeps clear
// of private networks.
type Sender interface {
	CheckURL(address string) error
	Do(r *http.Request, most int64) (webhook.Reply, error)
}

// Files keeps the content of documents; *files.Store does it.
type Files interface {
	Info(ctx context.Context, table string, key id.ID, column string) (files.Info, error)
	Open(ctx context.Context, in files.Info) (io.ReadSeekCloser, error)
	Stage(ctx context.Context, table, column, name string, body io.Reader) (files.Info, error)
}

// Config is what exchanging needs.
type Config struct {
	DB      *sqldb.DB
	Store   *record.Store
	Queue   *job.Queue
	Catalog func() *metadata.Catalog
	Tail    *changelog.Tailer
	Clock   clock.Clock
	Logger  *slog.Logger
	Box     *secret.Box
	Sender  Sender
	Files   Files
	Members func(team id.ID) []id.ID // of a team that owns a record
	// Patience is how long a gap in the events of a case is waited for; 0 means 20 s.
	Patience time.Duration
	// Compare is how often both sides are compared by themselves; 0 means a day.
	Compare time.Duration
}

// Service exchanges cases with counterparts.
type Service struct {
	c        Config
	set      *snapshot.Value[*set]
	circuits *webhook.Circuits
}

// New makes the service.
func New(c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Patience == 0 {
		c.Patience = 20 * time.Second
	}
	if c.Compare == 0 {
		c.Compare = 24 * time.Hour
	}
	s := &Service{c: c, circuits: webhook.NewCircuits(c.Clock)}
	s.set = snapshot.New(c.Tail, snapshot.Options[*set]{Name: "counterparts", Tables: []string{tableCounterpart}, Logger: c.Logger, Load: s.load})
	return s
}

// counterpart is one that is enabled and can be used.
type counterpart struct {
	id       id.ID
	name     string // unique
	title    string
	url      string // without a slash at the end
	timeout  time.Duration
	attempts int64
	poll     time.Duration
	tell     id.ID // user; the nil id is nobody
	m        *mapping
}

// set is the counterparts in force. It is never changed.
type set struct {
	byID    map[id.ID]*counterpart
	byName  map[string]*counterpart
	byTable map[string][]*counterpart
}

// Snapshot gives the counterparts in force as a service; it starts before the jobs.
func (s *Service) Snapshot() lifecycle.Service { return s.set }

// Invalidate has the counterparts read again, as where tables have changed.
func (s *Service) Invalidate() { s.set.Invalidate() }

// Refresh reads the counterparts in force now.
func (s *Service) Refresh(ctx context.Context) error { return s.set.Refresh(ctx) }

func (s *Service) load(ctx context.Context) (*set, error) {
	out := &set{map[id.ID]*counterpart{}, map[string]*counterpart{}, map[string][]*counterpart{}}
	page, err := s.c.Store.Find(s.system(ctx, "counterparts"), query.Query{Table: tableCounterpart, Where: eq("statecode", int64(0)), Limit: 100})
	if err != nil {
		return nil, err
	}
	for _, row := range page.Rows {
		text, _ := row["rpt_mapping"].(json.RawMessage)
		m, err := compile(text, s.c.Catalog())
		if err != nil {
			s.c.Logger.Error("a counterpart can't be used and is left out", "counterpart", row.Text("rpt_uniquename"), "error", err)
			continue
		}
		if row.Text("rpt_url") == "" {
			continue
		}
		cp := &counterpart{id: row.ID("rpt_counterpartid"), name: row.Text("rpt_uniquename"), title: row.Text("rpt_name"), url: strings.TrimRight(row.Text("rpt_url"), "/"), m: m, tell: row.ID("rpt_tellid"),
			timeout: time.Duration(row.Int("rpt_timeout")) * time.Millisecond, attempts: row.Int("rpt_attempts"), poll: time.Duration(row.Int("rpt_poll")) * time.Second}
		if cp.timeout <= 0 {
			cp.timeout = 15 * time.Second
		}
		if cp.attempts <= 0 {
			cp.attempts = 20
		}
		out.byID[cp.id], out.byName[cp.name] = cp, cp
		for _, table := range m.tables() {
			out.byTable[table] = append(out.byTable[table], cp)
		}
		if !slices.Contains(m.tables(), tableNote) && m.Notes {
			out.byTable[tableNote] = append(out.byTable[tableNote], cp)
		}
	}
	return out, nil
}

func (s *Service) of(table string) []*counterpart {
	if now := s.set.Get(); now != nil {
		return now.byTable[table]
	}
	return nil
}

func (s *Service) byID(key id.ID) *counterpart {
	if now := s.set.Get(); now != nil {
		return now.byID[key]
	}
	return nil
}

func (s *Service) all() (out []*counterpart) {
	if now := s.set.Get(); now != nil {
		for _, cp := range now.byID {
			out = append(out, cp)
		}
	}
	return out
}

// Handlers gives the handlers of the package's jobs.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{
		jobSend: {Run: s.runSend}, jobTake: {Run: s.runTake}, jobPoll: {Run: s.runPoll}, jobCompare: {Run: s.runCompare},
	}
}

// system is the context in which the platform itself writes.
func (s *Service) system(ctx context.Context, why string) context.Context {
	return changelog.WithOrigin(access.AsSystem(ctx, "exchange"), "exchange: "+why)
}

func eq(column string, v any) query.Node { return query.Compare{Left: query.Path{column}, Value: v} }
