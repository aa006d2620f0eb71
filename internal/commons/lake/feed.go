package lake

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

const (
	feedApp     = "rapport.changes" // notes in each table how far the change log is in
	changesLog  = "changes"
	readMax     = 500
	pendingMax  = 2_500   // changes on their way at one time
	pendingSize = 4 << 20 // bytes of their values, at which no more are read
	retryLeast  = 200 * time.Millisecond
	retryMost   = 30 * time.Second
	lookAgain   = 500 * time.Millisecond // when nothing says that there are changes
	writersMost = 4                      // tables written at one time
	busyMost    = time.Minute            // how long one round waits for an import to end
)

// Consumer is the name under which the lake notes how far it has read.
const Consumer = "lake"

// FeedConfig is what the feed of changes needs.
type FeedConfig struct {
	Lake *Lake
	DB   *sqldb.DB
	Log  *changelog.Log
}

// Feed brings the change log into the lake. It is a lifecycle.Service.
type Feed struct {
	c      FeedConfig
	lake   *Lake
	loop   lifecycle.Loop
	logger *slog.Logger
	state  *progress
	turn   turn
	images *images
	shapes map[string]*shape
	laid   *metadata.Catalog // that shapes were made of
	far    atomic.Bool       // the last batch was a full one: there are more
	behind time.Time         // since when the feed lets an import by; zero if it does not
}

// progress is how far a consumer is, for those who wait for it.
type progress struct {
	mu     sync.Mutex
	pos    int64
	oldest time.Time     // of what has been read and is not in the lake; zero if nothing
	moved  chan struct{} // closed when pos moves
	hurry  chan struct{} // somebody waits: don't linger
	quiet  int           // rounds in which nothing came
}

func newProgress() *progress {
	return &progress{moved: make(chan struct{}), hurry: make(chan struct{}, 1)}
}

func (p *progress) move(pos int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pos, p.oldest = pos, time.Time{}
	close(p.moved)
	p.moved = make(chan struct{})
}

func (p *progress) waitingSince(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.oldest = t
}

// nothing notes a round in which nothing came, and so nothing is on its way.
func (p *progress) nothing() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quiet++
	close(p.moved)
	p.moved = make(chan struct{})
}

// waitQuiet waits for a round that began after the call and in which nothing came.
func (p *progress) waitQuiet(ctx context.Context) error {
	p.mu.Lock()
	from := p.quiet
	p.mu.Unlock()
	return p.until(ctx, func() bool { return p.quiet >= from+2 }) // the first may have begun before
}

// waitFor waits until the consumer is there.
func (p *progress) waitFor(ctx context.Context, target int64) error {
	return p.until(ctx, func() bool { return p.pos >= target })
}

// until hurries the consumer and waits until it is where it is wanted.
func (p *progress) until(ctx context.Context, there func() bool) error {
	for {
		p.mu.Lock()
		done, moved := there(), p.moved
		p.mu.Unlock()
		if done {
			return nil
		}
		select {
		case p.hurry <- struct{}{}:
		default:
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// NewFeed makes the feed.
func NewFeed(c FeedConfig) *Feed {
	f := &Feed{c: c, lake: c.Lake, logger: c.Lake.c.Logger.With("consumer", "lake changes"), state: newProgress(), images: newImages()}
	f.turn = turn{hold: job.NewHold(c.DB, f.lake.c.Clock, "lake changes", leaseFor), clock: f.lake.c.Clock}
	f.loop.Run = f.run
	return f
}

// Start begins where the feed was. Nothing waits for the lake: a lake that can't
// be written is tried again in the background.
func (f *Feed) Start(ctx context.Context) error {
	if err := event.Join(ctx, f.c.DB, Consumer, changesLog, f.lake.c.Clock.Now()); err != nil {
		return err
	}
	f.lake.feeds.Store(changesLog, f)
	return f.loop.Start(ctx)
}

// Stop writes nothing more; what was read and not written is read again.
func (f *Feed) Stop(ctx context.Context) error {
	f.lake.feeds.Delete(changesLog)
	return errors.Join(f.loop.Stop(ctx), f.turn.release(ctx))
}

func (f *Feed) run(ctx context.Context) {
	wait := retryLeast
	for ctx.Err() == nil {
		if !f.turn.have(ctx) {
			f.watch(ctx)
			continue
		}
		err := f.follow(ctx, func() { wait = retryLeast })
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			continue // another node has the turn
		}
		f.failed(err, "the lake's feed of changes starts over")
		f.pause(ctx, wait)
		wait = min(2*wait, retryMost)
	}
}

func (f *Feed) failed(err error, what string) {
	f.lake.c.Metrics.retries.WithLabelValues(changesLog, errs.CodeOf(err)).Inc()
	if unavailable(err) {
		f.logger.Debug(what, "error", err)
	} else {
		f.logger.Error(what, "error", err)
	}
}

// watch follows where the node is that has the turn, for those who wait here.
func (f *Feed) watch(ctx context.Context) {
	if pos, err := event.Position(ctx, f.c.DB, Consumer, changesLog); err == nil {
		f.state.move(pos)
	}
	f.pause(ctx, lookAgain)
}

func (f *Feed) pause(ctx context.Context, d time.Duration) {
	select {
	case <-f.lake.c.Clock.After(d):
	case <-ctx.Done():
	}
}

// follow reads from the noted position on until something fails, or another
// node has the turn.
func (f *Feed) follow(ctx context.Context, went func()) error {
	pos, err := event.Position(ctx, f.c.DB, Consumer, changesLog)
	if err != nil {
		return err
	}
	last, err := f.c.Log.Last(ctx)
	if err != nil {
		return err
	}
	if pos > last {
		return ErrAhead
	}
	f.state.move(pos)
	for {
		if !f.turn.have(ctx) {
			return nil
		}
		if f.letsBy(ctx) {
			continue
		}
		changes, err := f.collect(ctx, pos)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			continue
		}
		f.far.Store(len(changes) >= pendingMax)
		f.state.waitingSince(changes[0].At)
		if err := f.take(ctx, changes); err != nil {
			return err
		}
		pos = changes[len(changes)-1].Seq
		if err := event.Note(ctx, f.c.DB, Consumer, changesLog, uint64(pos), f.lake.c.Clock.Now()); err != nil {
			return err
		}
		f.state.move(pos)
		went()
	}
}

// letsBy waits a moment where very many records are being written and nobody
// waits for the lake, and tells whether the feed is to look again then. Once
// busyMost has passed it works off what is at hand, so that it is not left
// behind without end.
func (f *Feed) letsBy(ctx context.Context) bool {
	now := f.lake.c.Clock.Now()
	switch {
	case !f.lake.c.Busy():
		f.behind = time.Time{}
		return false
	case f.behind.IsZero():
		f.behind = now
	case now.Sub(f.behind) >= busyMost:
		f.behind = now
		return false
	}
	select {
	case <-f.state.hurry:
		select {
		case f.state.hurry <- struct{}{}: // collect is to know of it as well
		default:
		}
		return false
	case <-f.lake.c.Clock.After(lookAgain):
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// collect reads changes until the first has waited long enough for others, or
// there are enough.
func (f *Feed) collect(ctx context.Context, pos int64) (out []changelog.Change, err error) {
	var enough <-chan time.Time
	size := 0
	for {
		grown := f.c.Log.Tailer().Updated() // taken before looking, so that nothing slips between
		some, err := f.c.Log.Tailer().After(ctx, pos, min(readMax, pendingMax-len(out)))
		if err != nil {
			return nil, err
		}
		if len(some) > 0 {
			if len(out) == 0 {
				enough = f.lake.c.Clock.After(f.lake.c.Linger)
			}
			before := len(out)
			out = append(out, some...)
			pos = some[len(some)-1].Seq
			for i := range some {
				size += len(some[i].Before) + len(some[i].After)
			}
			if len(out) >= pendingMax || size >= pendingSize {
				return out, nil
			}
			if len(some) == min(readMax, pendingMax-before) {
				continue
			}
		}
		idle := f.lake.c.Clock.After(lookAgain)
		select {
		case <-enough:
			return out, nil
		case <-f.state.hurry:
			if len(out) > 0 {
				return out, nil
			}
		case <-grown:
		case <-idle:
			if len(out) == 0 {
				return nil, nil // so that the lease is kept
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take writes changes into the lake's tables.
func (f *Feed) take(ctx context.Context, changes []changelog.Change) error {
	defer f.images.trim()
	if err := f.recall(ctx, changes); err != nil {
		return err
	}
	batches := map[string]*batch{}
	for _, c := range changes {
		t, ok := f.lake.c.Catalog().Table(c.Table)
		if !ok || !tableName.MatchString(c.Table) {
			f.lake.c.Metrics.skipped.WithLabelValues("table").Inc()
			continue
		}
		s := f.shape(t)
		b := batches[c.Table]
		if b == nil {
			b = &batch{layer: layerChanges, table: c.Table, key: s.key, columns: s.columns, schema: changesSchema(s.key, s.columns)}
			batches[c.Table] = b
		}
		b.rows = append(b.rows, f.row(s, c))
	}
	through := changes[len(changes)-1].Seq
	if err := f.writeAll(ctx, batches, through); err != nil {
		return err
	}
	now := f.lake.c.Clock.Now()
	for _, c := range changes {
		f.lake.c.Metrics.freshness.WithLabelValues(changesLog).Observe(now.Sub(c.At).Seconds())
	}
	return nil
}

func (f *Feed) writeAll(ctx context.Context, batches map[string]*batch, through int64) error {
	var group sync.WaitGroup
	var mu sync.Mutex
	var all error
	slots := make(chan struct{}, writersMost)
	for _, b := range batches {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := f.lake.write(ctx, feedApp, through, b); err != nil {
				mu.Lock()
				all = errors.Join(all, err)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return all
}

// shape gives what is needed of a table, made once for each catalog.
func (f *Feed) shape(t *metadata.Table) *shape {
	if now := f.lake.c.Catalog(); f.laid != now {
		f.laid, f.shapes = now, map[string]*shape{}
	}
	s := f.shapes[t.Name]
	if s == nil {
		s = shapeOf(t)
		f.shapes[t.Name] = s
	}
	return s
}

// row gives the lake's row of a change.
func (f *Feed) row(s *shape, c changelog.Change) pending {
	k := imageKey{c.Table, c.Record}
	key := c.Record.String()
	values := []any{key, c.Version, c.Seq, c.Op.String(), c.At.UTC(), c.Actor.String(), nil, c.Origin, nil}
	if c.OnBehalfOf != id.Nil {
		values[6] = c.OnBehalfOf.String()
	}
	if c.Op == changelog.Delete {
		f.images.drop(k)
		return pending{key: key, seq: c.Seq, values: values}
	}
	var prev *image
	if img, ok := f.images.get(k); ok {
		prev = img
	}
	if prev == nil && c.Op == changelog.Update {
		f.lake.c.Metrics.skipped.WithLabelValues("gap").Inc()
	}
	next, changed := f.apply(s, prev, c)
	f.images.put(next)
	if text, err := json.Marshal(changed); err == nil {
		values[8] = string(text)
	}
	return pending{key: key, seq: c.Seq, values: values, record: next}
}

// flush waits until the changes committed before the call are in.
func (f *Feed) flush(ctx context.Context) error {
	last, err := f.c.Log.Through(ctx)
	if err != nil {
		return err
	}
	return f.state.waitFor(ctx, last)
}

// catchingUp tells whether this node's feed of changes is far behind.
func (l *Lake) catchingUp() bool {
	f, ok := l.feeds.Load(changesLog)
	if !ok {
		return false
	}
	feed, ok := f.(*Feed)
	return ok && feed.far.Load()
}

func (f *Feed) progress() *progress { return f.state }
