package lake

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/platform/job"
)

const (
	leaseFor   = 20 * time.Second
	leaseEvery = 5 * time.Second // how often it is made longer, or asked for
)

// turn is a consumer's lease. It is asked for as often as its holder likes and
// goes to the database every leaseEvery.
type turn struct {
	hold  *job.Hold
	clock clock.Clock
	mine  bool
	asked time.Time
}

// have tells whether this process is to do the work. While the database is away
// it stays as it was.
func (t *turn) have(ctx context.Context) bool {
	now := t.clock.Now()
	if !t.asked.IsZero() && now.Sub(t.asked) < leaseEvery {
		return t.mine
	}
	mine, err := t.hold.Take(ctx)
	if err == nil {
		t.mine, t.asked = mine, now
	}
	return t.mine
}

// release lets another node take over at once.
func (t *turn) release(ctx context.Context) error {
	if !t.mine {
		return nil
	}
	t.mine, t.asked = false, time.Time{}
	return t.hold.Release(ctx)
}
