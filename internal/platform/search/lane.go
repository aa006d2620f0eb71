package search

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

const (
	laneMost  = 2000                   // records that wait; more come by the follower
	laneLot   = 100                    // changes of one origin that come together; more are no person's
	laneEvery = 250 * time.Millisecond // for others that come with the first
)

// Lane brings records into the index at once that people change while the
// follower is far behind, as after an import: it takes changes in order, and would
// reach theirs last. What it takes in is told apart by version when the follower
// gets there.
type Lane struct {
	lifecycle.Loop
	x      *Index
	tail   *changelog.Tailer
	logger *slog.Logger

	seen    atomic.Int64 // the last change heard of
	mu      sync.Mutex
	waiting map[docKey]bool
	some    chan struct{} // holds one while records wait
}

// NewLane makes the service, which listens to the tailer; it is made before the
// tailer is started.
func (x *Index) NewLane(logger *slog.Logger) *Lane {
	l := &Lane{x: x, tail: x.o.Log.Tailer(), logger: logger, waiting: map[docKey]bool{}, some: make(chan struct{}, 1)}
	l.Run = l.run
	l.tail.Listen(l.hear)
	return l
}

// hear notes what is to be taken in ahead of its turn. It never waits.
func (l *Lane) hear(changes []changelog.Change) {
	defer l.seen.Store(changes[len(changes)-1].Seq)
	if !l.tail.Loading() && l.x.Behind() <= far {
		return
	}
	bulk, lots := l.tail.Bulk(), map[string]int{}
	for i := range changes {
		lots[changes[i].Origin]++
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range changes {
		c := &changes[i]
		if len(l.waiting) >= laneMost || lots[c.Origin] > laneLot || bulk(c) {
			continue
		}
		if t, ok := l.x.o.Catalog().Table(c.Table); ok && searched(t) {
			l.waiting[docKey{c.Table, c.Record}] = true
		}
	}
	if len(l.waiting) > 0 {
		select {
		case l.some <- struct{}{}:
		default:
		}
	}
}

// Seen gives the number of the last change that the lane has heard of.
func (l *Lane) Seen() int64 { return l.seen.Load() }

func (l *Lane) run(ctx context.Context) {
	for {
		select {
		case <-l.some:
		case <-ctx.Done():
			return
		}
		if err := l.Step(ctx); err != nil && ctx.Err() == nil && !errs.Has(err, errs.Unavailable) {
			l.logger.Warn("records that were to be found at once come later", "error", err)
		}
		select {
		case <-l.x.o.Clock.After(laneEvery):
		case <-ctx.Done():
			return
		}
	}
}

// Step takes in what waits now. What can't be comes by the follower.
func (l *Lane) Step(ctx context.Context) error {
	ctx = access.AsSystem(ctx, "search index")
	l.mu.Lock()
	now := l.waiting
	l.waiting = map[docKey]bool{}
	l.mu.Unlock()
	tables := map[string][]id.ID{}
	for k := range now {
		tables[k.table] = append(tables[k.table], k.key)
	}
	for table, keys := range tables {
		if err := l.x.Renew(ctx, table, keys); err != nil {
			return err
		}
	}
	return nil
}
