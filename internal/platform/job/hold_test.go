package job_test

import (
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

func TestHold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, db *sqldb.DB) {
		now := clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
		a, b := job.NewHold(db, now, "work", time.Minute), job.NewHold(db, now, "work", time.Minute)
		other := job.NewHold(db, now, "other work", time.Minute)
		take := func(h *job.Hold, want bool) {
			t.Helper()
			if mine, err := h.Take(t.Context()); err != nil || mine != want {
				t.Errorf("got %v, %v, want %v", mine, err, want)
			}
		}
		take(a, true)
		take(b, false)
		take(other, true)
		now.Advance(50 * time.Second)
		take(a, true) // longer
		now.Advance(50 * time.Second)
		take(b, false)
		now.Advance(11 * time.Second)
		take(b, true) // the first let it run out
		take(a, false)
		if err := a.Release(t.Context()); err != nil { // not its own any more
			t.Error(err)
		}
		take(a, false)
		if err := b.Release(t.Context()); err != nil {
			t.Error(err)
		}
		take(a, true)
	})
}
