package document

import (
	"context"
	"log/slog"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/limit"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// Letter asks for a letter to a contact. It says what has happened and not what
// the document is: letters lie about.
type Letter struct {
	Contact id.ID
	Kind    string // asked, refused
	Table   string // of the record that it is about
	Record  id.ID
}

// Config is what documents need.
type Config struct {
	DB      *sqldb.DB
	Store   *record.Store
	Files   *files.Store
	Catalog func() *metadata.Catalog
	Tail    *changelog.Tailer
	Clock   clock.Clock
	Logger  *slog.Logger
	// Letters sends a letter, in the transaction of what it tells of; nil sends none.
	Letters func(ctx context.Context, tx *record.Tx, l Letter) error
	// Total is how many bytes one contact may have sent; 0 means 200 MiB.
	Total int64
}

const (
	totalDefault = 200 << 20
	fileMost     = 20 << 20 // as the column has it
	membersMost  = 50_000   // whose pace is remembered
)

// Service keeps documents.
type Service struct {
	c     Config
	lists *snapshot.Value[lists]
	pace  *limit.Keyed // of files by contact
}

// New makes the service.
func New(c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Total == 0 {
		c.Total = totalDefault
	}
	s := &Service{c: c, pace: limit.New(limit.Rate{Every: 20 * time.Second, Burst: 40}, membersMost, c.Clock)}
	s.lists = snapshot.New(c.Tail, snapshot.Options[lists]{Name: "document checklists", Tables: []string{tableList}, Logger: c.Logger, Load: s.load})
	c.Files.OnScanned(s.scanned)
	return s
}

// Snapshot gives the checklists in force as a service; it starts before the jobs.
func (s *Service) Snapshot() lifecycle.Service { return s.lists }

// Invalidate has the checklists read again, as where tables have changed.
func (s *Service) Invalidate() { s.lists.Invalidate() }

// Refresh reads the checklists in force now.
func (s *Service) Refresh(ctx context.Context) error { return s.lists.Refresh(ctx) }

// system is the context in which the platform itself writes: what members send,
// and what follows from a record. Who asks has been checked before.
func (s *Service) system(ctx context.Context, why string) context.Context {
	return changelog.WithOrigin(access.AsSystem(ctx, "documents"), "documents: "+why)
}

// lists are the checklists in force, by table.
type lists map[string][]*checklist

func (s *Service) load(ctx context.Context) (lists, error) {
	page, err := s.c.Store.Find(s.system(ctx, "lists"), query.Query{Table: tableList, Where: eq("statecode", int64(0)), Limit: record.MaxPage, Order: []query.Order{{Column: "rpt_uniquename"}}})
	if err != nil {
		return nil, err
	}
	out := lists{}
	for _, row := range page.Rows {
		l, err := compile(s.c.Catalog(), row)
		if err != nil {
			s.c.Logger.Warn("a document checklist can't be used and is left out", "checklist", row.Text("rpt_uniquename"), "error", err)
			continue
		}
		out[l.table.Name] = append(out[l.table.Name], l)
	}
	return out, nil
}

func eq(column string, v any) query.Node { return query.Compare{Left: query.Path{column}, Value: v} }

func filter(c *metadata.Catalog, t *metadata.Table, text string) (query.Node, error) {
	return odata.ParseFilter(&odata.Context{Catalog: c}, t, text)
}
