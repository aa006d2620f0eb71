package customise

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const (
	// Grace is how long a column or table is hidden before it leaves the
	// database: longer than any node needs to hear of it.
	Grace = 5 * time.Second
	// inlineRows is up to how many rows PostgreSQL builds an index within the
	// transaction of the change; above, beside the work.
	inlineRows = 20_000
	retryPause = 500 * time.Millisecond
)

// Options are what a Service is made of.
type Options struct {
	DB      *sqldb.DB
	Shipped *metadata.Catalog
	Clock   clock.Clock
	Logger  *slog.Logger
	// InlineRows and Grace stand in for the defaults where they are not zero.
	InlineRows int
	Grace      time.Duration
}

// Service holds the catalog in force and changes it.
type Service struct {
	o      Options
	store  *record.Store
	access *access.Control
	queue  *job.Queue
	now    atomic.Pointer[layer]
	mu     chan struct{} // holds one while the definitions are taken in
	stale  chan struct{}
	loop   lifecycle.Loop

	examiner Examiner // may be nil

	listening sync.Mutex
	listeners []func()

	// step is told of what has been done, so that tests can end the process there.
	step func(what string)
}

// New makes a service whose catalog is what ships, until Refresh.
func New(o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.InlineRows == 0 {
		o.InlineRows = inlineRows
	}
	if o.Grace == 0 {
		o.Grace = Grace
	}
	s := &Service{o: o, mu: make(chan struct{}, 1), stale: make(chan struct{}, 1), step: func(string) {}}
	s.now.Store(newLayer(o.Shipped))
	return s
}

// Use gives the service what it changes definitions with; they are made after
// it, as they need its catalog.
func (s *Service) Use(store *record.Store, control *access.Control, queue *job.Queue) {
	s.store, s.access, s.queue = store, control, queue
	store.AddHook(guardRows())
}

// Catalog gives the catalog in force.
func (s *Service) Catalog() *metadata.Catalog { return s.now.Load().catalog }

// Shipped gives what ships, without customisations.
func (s *Service) Shipped() *metadata.Catalog { return s.o.Shipped }

// OnChange adds a function that is called after the catalog has changed.
func (s *Service) OnChange(f func()) {
	s.listening.Lock()
	defer s.listening.Unlock()
	s.listeners = append(s.listeners, f)
}

// Refresh takes in what has been stored since, and tells whether anything was.
func (s *Service) Refresh(ctx context.Context) (bool, error) {
	select {
	case s.mu <- struct{}{}:
		defer func() { <-s.mu }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	old := s.now.Load()
	// The epochs come first: definitions that are newer than their epoch make a
	// write run again, the other way round one would go through that must not.
	epochs, err := s.epochs(ctx, old.epoch)
	if err != nil || len(epochs) == 0 {
		return false, err
	}
	epoch := epochs[""]
	delete(epochs, "")
	defs, err := s.stored(ctx, old.epoch)
	if err != nil {
		return false, err
	}
	s.now.Store(old.tolerant(defs, epochs, epoch, s.o.Logger))
	s.listening.Lock()
	defer s.listening.Unlock()
	for _, f := range s.listeners {
		f()
	}
	return true, nil
}

// Follow makes the service take in what other nodes store.
func (s *Service) Follow(tailer *changelog.Tailer) {
	tailer.Listen(func(changes []changelog.Change) {
		for _, c := range changes {
			if c.Table == definitions {
				select {
				case s.stale <- struct{}{}:
				default:
				}
				return
			}
		}
	})
	s.loop.Run = func(ctx context.Context) {
		for {
			select {
			case <-s.stale:
			case <-ctx.Done():
				return
			}
			for {
				_, err := s.Refresh(ctx)
				if err == nil || ctx.Err() != nil {
					break
				}
				s.o.Logger.Warn("the definitions stay as they were", "error", err)
				select {
				case <-s.o.Clock.After(retryPause):
				case <-ctx.Done():
					return
				}
			}
		}
	}
}

// Start begins to follow.
func (s *Service) Start(ctx context.Context) error {
	if _, err := s.Refresh(ctx); err != nil {
		return err
	}
	return s.loop.Start(ctx)
}

// Stop ends the following.
func (s *Service) Stop(ctx context.Context) error { return s.loop.Stop(ctx) }
