package changelog_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// patience bounds every wait; none of them waits for luck.
const patience = time.Minute

func each(t *testing.T, run func(t *testing.T, db *sqldb.DB, log *changelog.Log)) {
	t.Helper()
	dbtest.Each(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, db *sqldb.DB) { run(t, db, changelog.New(db)) })
}

// onPostgres is each for what only PostgreSQL can do wrong.
func onPostgres(t *testing.T, run func(t *testing.T, db *sqldb.DB, log *changelog.Log)) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: dbtest.Postgres(t, fixture.Schema(t, fixture.Catalog(t)))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	run(t, db, changelog.New(db))
}

func change(row id.ID, version int64) changelog.Change {
	return changelog.Change{At: start, Table: "lead", Record: row, Version: version, Op: changelog.Update, Actor: id.Derive("actor"), Origin: "test"}
}

func appendTo(ctx context.Context, db *sqldb.DB, log *changelog.Log, changes ...changelog.Change) error {
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, c := range changes {
			if err := log.Append(tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// after numbers and then reads everything above the cursor.
func after(t *testing.T, log *changelog.Log, seq int64) []changelog.Change {
	t.Helper()
	if err := log.Number(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, err := log.After(t.Context(), seq, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func versions(changes []changelog.Change) (out []int64) {
	for _, c := range changes {
		out = append(out, c.Version)
	}
	return out
}

func TestAChangeComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		want := changelog.Change{At: start.Add(123456 * time.Microsecond), Table: "lead", Record: id.New(), Version: 7, Op: changelog.Update, Actor: id.New(), OnBehalfOf: id.New(),
			Origin: "api x", Before: json.RawMessage(`{"lastname":"Müller"}`), After: json.RawMessage(`{"lastname":null}`)}
		bare := changelog.Change{At: start, Table: "lead", Record: id.New(), Version: 1, Op: changelog.Delete, Actor: id.New(), Origin: ""}
		if err := appendTo(t.Context(), db, log, want, bare); err != nil {
			t.Fatal(err)
		}
		got := after(t, log, 0)
		if len(got) != 2 || got[0].Seq <= 0 || got[1].Seq <= got[0].Seq {
			t.Fatalf("got %+v", got)
		}
		want.Seq, bare.Seq = got[0].Seq, got[1].Seq
		for i, w := range []changelog.Change{want, bare} {
			g := got[i]
			if string(g.Before) != string(w.Before) || string(g.After) != string(w.After) || (g.Before == nil) != (w.Before == nil) {
				t.Errorf("images %s %s", g.Before, g.After)
			}
			g.Before, g.After, w.Before, w.After = nil, nil, nil, nil
			if g.At != w.At || g.Record != w.Record || g.OnBehalfOf != w.OnBehalfOf || g.Actor != w.Actor || g.Origin != w.Origin || g.Op != w.Op || g.Version != w.Version || g.Table != w.Table {
				t.Errorf("got %+v, want %+v", g, w)
			}
		}
		if last, err := log.Last(t.Context()); err != nil || last != bare.Seq {
			t.Errorf("last %d, %v", last, err)
		}
	})
}

func TestARolledBackChangeLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		undo := errors.New("undo")
		row := id.New()
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			if err := log.Append(tx, change(row, 1)); err != nil {
				return err
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if err := appendTo(t.Context(), db, log, change(row, 2)); err != nil {
			t.Fatal(err)
		}
		if got := versions(after(t, log, 0)); !slices.Equal(got, []int64{2}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestHistoryPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		mine, other := id.New(), id.New()
		for v := range int64(7) {
			if err := appendTo(t.Context(), db, log, change(mine, v+1), change(other, v+1)); err != nil {
				t.Fatal(err)
			}
		}
		elsewhere := change(mine, 99)
		elsewhere.Table = "account"
		if err := appendTo(t.Context(), db, log, elsewhere); err != nil {
			t.Fatal(err)
		}
		var got []int64
		before := int64(0)
		for {
			page, err := log.History(t.Context(), "lead", mine, before, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, versions(page)...)
			before = page[len(page)-1].Seq
		}
		if !slices.Equal(got, []int64{7, 6, 5, 4, 3, 2, 1}) {
			t.Errorf("got %v", got)
		}
	})
}

// held is a write that has appended its row and commits when it is let go.
type held struct {
	release chan struct{}
	done    chan error
}

func hold(ctx context.Context, t *testing.T, db *sqldb.DB, log *changelog.Log, c changelog.Change) held {
	t.Helper()
	h, appended := held{make(chan struct{}), make(chan error, 1)}, make(chan error, 1)
	go func() {
		h.done <- db.Write(ctx, func(tx *sqldb.Tx) error {
			err := log.Append(tx, c)
			appended <- err
			<-h.release
			return err
		})
	}()
	if err := <-appended; err != nil {
		t.Fatal(err)
	}
	return h
}

func (h held) commit(t *testing.T) {
	t.Helper()
	close(h.release)
	if err := <-h.done; err != nil {
		t.Fatal(err)
	}
}

// The trap of every sequence: A takes its position first and commits last. A
// reader that has passed B must still meet A.
func TestAReaderSkipsNothingThatCommitsLate(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		row := id.New()
		a := hold(t.Context(), t, db, log, change(row, 1))
		if err := appendTo(t.Context(), db, log, change(row, 2)); err != nil {
			t.Fatal(err)
		}
		var pos int64
		if _, err := db.QueryRow(t.Context(), "SELECT MAX(pos) FROM changelog", nil, &pos); err != nil || pos < 2 {
			t.Fatalf("B has position %d, %v: the case is not set up", pos, err)
		}
		first := after(t, log, 0)
		cursor := int64(0)
		if len(first) > 0 {
			cursor = first[len(first)-1].Seq
		}
		a.commit(t)
		rest := after(t, log, cursor)
		if got := append(versions(first), versions(rest)...); len(got) != 2 || !slices.Contains(got, 1) || !slices.Contains(got, 2) {
			t.Errorf("the reader met %v", got)
		}
		if again := after(t, log, rest[len(rest)-1].Seq); len(again) != 0 {
			t.Errorf("and then again %v", versions(again))
		}
	})
}

// A long transaction holds back what comes after it, and no more: what was
// committed before it began is readable at once.
func TestALongTransactionHoldsBackOnlyWhatFollows(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		row := id.New()
		if err := appendTo(t.Context(), db, log, change(row, 1)); err != nil {
			t.Fatal(err)
		}
		long := hold(t.Context(), t, db, log, change(row, 2))
		middle := hold(t.Context(), t, db, log, change(row, 3))
		for v := int64(4); v < 8; v++ {
			if err := appendTo(t.Context(), db, log, change(row, v)); err != nil {
				t.Fatal(err)
			}
		}
		if got := versions(after(t, log, 0)); !slices.Equal(got, []int64{1}) {
			t.Errorf("while both run: %v", got)
		}
		long.commit(t)
		if got := versions(after(t, log, 0)); !slices.Equal(got, []int64{1, 2}) {
			t.Errorf("while the later one runs: %v", got)
		}
		middle.commit(t)
		if got := versions(after(t, log, 0)); !slices.Equal(got, []int64{1, 2, 3, 4, 5, 6, 7}) {
			t.Errorf("in the end: %v", got)
		}
	})
}

// Whoever shares the server does not hold our log back.
func TestALongTransactionInAnotherDatabaseHoldsNothingBack(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, other *sqldb.DB, otherLog *changelog.Log) {
		onPostgres(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
			long := hold(t.Context(), t, other, otherLog, change(id.New(), 1))
			row := id.New()
			for v := range int64(3) {
				if err := appendTo(t.Context(), db, log, change(row, v)); err != nil {
					t.Fatal(err)
				}
				if got := after(t, log, 0); len(got) != int(v)+1 {
					t.Errorf("of %d changes %d can be read", v+1, len(got))
				}
			}
			mine := hold(t.Context(), t, db, log, change(row, 3))
			if err := appendTo(t.Context(), db, log, change(row, 4)); err != nil {
				t.Fatal(err)
			}
			if got := versions(after(t, log, 0)); !slices.Equal(got, []int64{0, 1, 2}) {
				t.Errorf("past a running transaction of our own: %v", got)
			}
			long.commit(t)
			mine.commit(t)
			if got := versions(after(t, log, 0)); !slices.Equal(got, []int64{0, 1, 2, 3, 4}) {
				t.Errorf("in the end: %v", got)
			}
		})
	})
}

// A database that is restored into a server whose transaction ids are lower
// holds a horizon that would not be reached for years.
func TestARestoredDatabaseGoesOn(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		row := id.New()
		set := func(statement string) {
			t.Helper()
			if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec(statement); return err }); err != nil {
				t.Fatal(err)
			}
		}
		if err := appendTo(t.Context(), db, log, change(row, 1), change(row, 2)); err != nil {
			t.Fatal(err)
		}
		first := after(t, log, 0)
		// One row more had been written and not numbered when the copy was made.
		if err := appendTo(t.Context(), db, log, change(row, 3)); err != nil {
			t.Fatal(err)
		}
		set("UPDATE changelog SET tid = (tid::text::bigint + 4000000000)::text::xid8")
		set("UPDATE changehorizon SET below = (below::text::bigint + 4000000000)::text::xid8")
		if err := appendTo(t.Context(), db, log, change(row, 4)); err != nil {
			t.Fatal(err)
		}
		second := after(t, log, first[1].Seq)
		if !slices.Equal(versions(second), []int64{3, 4}) {
			t.Fatalf("after the restoring: %v", versions(second))
		}
		// From here on all is as ever, the late commit included.
		late := hold(t.Context(), t, db, log, change(row, 5))
		if err := appendTo(t.Context(), db, log, change(row, 6)); err != nil {
			t.Fatal(err)
		}
		if got := after(t, log, second[1].Seq); len(got) != 0 {
			t.Errorf("past a running transaction: %v", versions(got))
		}
		late.commit(t)
		if got := versions(after(t, log, second[1].Seq)); !slices.Equal(got, []int64{5, 6}) {
			t.Errorf("then: %v", got)
		}
	})
}

// An idle database that was restored lowers its horizon once and is not
// searched in full at every look.
func TestARestoredHorizonFallsBackWithoutWrites(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec("UPDATE changehorizon SET below = '4000000000'")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		after(t, log, 0)
		var above bool
		if _, err := db.QueryRow(t.Context(), "SELECT below > pg_snapshot_xmax(pg_current_snapshot()) FROM changehorizon", nil, &above); err != nil || above {
			t.Errorf("the horizon is still out of reach: %v, %v", above, err)
		}
	})
}

// Sixteen writers, some slow, some giving up, while readers on several nodes
// number and read: each reader meets every committed row exactly once, in
// ascending order, and all readers in the same order.
func TestReadersUnderConcurrentWriters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		const writers, rounds = 16, 25
		var mu sync.Mutex
		committed := map[id.ID]bool{}
		undo := errors.New("undo")
		var writing sync.WaitGroup
		for w := range writers {
			writing.Go(func() {
				random := rand.New(rand.NewPCG(uint64(w), 1))
				for range rounds {
					rows := []id.ID{id.New(), id.New()}
					slow, fails := random.IntN(4) == 0 && db.Dialect() == sqldb.Postgres, random.IntN(5) == 0
					err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
						for _, row := range rows {
							if err := log.Append(tx, change(row, 1)); err != nil {
								return err
							}
							if slow {
								if _, err := tx.Exec("SELECT pg_sleep(0.005)"); err != nil {
									return err
								}
							}
						}
						if fails {
							return undo
						}
						return nil
					})
					if err != nil && !errors.Is(err, undo) {
						t.Error(err)
					}
					if err == nil {
						mu.Lock()
						committed[rows[0]], committed[rows[1]] = true, true
						mu.Unlock()
					}
				}
			})
		}
		finished := make(chan struct{})
		orders := make([][]id.ID, 3)
		var reading sync.WaitGroup
		for n := range orders {
			node := changelog.New(db)
			reading.Go(func() {
				cursor := int64(0)
				for last := false; ; {
					if err := node.Number(t.Context()); err != nil {
						t.Error(err)
						return
					}
					page, err := node.After(t.Context(), cursor, 7)
					if err != nil {
						t.Error(err)
						return
					}
					for _, c := range page {
						if c.Seq <= cursor {
							t.Errorf("number %d after %d", c.Seq, cursor)
						}
						cursor = c.Seq
						orders[n] = append(orders[n], c.Record)
					}
					if len(page) > 0 {
						continue
					}
					if last {
						return
					}
					select {
					case <-finished:
						last = true // one more look, as what is committed by now must be there
					default:
					}
				}
			})
		}
		writing.Wait()
		// Another node may be numbering at the moment; then one's own look finds
		// nothing new. All is numbered once somebody has done it after the last write.
		for {
			if err := log.Number(t.Context()); err != nil {
				t.Fatal(err)
			}
			all, err := log.After(t.Context(), 0, 10_000)
			if err != nil {
				t.Fatal(err)
			}
			if len(all) >= len(committed) {
				break
			}
		}
		close(finished)
		reading.Wait()
		for n, order := range orders {
			if len(order) != len(committed) {
				t.Errorf("reader %d met %d rows, %d are committed", n, len(order), len(committed))
			}
			if !slices.Equal(order, orders[0]) {
				t.Errorf("readers 0 and %d met them in different orders", n)
			}
			for _, row := range order {
				if !committed[row] {
					t.Errorf("reader %d met a row that was given up", n)
				}
			}
		}
	})
}

func TestTailerHandsOnEverythingInOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		if err := appendTo(t.Context(), db, log, change(id.New(), 999)); err != nil { // from before
			t.Fatal(err)
		}
		if err := log.Number(t.Context()); err != nil {
			t.Fatal(err)
		}
		tailer := log.Tailer()
		first, second := make(chan changelog.Change, 5000), make(chan changelog.Change, 5000)
		for _, to := range []chan changelog.Change{first, second} {
			tailer.Listen(func(changes []changelog.Change) {
				for _, c := range changes {
					to <- c
				}
			})
		}
		if err := tailer.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		updated := tailer.Updated()
		const rows = 2500 // more than two batches
		var many []changelog.Change
		for v := range int64(rows) {
			many = append(many, change(id.New(), v))
		}
		if err := appendTo(t.Context(), db, log, many...); err != nil {
			t.Fatal(err)
		}
		for _, from := range []chan changelog.Change{first, second} {
			last := int64(0)
			for v := range int64(rows) {
				select {
				case c := <-from:
					if c.Version != v || c.Seq <= last {
						t.Fatalf("version %d with number %d came after number %d, want version %d", c.Version, c.Seq, last, v)
					}
					last = c.Seq
				case <-time.After(patience):
					t.Fatalf("change %d did not come", v)
				}
			}
		}
		select {
		case <-updated:
		default:
			t.Error("nobody was told that the log has grown")
		}
		if err := tailer.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := appendTo(t.Context(), db, log, change(id.New(), 1)); err != nil {
			t.Fatal(err)
		}
		if len(first)+len(second) != 0 {
			t.Error("a tailer that was stopped hands on")
		}
	})
}

// Changes of other processes give no wake-up; the tailer finds them by looking.
func TestTailerFindsWhatOthersWrite(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		hands := clock.NewFake(start)
		tailer := log.Tailer()
		tailer.Clock = hands
		seen := make(chan changelog.Change, 10)
		tailer.Listen(func(changes []changelog.Change) {
			for _, c := range changes {
				seen <- c
			}
		})
		if err := tailer.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer tailer.Stop(t.Context())
		elsewhere := changelog.New(db)
		if err := appendTo(t.Context(), db, elsewhere, change(id.New(), 5)); err != nil {
			t.Fatal(err)
		}
		deadline := time.After(patience)
		for {
			select {
			case c := <-seen:
				if c.Version != 5 {
					t.Errorf("got version %d", c.Version)
				}
				return
			case <-deadline:
				t.Fatal("the change was not found")
			case <-time.After(time.Millisecond):
				hands.Advance(50 * time.Millisecond)
			}
		}
	})
}

func TestOriginTravelsInTheContext(t *testing.T) {
	t.Parallel()
	if got := changelog.Origin(t.Context()); got != "" {
		t.Errorf("without: %q", got)
	}
	if got := changelog.Origin(changelog.WithOrigin(t.Context(), "api 1")); got != "api 1" {
		t.Errorf("with: %q", got)
	}
}
