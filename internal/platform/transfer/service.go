package transfer

import (
	"context"
	"log/slog"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
	"github.com/rapport-platform/rapport/internal/platform/transfer/upload"
)

// Config is what the service is made of.
type Config struct {
	DB     *sqldb.DB
	Store  *record.Store
	Access *access.Control
	Log    *changelog.Log
	Queue  *job.Queue
	Clock  clock.Clock
	Logger *slog.Logger
	Dir    string // folder of the files that were brought
	// Chunk is how many rows one transaction writes; 0 means 1000.
	Chunk int
	// SearchLag tells how many changes search does not know of yet; nil where
	// nobody can tell.
	SearchLag func(ctx context.Context) (int64, error)
	// Keeper moves imports from one status to the next.
	Keeper *operation.Keeper
}

// Service imports files.
type Service struct {
	c     Config
	files upload.Folder
}

// MaxUpload bounds a file, in bytes.
const MaxUpload = 4 << 30

// New makes a service.
func New(c Config) *Service {
	if c.Chunk <= 0 {
		c.Chunk = 1000
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{c: c, files: upload.Folder{Dir: c.Dir, Max: MaxUpload, Codes: "import"}}
}

// Kind is the kind of the jobs that import files.
const Kind = "import"

// Handler does the jobs.
func (s *Service) Handler() job.Handler { return job.Handler{Run: s.run, Dead: s.c.Keeper.Dead} }

func (s *Service) table(name string) (*metadata.Table, error) {
	t, ok := s.c.Store.Catalog().Table(name)
	if !ok || t.Intersect || t.Managed {
		return nil, errs.New(errs.Invalid, "import.table", "there is no table %q that rows can be imported into", name)
	}
	return t, nil
}
