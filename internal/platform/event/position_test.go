package event_test

import (
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// A consumer that has joined holds trimming back before it has read anything.
func TestLowestKnowsWhoHasJoined(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	dbtest.Each(t, schema(t), func(t *testing.T, db *sqldb.DB) {
		lowest := func(but string, want int64, known bool) {
			t.Helper()
			if seq, ok, err := event.Lowest(t.Context(), db, "t", but); err != nil || seq != want || ok != known {
				t.Errorf("but %q: %d, %v, %v, want %d, %v", but, seq, ok, err, want, known)
			}
		}
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
		}
		lowest("", 0, false)
		do(event.Note(t.Context(), db, "first", "t", 40, now))
		do(event.Note(t.Context(), db, "first", "another topic", 7, now))
		lowest("", 40, true)
		do(event.Join(t.Context(), db, "second", "t", now))
		lowest("", 0, true)
		lowest("second", 40, true)
		do(event.Note(t.Context(), db, "second", "t", 30, now))
		do(event.Join(t.Context(), db, "second", "t", now)) // it stays where it is
		do(event.Note(t.Context(), db, "second", "t", 20, now))
		lowest("", 30, true)
		do(event.Leave(t.Context(), db, "second", "t"))
		lowest("", 40, true)
		if seq, err := event.Position(t.Context(), db, "first", "another topic"); err != nil || seq != 7 {
			t.Errorf("%d, %v", seq, err)
		}
	})
}
