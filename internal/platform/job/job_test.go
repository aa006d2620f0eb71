package job_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/schema"
	"github.com/rapport-platform/rapport/internal/test/dbtest"

	"io/fs"
)

var laid = dbtest.Schema{Hash: "job", Apply: func(ctx context.Context, db *sqldb.DB) error {
	files, err := fs.Sub(schema.Migrations, "migrations")
	if err != nil {
		return err
	}
	if err := sqldb.Migrate(ctx, db, files); err != nil {
		return err
	}
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("CREATE TABLE effect (n INTEGER NOT NULL)")
		return err
	})
}}

type world struct {
	*testing.T
	db    *sqldb.DB
	clock *clock.Fake
	queue *job.Queue
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	c := clock.NewFake(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC))
	return &world{T: t, db: db, clock: c, queue: job.NewQueue(db, c)}
}

func each(t *testing.T, run func(w *world)) {
	t.Parallel()
	dbtest.Each(t, laid, func(t *testing.T, db *sqldb.DB) { run(newWorld(t, db)) })
}

func (w *world) write(fn func(tx *sqldb.Tx) error) {
	w.Helper()
	if err := w.db.Write(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

func (w *world) enqueue(s job.Spec) (made id.ID) {
	w.Helper()
	w.write(func(tx *sqldb.Tx) (err error) {
		made, err = w.queue.Enqueue(tx, s)
		return err
	})
	return made
}

func (w *world) run(o job.Options) *job.Runner {
	w.Helper()
	o.Queue = w.queue
	if o.Lease == 0 {
		o.Lease = 1000 * time.Hour // the clock moves in large steps
	}
	r := job.NewRunner(o)
	if err := r.Start(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.Context()), 10*time.Second)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			w.Error(err)
		}
	})
	return r
}

// until moves the clock in small steps until the condition holds.
func (w *world) until(what string, step time.Duration, holds func() bool) {
	w.Helper()
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			w.Fatalf("not reached: %s", what)
		}
		w.clock.Advance(step)
		<-tick.C
	}
}

func (w *world) count(query string) (n int64) {
	w.Helper()
	if _, err := w.db.QueryRow(w.Context(), query, nil, &n); err != nil {
		w.Fatal(err)
	}
	return n
}

// effect counts one and ends the job, in one transaction.
func (w *world) effect(ctx context.Context, j *job.Job) error {
	return w.db.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec("INSERT INTO effect (n) VALUES (1)"); err != nil {
			return err
		}
		return j.Done(tx)
	})
}

func TestDoneOnceEach(t *testing.T) {
	each(t, func(w *world) {
		const n = 300
		for i := range 10 {
			w.write(func(tx *sqldb.Tx) error {
				for k := range n / 10 {
					if _, err := w.queue.Enqueue(tx, job.Spec{Kind: "work", Key: fmt.Sprint(i, k), Payload: k}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		// Two runners on one database, as on two nodes.
		a := w.run(job.Options{Handlers: map[string]job.Handler{"work": {Run: w.effect}}})
		b := w.run(job.Options{Handlers: map[string]job.Handler{"work": {Run: w.effect}}})
		w.until("all done", time.Millisecond, func() bool { return w.count("SELECT COUNT(*) FROM job") == 0 })
		if got := w.count("SELECT COUNT(*) FROM effect"); got != n {
			w.Errorf("%d effects of %d jobs", got, n)
		}
		w.until("counted", 0, func() bool { return a.Counts.Finished.Load()+b.Counts.Finished.Load() == n })
	})
}

func TestKilledBetweenLeaseAndDone(t *testing.T) {
	each(t, func(w *world) {
		w.enqueue(job.Spec{Kind: "work", Payload: map[string]int{"a": 1}})
		taken, err := job.Claim(w.queue, w.Context(), []string{"work"}, 10, 30*time.Second)
		if err != nil || len(taken) != 1 {
			w.Fatal(taken, err)
		}
		again, err := job.Claim(w.queue, w.Context(), []string{"work"}, 10, 30*time.Second)
		if err != nil || len(again) != 0 {
			w.Fatal("a leased job was claimed twice", err)
		}
		w.clock.Advance(31 * time.Second)
		r := w.run(job.Options{Handlers: map[string]job.Handler{"work": {Run: func(ctx context.Context, j *job.Job) error {
			var payload map[string]int
			if err := json.Unmarshal(j.Payload, &payload); err != nil || payload["a"] != 1 || j.Attempt != 1 {
				w.Errorf("%s, attempt %d", j.Payload, j.Attempt)
			}
			return w.effect(ctx, j)
		}}}})
		w.until("picked up again", 100*time.Millisecond, func() bool { return r.Counts.Finished.Load() == 1 })
		// The first claimer wakes up late: its transaction must fail as a whole.
		if err := w.effect(w.Context(), taken[0]); !errors.Is(err, job.ErrLeaseLost) {
			w.Error(err)
		}
		if got := w.count("SELECT COUNT(*) FROM effect"); got != 1 {
			w.Errorf("%d effects", got)
		}
	})
}

func TestHeartbeatKeepsTheLease(t *testing.T) {
	each(t, func(w *world) {
		w.enqueue(job.Spec{Kind: "slow"})
		begun, finish := make(chan struct{}), make(chan struct{})
		var tries atomic.Int64
		handlers := map[string]job.Handler{"slow": {Run: func(ctx context.Context, j *job.Job) error {
			tries.Add(1)
			close(begun)
			<-finish
			return w.effect(ctx, j)
		}}}
		w.run(job.Options{Handlers: handlers, Lease: 3 * time.Second})
		<-begun
		w.run(job.Options{Handlers: handlers, Lease: 3 * time.Second})
		ahead := func() bool {
			return w.count("SELECT COUNT(*) FROM job WHERE due > "+w.soon(2*time.Second)) == 1
		}
		for range 4 { // far beyond the first lease
			w.until("the lease is extended", 3*time.Millisecond, ahead)
			w.clock.Advance(1500 * time.Millisecond)
		}
		close(finish)
		w.until("done", 0, func() bool { return w.count("SELECT COUNT(*) FROM job") == 0 })
		if tries.Load() != 1 {
			w.Errorf("%d tries", tries.Load())
		}
	})
}

// A database that is locked for longer than a lease (SQLite's VACUUM) lets no
// heartbeat through. Nobody takes the job from itself when it is free again.
func TestALateHeartbeatLosesNothing(t *testing.T) {
	each(t, func(w *world) {
		w.enqueue(job.Spec{Kind: "slow"})
		begun, finish := make(chan struct{}, 9), make(chan struct{})
		var tries atomic.Int64
		r := w.run(job.Options{Lease: 30 * time.Second, Handlers: map[string]job.Handler{
			"slow": {Run: func(ctx context.Context, j *job.Job) error {
				tries.Add(1)
				begun <- struct{}{}
				<-finish
				return w.effect(ctx, j)
			}},
			"quick": {Run: w.effect},
		}})
		<-begun
		for n := range int64(5) {
			w.clock.Advance(time.Hour) // at once: the lease is over before any heartbeat
			w.enqueue(job.Spec{Kind: "quick"})
			// Whatever claims this one would have claimed the older one with it.
			w.until("the quick one is done", 0, func() bool { return w.count("SELECT COUNT(*) FROM effect") == n+1 })
		}
		close(finish)
		w.until("done", 0, func() bool { return w.count("SELECT COUNT(*) FROM job") == 0 })
		if tries.Load() != 1 || r.Counts.LeasesLost.Load() != 0 {
			w.Errorf("%d tries, %d leases lost", tries.Load(), r.Counts.LeasesLost.Load())
		}
	})
}

// soon writes an instant after the clock's as a literal.
func (w *world) soon(d time.Duration) string {
	at := w.clock.Now().Add(d)
	if w.db.Dialect() == sqldb.Postgres {
		return "'" + at.Format(time.RFC3339Nano) + "'"
	}
	return fmt.Sprint(at.UnixMicro())
}

func TestRetriesThenDeadThenRevived(t *testing.T) {
	each(t, func(w *world) {
		key := w.enqueue(job.Spec{Kind: "bad", Key: "k"})
		var tries, mended atomic.Int64
		var told atomic.Value
		r := w.run(job.Options{Handlers: map[string]job.Handler{"bad": {MaxAttempts: 3,
			Run: func(ctx context.Context, j *job.Job) error {
				if mended.Load() == 1 {
					return w.effect(ctx, j)
				}
				if int64(j.Attempt) != tries.Add(1) {
					w.Errorf("attempt %d on try %d", j.Attempt, tries.Load())
				}
				if j.Attempt == 2 {
					panic("a bug")
				}
				return errors.New("broken")
			},
			Dead: func(_ context.Context, tx *sqldb.Tx, j *job.Job, reason error) error {
				told.Store(reason.Error())
				_, err := tx.Exec("INSERT INTO effect (n) VALUES (-1)")
				return err
			}}}})
		w.until("dead", 500*time.Millisecond, func() bool { return r.Counts.Dead.Load() == 1 })
		dead, err := w.queue.Dead(w.Context(), w.clock.Now().Add(time.Hour), 10)
		if err != nil || len(dead) != 1 || dead[0].ID != key || dead[0].Reason != "broken" || dead[0].Failures != 3 || dead[0].Key != "k" || dead[0].DeadOn.IsZero() {
			w.Fatalf("%+v, %v", dead, err)
		}
		if tries.Load() != 3 || told.Load() != "broken" || r.Counts.Retried.Load() != 2 || w.count("SELECT COUNT(*) FROM effect WHERE n = -1") != 1 {
			w.Errorf("%d tries, %v, %d retried", tries.Load(), told.Load(), r.Counts.Retried.Load())
		}
		mended.Store(1)
		w.write(func(tx *sqldb.Tx) error { return w.queue.Revive(tx, key) })
		w.until("done", 100*time.Millisecond, func() bool { return w.count("SELECT COUNT(*) FROM job") == 0 })
		err = w.db.Write(w.Context(), func(tx *sqldb.Tx) error { return w.queue.Revive(tx, key) })
		if !errors.Is(err, job.ErrNotDead) {
			w.Error(err)
		}
	})
}

func TestUnavailableIsNotCounted(t *testing.T) {
	each(t, func(w *world) {
		w.enqueue(job.Spec{Kind: "work"})
		var tries atomic.Int64
		r := w.run(job.Options{Handlers: map[string]job.Handler{"work": {MaxAttempts: 2, Run: func(ctx context.Context, j *job.Job) error {
			if j.Attempt != 1 {
				w.Errorf("attempt %d", j.Attempt)
			}
			if tries.Add(1) <= 6 {
				return fmt.Errorf("the step: %w", errs.New(errs.Unavailable, "test.down", "down"))
			}
			return w.effect(ctx, j)
		}}}})
		w.until("done", 500*time.Millisecond, func() bool { return w.count("SELECT COUNT(*) FROM job") == 0 })
		if r.Counts.Unavailable.Load() != 6 || r.Counts.Dead.Load() != 0 {
			w.Error(r.Counts.Unavailable.Load(), r.Counts.Dead.Load())
		}
	})
}

func TestPermanentIsDeadAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.enqueue(job.Spec{Kind: "work"})
		r := w.run(job.Options{Handlers: map[string]job.Handler{"work": {Run: func(context.Context, *job.Job) error { return job.Permanent(errors.New("never")) }}}})
		w.until("dead", time.Millisecond, func() bool { return r.Counts.Dead.Load() == 1 })
		if r.Counts.Retried.Load() != 0 {
			w.Error("it was tried again")
		}
	})
}

// A job that ends its process every time must not do so for ever.
func TestWhatKillsTheProcessEndsDead(t *testing.T) {
	each(t, func(w *world) {
		w.enqueue(job.Spec{Kind: "poison"})
		for i := range 10 {
			taken, err := job.Claim(w.queue, w.Context(), []string{"poison"}, 1, time.Second)
			if err != nil || len(taken) != 1 {
				w.Fatal(i, taken, err)
			}
			w.clock.Advance(2 * time.Second)
		}
		r := w.run(job.Options{Handlers: map[string]job.Handler{"poison": {Run: func(context.Context, *job.Job) error {
			w.Error("it ran once more")
			return nil
		}}}})
		w.until("dead", time.Millisecond, func() bool { return r.Counts.Dead.Load() == 1 })
	})
}

func TestKeysDueTimesAndCancelling(t *testing.T) {
	each(t, func(w *world) {
		first := w.enqueue(job.Spec{Kind: "later", Key: "k", Due: w.clock.Now().Add(time.Hour)})
		if second := w.enqueue(job.Spec{Kind: "later", Key: "k"}); first == id.Nil || second != id.Nil {
			w.Errorf("%v %v", first, second)
		}
		w.enqueue(job.Spec{Kind: "other", Key: "k", Due: w.clock.Now().Add(time.Hour)})
		var runs atomic.Int64
		count := job.Handler{Run: func(ctx context.Context, j *job.Job) error {
			runs.Add(1)
			return w.effect(ctx, j)
		}}
		r := w.run(job.Options{Handlers: map[string]job.Handler{"later": count}})
		w.until("25 minutes", time.Minute, func() bool { return w.clock.Now().After(time.Date(2026, 11, 22, 8, 25, 0, 0, time.UTC)) })
		if runs.Load() != 0 {
			w.Error("it ran before it was due")
		}
		var found bool
		w.write(func(tx *sqldb.Tx) (err error) { found, err = w.queue.Hasten(tx, "later", "k"); return err })
		if !found {
			w.Error("nothing to hasten")
		}
		w.until("hastened", 0, func() bool { return r.Counts.Finished.Load() == 1 })
		w.write(func(tx *sqldb.Tx) (err error) { found, err = w.queue.Cancel(tx, "other", "k"); return err })
		if !found || w.count("SELECT COUNT(*) FROM job") != 0 {
			w.Error("not cancelled")
		}
		if w.enqueue(job.Spec{Kind: "other", Key: "k", Due: w.clock.Now().Add(time.Hour)}) == id.Nil {
			w.Error("the key is not free")
		}
		w.clock.Advance(61 * time.Minute)
		if n, lag, err := w.queue.Waiting(w.Context(), "other"); n != 1 || lag != time.Minute || err != nil {
			w.Error(n, lag, err)
		}
	})
}

func TestAgainCarriesOn(t *testing.T) {
	each(t, func(w *world) {
		w.enqueue(job.Spec{Kind: "parts", Payload: 0})
		r := w.run(job.Options{Handlers: map[string]job.Handler{"parts": {Run: func(ctx context.Context, j *job.Job) error {
			var part int
			if err := json.Unmarshal(j.Payload, &part); err != nil {
				return err
			}
			return w.db.Write(ctx, func(tx *sqldb.Tx) error {
				if _, err := tx.Exec("INSERT INTO effect (n) VALUES ("+tx.Dialect().Placeholder(1)+")", part); err != nil {
					return err
				}
				if part == 4 {
					return j.Done(tx)
				}
				return j.Again(tx, w.clock.Now().Add(time.Duration(part%2)*time.Minute), part+1)
			})
		}}}})
		w.until("all parts", 5*time.Second, func() bool { return w.count("SELECT COUNT(*) FROM job") == 0 })
		if w.count("SELECT COUNT(*) FROM effect") != 5 || w.count("SELECT SUM(n) FROM effect") != 10 {
			w.Error("parts are missing or doubled")
		}
		w.until("counted", 0, func() bool { return r.Counts.Finished.Load() == 5 })
	})
}

// A transaction that fails after Enqueue leaves no job and wakes nobody.
func TestEnqueueBelongsToTheTransaction(t *testing.T) {
	each(t, func(w *world) {
		err := w.db.Write(w.Context(), func(tx *sqldb.Tx) error {
			if _, err := w.queue.Enqueue(tx, job.Spec{Kind: "work"}); err != nil {
				return err
			}
			return errors.New("no")
		})
		if err == nil || w.count("SELECT COUNT(*) FROM job") != 0 {
			w.Error(err)
		}
	})
}

func TestStopLetsWorkFinish(t *testing.T) {
	each(t, func(w *world) {
		w.enqueue(job.Spec{Kind: "work"})
		begun, finish := make(chan struct{}), make(chan struct{})
		r := job.NewRunner(job.Options{Queue: w.queue, Handlers: map[string]job.Handler{"work": {Run: func(ctx context.Context, j *job.Job) error {
			close(begun)
			<-finish
			return w.effect(ctx, j)
		}}}})
		ctx, cancel := context.WithCancel(w.Context())
		if err := r.Start(ctx); err != nil {
			w.Fatal(err)
		}
		<-begun
		cancel() // the application ends: work goes on until Stop says otherwise
		var stopped sync.WaitGroup
		stopped.Go(func() {
			if err := r.Stop(context.WithoutCancel(w.Context())); err != nil {
				w.Error(err)
			}
		})
		close(finish)
		stopped.Wait()
		if w.count("SELECT COUNT(*) FROM job") != 0 || w.count("SELECT COUNT(*) FROM effect") != 1 {
			w.Error("the work was cut off")
		}
	})
}

func BenchmarkJobs(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			url := ""
			if engine == "sqlite" {
				url = dbtest.SQLite(b, laid)
			} else {
				url = dbtest.Postgres(b, laid)
			}
			db, err := sqldb.Open(b.Context(), sqldb.Options{URL: url})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			q := job.NewQueue(db, clock.System{})
			var done sync.WaitGroup
			r := job.NewRunner(job.Options{Queue: q, Workers: 64, Handlers: map[string]job.Handler{"work": {Run: func(ctx context.Context, j *job.Job) error {
				defer done.Done()
				return db.Write(ctx, func(tx *sqldb.Tx) error { return j.Done(tx) })
			}}}})
			done.Add(b.N)
			for at := 0; at < b.N; at += 1000 {
				if err := db.Write(b.Context(), func(tx *sqldb.Tx) error {
					for i := at; i < min(at+1000, b.N); i++ {
						if _, err := q.Enqueue(tx, job.Spec{Kind: "work"}); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			if err := r.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			done.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			if err := r.Stop(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}
