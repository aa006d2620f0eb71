package privacy

import (
	"context"
	"log/slog"

	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

// Topic is a topic of the event stream that holds events of persons, with the
// record table that they become ("" for none).
type Topic struct{ Name, Table string }

// Stream is what is needed of the event stream.
type Stream interface {
	Erase(ctx context.Context, topic string, match func(cloudevents.Event) bool) ([]stream.Erased, error)
	Find(ctx context.Context, topic string, match func(cloudevents.Event) bool) ([]cloudevents.Event, error)
	Rest(ctx context.Context, topic string) (bool, error)
}

// Index is what is needed of the search index.
type Index interface {
	Renew(ctx context.Context, table string, keys []id.ID) error
	Optimize(ctx context.Context) error
	Naming(ctx context.Context, text string, most int) (map[string][]id.ID, error)
}

// Options are what the service needs.
type Options struct {
	DB      *sqldb.DB
	Store   *record.Store
	Catalog func() *metadata.Catalog
	Log     *changelog.Log
	Keys    *secret.Box // signs the chain of the change log
	Files   *files.Store
	Index   Index
	// Addresses are known of all records; nil has all texts looked through.
	Addresses *Addresses
	Jobs      *job.Queue
	Clock     clock.Clock
	Logger    *slog.Logger
	Lake      *lake.Lake // nil where there is none
	Stream    Stream     // nil where there is none
	Topics    []Topic
	// Uploads removes the files brought for imports that are about a person, as his
	// tells; busy and unread are those that it can't remove. Nil where there are none.
	Uploads func(ctx context.Context, his func(text string) bool) (removed int, busy, unread []id.ID, err error)
	Letters Letters                         // nil where none are written
	Trim    func(ctx context.Context) error // drops from the stream what all consumers have worked off; nil does nothing
	Data    string                          // folder that is looked through at the end; "" for none
	// Whole is the size up to which an SQLite file is written anew at the end of an
	// erasure; 0 means 64 MiB: it takes a second for each 50 MB.
	Whole int64
}

// Service exports and erases persons.
type Service struct {
	o     Options
	after func(step string) error // of tests: called when a step is done
}

// New makes the service.
func New(o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Whole == 0 {
		o.Whole = 64 << 20
	}
	return &Service{o: o}
}
