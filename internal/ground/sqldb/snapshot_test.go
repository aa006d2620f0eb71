package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

func TestSnapshotShowsOneMoment(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, dbtest.Empty, func(t *testing.T, db *sqldb.DB) {
		const rows = 1050
		exec := func(texts ...string) {
			t.Helper()
			if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
				for _, text := range texts {
					if _, err := tx.Exec(text); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		exec("CREATE TABLE one (n BIGINT PRIMARY KEY, place BIGINT)", "CREATE TABLE two (name TEXT)",
			fmt.Sprintf("INSERT INTO one WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n, n FROM c", rows), "INSERT INTO two VALUES ('before')")
		var seen []int64
		batches := 0
		err := db.Snapshot(t.Context(), sqldb.Bounds{}, func(ctx context.Context, s *sqldb.Snapshot) error {
			return s.Scroll(ctx, "SELECT n, place FROM one WHERE n > "+db.Dialect().Placeholder(1)+" ORDER BY place", []any{int64(0)}, 100, func(found *sqldb.Rows) error {
				var n, place int64
				if err := found.Scan(&n, &place); err != nil {
					return err
				}
				if n != place {
					return fmt.Errorf("row %d has been moved to %d", n, place)
				}
				seen = append(seen, n)
				return nil
			}, func() error {
				batches++
				// Somebody writes: rows that come later are moved, removed and made, and nobody waits.
				exec("UPDATE one SET place = -n WHERE n = "+fmt.Sprint(rows-batches), "DELETE FROM one WHERE n = "+fmt.Sprint(500+batches*10), fmt.Sprintf("INSERT INTO one VALUES (%d, %d)", 5000+batches, 5000+batches), "UPDATE two SET name = 'after'")
				rows, err := s.Query(ctx, "SELECT name FROM two")
				if err != nil {
					return err
				}
				defer rows.Close()
				var name string
				for rows.Next() {
					if err := rows.Scan(&name); err != nil {
						return err
					}
				}
				if name != "before" {
					return fmt.Errorf("the other table shows %q", name)
				}
				return rows.Err()
			})
		})
		if err != nil || len(seen) != rows || batches != 11 || seen[0] != 1 || seen[rows-1] != rows {
			t.Fatal(len(seen), batches, err)
		}
		// Another query of the same text after its columns have changed.
		exec("ALTER TABLE one ADD COLUMN word TEXT DEFAULT 'x'")
		n := 0
		err = db.Snapshot(t.Context(), sqldb.Bounds{}, func(ctx context.Context, s *sqldb.Snapshot) error {
			return s.Scroll(ctx, "SELECT * FROM one WHERE n <= 10 ORDER BY n", nil, 5, func(found *sqldb.Rows) error {
				columns, err := found.Columns()
				if n++; err == nil && len(columns) != 3 {
					err = fmt.Errorf("the columns are %v", columns)
				}
				return err
			}, func() error { return nil })
		})
		if err != nil || n != 10 {
			t.Error(n, err)
		}
	})
}

func TestSnapshotIsBounded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, dbtest.Empty, func(t *testing.T, db *sqldb.DB) {
		err := db.Snapshot(t.Context(), sqldb.Bounds{Time: time.Millisecond}, func(ctx context.Context, s *sqldb.Snapshot) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if errs.CodeOf(err) != "sqldb.snapshot_time" && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if db.Dialect() == sqldb.SQLite {
			exec := func(tx *sqldb.Tx, text string) error { _, err := tx.Exec(text); return err }
			if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return exec(tx, "CREATE TABLE wide (x BLOB)") }); err != nil {
				t.Fatal(err)
			}
			err := db.Snapshot(t.Context(), sqldb.Bounds{Log: 1 << 20}, func(ctx context.Context, s *sqldb.Snapshot) error {
				if err := db.Write(ctx, func(tx *sqldb.Tx) error { return exec(tx, "INSERT INTO wide VALUES (zeroblob(3000000))") }); err != nil {
					return err
				}
				rows, err := s.Query(ctx, "SELECT 1")
				if err == nil {
					rows.Close()
				}
				return err
			})
			if errs.CodeOf(err) != "sqldb.snapshot_log" {
				t.Errorf("got %v", err)
			}
		}
		// Four at once, and whoever waits for a place may give up.
		inside, leave, ended := make(chan struct{}), make(chan struct{}), make(chan error)
		for range 4 {
			go func() {
				ended <- db.Snapshot(t.Context(), sqldb.Bounds{}, func(context.Context, *sqldb.Snapshot) error {
					inside <- struct{}{}
					<-leave
					return nil
				})
			}()
		}
		for range 4 {
			<-inside
		}
		given, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Snapshot(given, sqldb.Bounds{}, func(context.Context, *sqldb.Snapshot) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		close(leave)
		for range 4 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}
