package changelog_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// What followers get from memory is what the log holds, wherever they stand,
// also behind what memory holds no longer.
func TestFollowersReadWhatTheLogHolds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		big := []byte(`{"x":"` + strings.Repeat("y", 2000) + `"}`)
		version := int64(0)
		more := func(n int) {
			t.Helper()
			var list []changelog.Change
			for range n {
				version++
				c := change(id.New(), version)
				c.After = big
				list = append(list, c)
			}
			if err := appendTo(t.Context(), db, log, list...); err != nil {
				t.Fatal(err)
			}
		}
		same := func() {
			t.Helper()
			for _, at := range []int64{0, 1, 3, version / 2, version - 5, version - 1, version, version + 1} {
				for _, limit := range []int{1, 7, 10_000} {
					want, err := log.After(t.Context(), at, limit)
					if err != nil {
						t.Fatal(err)
					}
					got, err := log.Tailer().After(t.Context(), at, limit)
					if err != nil || !slices.Equal(versions(got), versions(want)) {
						t.Errorf("after %d up to %d: %d changes, %v, want %d", at, limit, len(got), err, len(want))
					} else if len(got) > 0 && !reflect.DeepEqual(got, want) {
						t.Errorf("after %d up to %d: other values than in the log", at, limit)
					}
				}
			}
		}
		seen := make(chan int64, 10_000)
		log.Tailer().Listen(func(changes []changelog.Change) {
			for _, c := range changes {
				seen <- c.Version
			}
		})
		await := func() {
			t.Helper()
			for v := int64(0); v != version; {
				select {
				case v = <-seen:
				case <-time.After(patience):
					t.Fatal("the tailer does not come")
				}
			}
		}
		more(3) // before the tailer
		if _, err := log.Through(t.Context()); err != nil {
			t.Fatal(err)
		}
		same()
		if err := log.Tailer().Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = log.Tailer().Stop(t.Context()) })
		for _, n := range []int{1, 2, 900, 900, 900} { // 5 MB: more than memory keeps
			more(n)
			await()
			same()
		}
		// Several in a statement, one that is taken back, and one behind it.
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			lost := tx.Nested(func() error {
				return errors.Join(log.Append(tx, change(id.New(), 7777)), errors.New("no"))
			})
			list := []changelog.Change{change(id.New(), version+1), change(id.New(), version+2)}
			ready, err := log.Ready(list)
			if err != nil {
				return err
			}
			if ok, err := log.AppendReadyAt(tx, ready, 0); err != nil || !ok || lost == nil {
				return fmt.Errorf("%v, %w, %v", ok, err, lost)
			}
			_, err = log.AppendAt(tx, change(id.New(), version+3), 0)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		version += 3
		await()
		same()
		if err := log.Tailer().Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		more(1)
		if _, err := log.Through(t.Context()); err != nil {
			t.Fatal(err)
		}
		same()
	})
}
