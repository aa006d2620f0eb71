package event

import (
	"context"
	"log/slog"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

const (
	batchMax   = 1000
	batchPause = time.Second
	batchNote  = 5 * time.Second // how often the position is kept while nothing follows from events
)

// Batch is a consumer for which single events matter little: it takes them many
// at a time, in order, and what follows from a batch commits together with the
// position behind it. There are no inbox keys and no dead letters; a batch that
// fails is tried again.
type Batch struct {
	Consumer string // names the position; never rename it
	Log      Log
	DB       *sqldb.DB
	Clock    clock.Clock
	Logger   *slog.Logger
	FromEnd  bool // a new consumer begins at the end of the log
	// Handle works out what follows from a batch; nil is nothing.
	Handle func(ctx context.Context, events []Event) (Effect, error)

	loop lifecycle.Loop
}

// Start begins to consume.
func (b *Batch) Start(ctx context.Context) error {
	b.loop.Run = func(ctx context.Context) {
		for ctx.Err() == nil {
			if err := b.consume(ctx); err != nil && ctx.Err() == nil {
				if !errs.Has(err, errs.Unavailable) {
					b.Logger.Error("a batch of events failed and is tried again", "consumer", b.Consumer, "error", err)
				}
				select {
				case <-b.Clock.After(batchPause):
				case <-ctx.Done():
				}
			}
		}
	}
	return b.loop.Start(ctx)
}

// Stop ends the consumer after the batch at hand.
func (b *Batch) Stop(ctx context.Context) error { return b.loop.Stop(ctx) }

func (b *Batch) consume(ctx context.Context) error {
	seq, err := b.position(ctx)
	if err != nil {
		return err
	}
	reader, err := b.Log.Open(ctx, seq)
	if err != nil {
		return err
	}
	defer reader.Close()
	noted, last := seq, b.Clock.Now()
	for ctx.Err() == nil {
		events, err := reader.Next(ctx, batchMax, time.Second)
		if err != nil && errs.CodeOf(err) != "stream.corrupt" {
			return err
		}
		var effect Effect
		if len(events) > 0 {
			seq = events[len(events)-1].Seq
			if effect, err = b.Handle(ctx, events); err != nil {
				return err
			}
		}
		now := b.Clock.Now()
		if effect == nil && (seq == noted || now.Sub(last) < batchNote) {
			continue
		}
		err = b.DB.Write(ctx, func(tx *sqldb.Tx) error {
			if effect != nil {
				if err := effect(ctx, tx); err != nil {
					return err
				}
			}
			return moveIn(tx, b.Consumer, b.Log.Topic(), seq, now)
		})
		if err != nil {
			return err
		}
		noted, last = seq, now
	}
	return nil
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
