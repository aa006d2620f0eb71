package changelog

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/secret"
)

// SealEvery is how often what has been written is sealed.
const SealEvery = 30 * time.Second

// NewSealer gives the service that seals in the background. It may run on every
// node; they take turns.
func NewSealer(l *Log, keys *secret.Box, c clock.Clock, logger *slog.Logger) lifecycle.Service {
	return &lifecycle.Loop{Run: func(ctx context.Context) {
		told := ""
		for {
			select {
			case <-c.After(SealEvery):
			case <-ctx.Done():
				return
			}
			if err := l.SealAll(ctx, keys, c); err != nil && ctx.Err() == nil && !errs.Has(err, errs.Unavailable) {
				logger.Error("change log: rows could not be sealed", "error", err)
			}
			// Logs are kept elsewhere: a chain that was made anew does not have the seals that they tell of.
			if last, found, err := l.LastSeal(ctx); err == nil && found && last.Hash != told {
				told = last.Hash
				logger.Info("change log sealed", "anchor", fmt.Sprintf("%d:%s", last.Number, last.Hash), "rows", last.Count)
			}
		}
	}}
}

// SealAll seals all that is committed and numbered now.
func (l *Log) SealAll(ctx context.Context, keys *secret.Box, c clock.Clock) error {
	for {
		n, err := l.Seal(ctx, keys, c.Now())
		if err != nil || n < SealBatch {
			return err
		}
	}
}
