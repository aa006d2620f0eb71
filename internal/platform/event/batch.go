package event

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

const (
	batchMax   = 1000
	batchWait  = time.Second     // how long one look waits for events
	batchPause = time.Second     // after a failure
	batchNote  = 5 * time.Second // how often the position is kept while nothing follows from events
)

// Batch is a consumer for which single events matter little: it takes them many
// at a time, in order, and what follows from a batch commits together with the
// position behind it, once whatever number of nodes run it. There are no inbox
// keys and no dead letters; a batch that fails is tried again.
type Batch struct {
	Consumer string // names the position; never rename it
	Log      Log
	DB       *sqldb.DB
	Clock    clock.Clock
	Logger   *slog.Logger
	FromEnd  bool // a new consumer begins at the end of the log
	Max      int  // events of one batch; 0 means 1000
	// Hurry tells whether so much is left that writers may wait for larger batches,
	// of HurryMax events, which cost less for each of them; nil is never.
	Hurry    func() bool
	HurryMax int
	// Gather is how long the first event of a batch waits for others, so that a
	// flush to disk serves many.
	Gather time.Duration
	// Rest is how long the consumer stays away after a batch, in times of what
	// the batch took: writers of records are not to wait for those who follow.
	// Nil is not at all.
	Rest func() float64
	// Handle works out what follows from a batch; nil is nothing.
	Handle func(ctx context.Context, events []Event) (Effect, error)

	loop   lifecycle.Loop
	reader Reader
	seq    uint64    // worked off
	noted  uint64    // the position as it stands in the database
	at     time.Time // when it was noted
}

// errOvertaken means that another node has worked off what was at hand.
var errOvertaken = errors.New("another node was faster")

// Start begins to consume.
func (b *Batch) Start(ctx context.Context) error {
	b.loop.Run = func(ctx context.Context) {
		defer b.close()
		for ctx.Err() == nil {
			b.pause(ctx, b.turn(ctx))
		}
	}
	return b.loop.Start(ctx)
}

// Stop ends the consumer after the batch at hand.
func (b *Batch) Stop(ctx context.Context) error { return b.loop.Stop(ctx) }

// turn works off one batch and tells how long to stay away then.
func (b *Batch) turn(ctx context.Context) time.Duration {
	took, err := b.next(ctx, batchWait, b.Gather)
	switch {
	case err == nil:
		if b.Rest == nil {
			return 0
		}
		return time.Duration(float64(took.length) * b.Rest())
	case ctx.Err() != nil, errs.Has(err, errs.Unavailable):
	default:
		b.Logger.Error("a batch of events failed and is tried again", "consumer", b.Consumer, "error", err)
	}
	return batchPause
}

func (b *Batch) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-b.Clock.After(d):
	case <-ctx.Done():
	}
}

// Step works off what there is, up to one batch, without waiting for more, and
// tells how many events there were. It is for a Batch that is not started.
func (b *Batch) Step(ctx context.Context) (int, error) {
	t, err := b.next(ctx, 0, 0)
	return t.events, err
}

type taken struct {
	events int
	length time.Duration // from the first event's coming to the end, without the gathering
}

// next takes a batch. After an error it begins again at the position noted.
func (b *Batch) next(ctx context.Context, wait, gather time.Duration) (t taken, err error) {
	defer func() {
		if err != nil {
			b.close()
			if errors.Is(err, errOvertaken) {
				err = nil
			}
		}
	}()
	if err := b.open(ctx); err != nil {
		return t, err
	}
	most := b.most()
	events, err := b.read(ctx, most, wait)
	if err != nil {
		return t, err
	}
	if len(events) > 0 && len(events) < most && gather > 0 {
		b.pause(ctx, gather)
		more, err := b.read(ctx, most-len(events), 0)
		if err != nil {
			return t, err
		}
		events = append(events, more...)
	}
	began := b.Clock.Now()
	var effect Effect
	if len(events) > 0 {
		b.seq = events[len(events)-1].Seq
		if effect, err = b.Handle(ctx, events); err != nil {
			return t, err
		}
	}
	now := b.Clock.Now()
	if effect != nil || b.seq != b.noted && now.Sub(b.at) >= batchNote {
		if err := b.commit(ctx, effect, now); err != nil {
			return t, err
		}
	}
	return taken{len(events), b.Clock.Now().Sub(began)}, nil
}

func (b *Batch) most() int {
	if b.Hurry != nil && b.Hurry() {
		return b.HurryMax
	}
	if b.Max == 0 {
		return batchMax
	}
	return b.Max
}

func (b *Batch) read(ctx context.Context, most int, wait time.Duration) ([]Event, error) {
	events, err := b.reader.Next(ctx, most, wait)
	if errs.CodeOf(err) == "stream.corrupt" {
		return events, nil // the reader goes on behind it
	}
	return events, err
}

func (b *Batch) commit(ctx context.Context, effect Effect, now time.Time) error {
	err := b.DB.Write(ctx, func(tx *sqldb.Tx) error {
		ahead, err := moveFrom(tx, b.Consumer, b.Log.Topic(), b.noted, b.seq, now)
		if err != nil {
			return err
		}
		if !ahead {
			return errOvertaken
		}
		if effect == nil {
			return nil
		}
		return effect(ctx, tx)
	})
	if err == nil {
		b.noted, b.at = b.seq, now
	}
	return err
}

func (b *Batch) open(ctx context.Context) error {
	if b.reader != nil {
		return nil
	}
	seq, err := b.position(ctx)
	if err != nil {
		return err
	}
	reader, err := b.Log.Open(ctx, seq)
	if err != nil {
		return err
	}
	b.reader, b.seq, b.noted, b.at = reader, seq, seq, b.Clock.Now()
	return nil
}

func (b *Batch) close() {
	if b.reader != nil {
		b.reader.Close()
		b.reader = nil
	}
}

func (b *Batch) position(ctx context.Context) (uint64, error) {
	seq, err := position(ctx, b.DB, b.Consumer, b.Log.Topic())
	if err != nil || seq > 0 || !b.FromEnd {
		return uint64(seq), err
	}
	last, err := b.Log.Last(ctx)
	if err != nil || last == 0 {
		return 0, err
	}
	return last, move(ctx, b.DB, b.Consumer, b.Log.Topic(), last, b.Clock.Now())
}
