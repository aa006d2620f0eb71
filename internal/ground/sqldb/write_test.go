package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

var counters = dbtest.Schema{Hash: "counters", Apply: func(ctx context.Context, db *sqldb.DB) error {
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`CREATE TABLE counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL)`)
		return err
	})
}}

func count(t *testing.T, db *sqldb.DB, where string) (n int) {
	t.Helper()
	if _, err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM counter "+where, nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func insert(db *sqldb.DB, name string) func(tx *sqldb.Tx) error {
	return func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO counter (name, n) VALUES ("+db.Dialect().Placeholder(1)+", 1)", name)
		return err
	}
}

// Sixteen writers that read, add one and write back under a lock lose no update.
func TestSixteenWritersLoseNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		if err := db.Write(t.Context(), insert(db, "shared")); err != nil {
			t.Fatal(err)
		}
		p := db.Dialect().Placeholder
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 25 {
					err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
						if err := tx.Lock("shared"); err != nil {
							return err
						}
						var n int
						if _, err := tx.QueryRow("SELECT n FROM counter WHERE name = 'shared'", nil, &n); err != nil {
							return err
						}
						_, err := tx.Exec("UPDATE counter SET n = "+p(1)+" WHERE name = 'shared'", n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if got := count(t, db, "WHERE n = 401"); got != 1 {
			t.Fatalf("updates were lost")
		}
	})
}

func TestFailureUndoesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		boom := errors.New("boom")
		var wg sync.WaitGroup
		var mu sync.Mutex
		after := map[string]int{}
		for i := range 40 {
			wg.Go(func() {
				name := fmt.Sprintf("row-%d", i)
				err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
					tx.AfterCommit(func() { mu.Lock(); after[name]++; mu.Unlock() })
					if err := insert(db, name)(tx); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return boom
					case 2:
						panic("a caller's bug")
					}
					return nil
				})
				switch i % 4 {
				case 1:
					if !errors.Is(err, boom) {
						t.Errorf("%d: got %v, want boom", i, err)
					}
				case 2:
					if errs.CodeOf(err) != "sqldb.panic" {
						t.Errorf("%d: got %v, want a caught panic", i, err)
					}
				default:
					if err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
			})
		}
		wg.Wait()
		if got := count(t, db, ""); got != 20 {
			t.Errorf("%d rows, want the 20 that succeeded", got)
		}
		if len(after) != 20 {
			t.Errorf("%d callbacks after commit, want 20", len(after))
		}
	})
}

func TestNestedFailureLetsTheRestGoOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			if err := insert(db, "kept")(tx); err != nil {
				return err
			}
			err := tx.Nested(func() error { return insert(db, "kept")(tx) })
			if !errors.Is(err, sqldb.ErrUnique) {
				t.Errorf("got %v, want a unique violation", err)
			}
			if sqldb.Constraint(err) == "" {
				t.Error("the violated key is not named")
			}
			return insert(db, "second")(tx)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := count(t, db, ""); got != 2 {
			t.Errorf("%d rows, want 2", got)
		}
	})
}

// A closure that passes over the failure of a statement fails by itself alone.
func TestPassedOverFailure(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			if err := insert(db, "kept")(tx); err != nil {
				return err
			}
			nested := tx.Nested(func() error {
				_, _ = tx.Exec("INSERT INTO missing VALUES (1)")
				return nil
			})
			if (nested == nil) != (db.Dialect() == sqldb.SQLite) { // SQLite goes on after it, PostgreSQL does not
				t.Errorf("the nested closure: got %v", nested)
			}
			return insert(db, "second")(tx)
		})
		if err != nil || count(t, db, "") != 2 {
			t.Errorf("%d rows, want 2 (%v)", count(t, db, ""), err)
		}
	})
}

// SQLite rolls a transaction back by itself when the disk is full, say. Nobody
// of the group is then told that the write was kept, and the writer goes on.
func TestGroupThatIsRolledBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		if db.Dialect() != sqldb.SQLite {
			t.Skip("one connection of many callers is SQLite's")
		}
		entered, queued := make(chan struct{}), make(chan struct{})
		outcome := make([]error, 3)
		var wg sync.WaitGroup
		wg.Go(func() {
			outcome[0] = db.Write(t.Context(), func(tx *sqldb.Tx) error {
				close(entered)
				<-queued
				return insert(db, "before")(tx)
			})
		})
		<-entered
		wg.Go(func() {
			outcome[1] = db.Write(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec("ROLLBACK")
				return err
			})
		})
		wg.Go(func() { outcome[2] = db.Write(t.Context(), insert(db, "after")) })
		time.Sleep(5 * time.Millisecond) // lets the others queue up, so that they share the group; the test holds either way
		close(queued)
		wg.Wait()
		if outcome[1] == nil {
			t.Error("the closure that lost the transaction succeeded")
		}
		for i, name := range map[int]string{0: "before", 2: "after"} {
			kept := count(t, db, "WHERE name = '"+name+"'") == 1
			if kept != (outcome[i] == nil) {
				t.Errorf("%s: kept %v, told %v", name, kept, outcome[i])
			}
			if outcome[i] != nil && !errs.Has(outcome[i], errs.Unavailable) {
				t.Errorf("%s: got %v, want unavailable", name, outcome[i])
			}
		}
		if err := db.Write(t.Context(), insert(db, "later")); err != nil {
			t.Errorf("the writer does not go on: %v", err)
		}
	})
}

// A server that takes connections and says nothing is away, which is no fault of
// the program's: what fails by it is tried again and not given up.
func TestServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = sqldb.Open(t.Context(), sqldb.Options{URL: "postgres://nobody@" + l.Addr().String() + "/none?sslmode=disable&connect_timeout=1"})
	if !errs.Has(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
}

// Texts beyond what is kept prepared do not disturb those in use.
func TestManyDifferentQueries(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 600 {
					var n int
					if _, err := db.QueryRow(t.Context(), fmt.Sprintf("SELECT %d + %d * 1000", i, w), nil, &n); err != nil || n != i+w*1000 {
						t.Errorf("%d: got %d, %v", i, n, err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

// Deadlocks are resolved by running a closure again.
func TestDeadlockRunsAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		for _, n := range []string{"a", "b"} {
			if err := db.Write(t.Context(), insert(db, n)); err != nil {
				t.Fatal(err)
			}
		}
		update := func(first, second string) error {
			return db.Write(t.Context(), func(tx *sqldb.Tx) error {
				for _, n := range []string{first, second} {
					if _, err := tx.Exec("UPDATE counter SET n = n + 1 WHERE name = "+db.Dialect().Placeholder(1), n); err != nil {
						return err
					}
				}
				return nil
			})
		}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for range 10 {
					var err error
					if i%2 == 0 {
						err = update("a", "b")
					} else {
						err = update("b", "a")
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if got := count(t, db, "WHERE n = 41"); got != 2 {
			t.Error("updates were lost to deadlocks")
		}
	})
}

func TestCallerWhoGivesUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Write(gone, insert(db, "never")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want cancelled", err)
		}
		// A context that ends inside the closure does not tear the transaction down.
		inside, cancel := context.WithCancel(t.Context())
		if err := db.Write(inside, func(tx *sqldb.Tx) error { cancel(); return insert(db, "written")(tx) }); err != nil {
			t.Error(err)
		}
		if got := count(t, db, ""); got != 1 {
			t.Errorf("%d rows, want 1", got)
		}
	})
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	one := fstest.MapFS{"0001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (id {{.ID}}, at {{.Time}}, seq {{.Serial}});\n")}}
	two := fstest.MapFS{"0001_a.sql": one["0001_a.sql"], "0002_b.sql": {Data: []byte("-- +goose Up\nCREATE TABLE b (t {{.Text}}, ok {{.Bool}}, n {{.Int}});\n")}}
	dbtest.Each(t, dbtest.Empty, func(t *testing.T, db *sqldb.DB) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := sqldb.Migrate(t.Context(), db, one); err != nil {
					t.Error("fresh: ", err)
				}
			})
		}
		wg.Wait()
		for _, step := range []fstest.MapFS{one, two, two} {
			if err := sqldb.Migrate(t.Context(), db, step); err != nil {
				t.Fatal("again and upgrade: ", err)
			}
		}
		if err := sqldb.Migrate(t.Context(), db, one); errs.CodeOf(err) != "sqldb.newer" {
			t.Fatalf("got %v, want a refusal of the newer database", err)
		}
	})
}

// A file that another process has locked gives "unavailable", not a hang or a loss.
func TestLockedFile(t *testing.T) {
	t.Parallel()
	path := dbtest.SQLite(t, counters)
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	other, err := sqldb.Open(t.Context(), sqldb.Options{URL: path})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	held, release := make(chan struct{}), make(chan struct{})
	go other.Write(context.WithoutCancel(t.Context()), func(*sqldb.Tx) error { close(held); <-release; return nil })
	<-held
	err = db.Write(t.Context(), insert(db, "late"))
	close(release)
	if !errs.Has(err, errs.Unavailable) {
		t.Fatalf("got %v, want unavailable", err)
	}
	if err := db.Write(t.Context(), insert(db, "late")); err != nil {
		t.Fatal(err)
	}
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for url, kind := range map[string]errs.Kind{
		"mysql://x/y":                                 errs.Invalid,
		"postgres://h:notaport/db":                    errs.Invalid,
		"postgres://u:secret@127.0.0.1:1/db":          errs.Unavailable,
		filepath.Join("/proc/no-such-folder", "x.db"): errs.Unavailable,
	} {
		_, err := sqldb.Open(ctx, sqldb.Options{URL: url})
		if !errs.Has(err, kind) {
			t.Errorf("%s: got %v, want kind %v", url, err, kind)
		}
	}
}

// A closure that ends its goroutine, as a failing test does, takes nobody along.
func TestClosureThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = db.Write(t.Context(), func(tx *sqldb.Tx) error {
				if err := insert(db, "lost")(tx); err != nil {
					return err
				}
				runtime.Goexit()
				return nil
			})
		})
		wg.Wait()
		for _, name := range []string{"a", "b"} {
			if err := db.Write(t.Context(), insert(db, name)); err != nil {
				t.Errorf("the writer does not go on: %v", err)
			}
		}
		if got := count(t, db, ""); got != 2 {
			t.Errorf("%d rows, want 2", got)
		}
	})
}
