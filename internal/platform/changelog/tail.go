package changelog

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
)

// idle is how long a change made by another process may go unnoticed. Changes
// of this process wake the tailer at once.
const idle = 200 * time.Millisecond

const batch = 1000

// Tailer reads the log once per node and hands every change to the listeners,
// in order. Listeners are for what lives in memory (snapshots, live hints);
// work that must not be lost keeps a cursor of its own and uses Updated only as
// a wake-up.
type Tailer struct {
	log    *Log
	loop   lifecycle.Loop
	Clock  clock.Clock
	Logger *slog.Logger

	signal chan struct{}
	loads  atomic.Int64

	mu        sync.Mutex
	listeners []func([]Change)
	updated   chan struct{}
	bulks     []string // origins of very many changes; replaced, never altered
	seq       int64
	recent    recent
}

func newTailer(l *Log) *Tailer {
	return &Tailer{log: l, Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler), signal: make(chan struct{}, 1), updated: make(chan struct{})}
}

// Listen adds a listener. Those added before Start miss nothing from then on.
func (t *Tailer) Listen(f func([]Change)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listeners = append(t.listeners, f)
}

// Updated gives a channel that is closed once the log has grown past what the
// tailer had seen when Updated was called.
func (t *Tailer) Updated() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.updated
}

// Start begins at the end of the log, so it first numbers what was committed
// before: it would take a whole seeding for news otherwise.
func (t *Tailer) Start(ctx context.Context) error {
	if err := t.log.number(ctx); err != nil {
		return err
	}
	seq, err := t.log.Last(ctx)
	if err != nil {
		return err
	}
	t.seq = seq
	t.recent.begin(seq)
	t.loop.Run = t.run
	return t.loop.Start(ctx)
}

// Stop ends the tailer.
func (t *Tailer) Stop(ctx context.Context) error {
	t.recent.end()
	return t.loop.Stop(ctx)
}

// After is Log.After for those who follow the log: newly made changes come from
// memory, where all followers share them, up to what the tailer has seen.
// Nobody may alter them.
func (t *Tailer) After(ctx context.Context, seq int64, limit int) ([]Change, error) {
	if changes, ok := t.recent.after(seq, limit); ok {
		return changes, nil
	}
	return t.log.After(ctx, seq, limit)
}

// offer hands over what a transaction of this process has committed, so that
// the log need not be read for it. On PostgreSQL the order is known later only,
// and last is 0.
func (t *Tailer) offer(last int64, changes []Change) {
	if last > 0 {
		t.recent.offer(last, changes)
	} else {
		t.recent.miss()
	}
	select {
	case t.signal <- struct{}{}:
	default:
	}
}

func (t *Tailer) run(ctx context.Context) {
	for look := true; ; {
		n, err := t.step(ctx, look)
		if err != nil && ctx.Err() == nil && !errs.Has(err, errs.Unavailable) {
			t.Logger.Error("change log tailer", "error", err)
		}
		if look = n == batch || err != nil; look && err == nil {
			continue
		}
		select {
		case <-t.signal:
		case <-t.Clock.After(idle):
			look = true // other processes write, too
		case <-ctx.Done():
			return
		}
	}
}

// step hands on one batch and tells how many changes were in it. It looks into
// the database only if told to, or if there are changes that it was not offered.
func (t *Tailer) step(ctx context.Context, look bool) (int, error) {
	changes, ask := t.recent.take(t.seq, batch)
	if len(changes) == 0 {
		if !look && !ask {
			return 0, nil
		}
		if err := t.log.number(ctx); err != nil {
			return 0, err
		}
		var err error
		if changes, err = t.log.After(ctx, t.seq, batch); err != nil || len(changes) == 0 {
			return 0, err
		}
	}
	t.seq = changes[len(changes)-1].Seq
	t.recent.add(changes)
	t.mu.Lock()
	listeners := t.listeners
	close(t.updated)
	t.updated = make(chan struct{})
	t.mu.Unlock()
	for _, f := range listeners {
		f(changes)
	}
	return len(changes), nil
}
