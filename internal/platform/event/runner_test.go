package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// memory is a log in memory.
type memory struct {
	mu     sync.Mutex
	events []event.Event
	grown  chan struct{}
}

func newMemory() *memory { return &memory{grown: make(chan struct{})} }

func (m *memory) publish(source, id, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, _ := json.Marshal(map[string]string{"key": key})
	m.events = append(m.events, event.Event{Topic: "t", Seq: uint64(len(m.events) + 1), Source: source, ID: id, At: time.Now(),
		Cloud: &cloudevents.Event{ID: id, Source: source, Type: "x", Subject: key, Data: data}})
	close(m.grown)
	m.grown = make(chan struct{})
}

func (m *memory) Topic() string { return "t" }

func (m *memory) Open(_ context.Context, after uint64) (event.Reader, error) {
	return &memoryReader{m: m, at: int(after)}, nil
}

func (m *memory) Get(_ context.Context, seq uint64) (event.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.events[seq-1], nil
}

func (m *memory) Last(context.Context) (uint64, error) { return uint64(len(m.events)), nil }

type memoryReader struct {
	m  *memory
	at int
}

func (r *memoryReader) Next(ctx context.Context, max int, wait time.Duration) ([]event.Event, error) {
	for {
		r.m.mu.Lock()
		out, grown := r.m.events[r.at:], r.m.grown
		out = out[:min(len(out), max)]
		r.m.mu.Unlock()
		if len(out) > 0 {
			r.at += len(out)
			return out, nil
		}
		select {
		case <-grown:
		case <-time.After(wait):
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *memoryReader) Close() {}

// letters keeps dead letters in a table of the test.
type letters struct{}

func (letters) Keep(_ context.Context, tx *sqldb.Tx, l event.Letter) error {
	p := tx.Dialect().Placeholder
	_, err := tx.Exec("INSERT INTO setting (name, value) VALUES ("+p(1)+", "+p(2)+")", "letter "+l.EventID, l.Reason)
	return err
}

// put writes one row per call, so that a second effect of one event shows.
func put(name string) event.Effect {
	return func(_ context.Context, tx *sqldb.Tx) error {
		p := tx.Dialect().Placeholder
		_, err := tx.Exec("INSERT INTO setting (name, value) VALUES ("+p(1)+", '1') ON CONFLICT (name) DO UPDATE SET value = setting.value || '1'", "effect "+name)
		return err
	}
}

func settings(t *testing.T, db *sqldb.DB, like string) map[string]string {
	t.Helper()
	rows, err := db.Query(t.Context(), "SELECT name, value FROM setting WHERE name LIKE "+db.Dialect().Placeholder(1), like)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var k, v string
		if err := rows.Scan(&k, &v); err != nil {
			t.Fatal(err)
		}
		out[k] = v
	}
	return out
}

// start runs a subscription until the returned stop is called.
func start(t *testing.T, db *sqldb.DB, s event.Subscription) (stop func(), dead *event.DeadLetters) {
	t.Helper()
	dead = &event.DeadLetters{DB: db, Clock: clock.System{}, Keeper: letters{}}
	r := event.NewRunner(s, event.RunnerOptions{DB: db, Clock: clock.System{}, Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})), Letters: dead})
	if err := r.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			if err := r.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop, dead
}

// until waits for a condition that is bound to come true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for !ok() {
		select {
		case <-deadline:
			t.Fatal("never came true: ", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func schema(t *testing.T) dbtest.Schema { return fixture.Schema(t, fixture.Catalog(t)) }

func TestEffectOnceInOrderOfKey(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, schema(t), func(t *testing.T, db *sqldb.DB) {
		log := newMemory()
		for i := range 300 {
			log.publish("s", fmt.Sprintf("e%d", i%200), fmt.Sprintf("k%d", i%200%7)) // the last hundred are sent again
		}
		var mu sync.Mutex
		running, seen := map[string]bool{}, map[string][]uint64{}
		s := event.Subscription{Consumer: "c", Log: log, Key: func(e event.Event) string { return e.Cloud.Subject },
			Handle: func(_ context.Context, e event.Event) (event.Effect, error) {
				mu.Lock()
				if running[e.Cloud.Subject] {
					t.Error("two events of one key at a time")
				}
				running[e.Cloud.Subject] = true
				seen[e.Cloud.Subject] = append(seen[e.Cloud.Subject], e.Seq)
				mu.Unlock()
				return func(ctx context.Context, tx *sqldb.Tx) error {
					mu.Lock()
					running[e.Cloud.Subject] = false
					mu.Unlock()
					return put(e.ID)(ctx, tx)
				}, nil
			}}
		handle := s.Handle
		s.Handle = func(ctx context.Context, e event.Event) (event.Effect, error) {
			if e.Seq > 200 { // the effect of one sent again never runs, so it could not take its mark off
				return put(e.ID), nil
			}
			return handle(ctx, e)
		}
		stop, _ := start(t, db, s)
		until(t, "all 200 effects", func() bool { return len(settings(t, db, "effect %")) == 200 })
		until(t, "the position passes the last event", func() bool { return positionOf(t, db) == 300 })
		stop()
		for name, v := range settings(t, db, "effect %") {
			if v != "1" {
				t.Errorf("%s happened %d times", name, len(v))
			}
		}
		for key, seqs := range seen {
			for i := 1; i < len(seqs); i++ {
				if seqs[i] < seqs[i-1] {
					t.Errorf("key %s out of order: %v", key, seqs)
				}
			}
		}
	})
}

func positionOf(t *testing.T, db *sqldb.DB) (seq int64) {
	t.Helper()
	seq, _, err := event.Lowest(t.Context(), db, "t", "")
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func TestFailuresRetryThenDeadLetterThenReplay(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, schema(t), func(t *testing.T, db *sqldb.DB) {
		log := newMemory()
		log.publish("s", "flaky", "a")
		log.publish("s", "poison", "b")
		log.publish("s", "panics", "c")
		log.publish("s", "good", "d")
		var mu sync.Mutex
		tries := map[string]int{}
		mended := false
		s := event.Subscription{Consumer: "c", Log: log, MaxAttempts: 3, Key: func(e event.Event) string { return e.Cloud.Subject },
			Handle: func(_ context.Context, e event.Event) (event.Effect, error) {
				mu.Lock()
				defer mu.Unlock()
				tries[e.ID]++
				switch {
				case e.ID == "flaky" && tries[e.ID] < 5:
					return nil, errs.New(errs.Unavailable, "x.away", "not now") // never counts
				case e.ID == "poison" && !mended:
					return nil, errors.New("broken beyond repair")
				case e.ID == "panics":
					panic("bug")
				}
				return put(e.ID), nil
			}}
		stop, dead := start(t, db, s)
		until(t, "two effects and two letters", func() bool {
			return len(settings(t, db, "effect %")) == 2 && len(settings(t, db, "letter %")) == 2
		})
		until(t, "the position passes all", func() bool { return positionOf(t, db) == 4 })
		stop()
		mu.Lock()
		if tries["poison"] != 3 || tries["panics"] != 3 || tries["flaky"] != 5 {
			t.Errorf("tries: %v", tries)
		}
		mended = true
		mu.Unlock()
		effect, err := dead.Effect(t.Context(), event.Letter{Consumer: "c", Topic: "t", Seq: 2, EventID: "poison", Source: "s"})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return effect(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		if got := settings(t, db, "effect poison"); len(got) != 1 {
			t.Error("the replay had no effect")
		}
	})
}

// A consumer that is stopped goes on where it was, and repeats nothing.
func TestGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, schema(t), func(t *testing.T, db *sqldb.DB) {
		log := newMemory()
		for i := range 50 {
			log.publish("s", fmt.Sprintf("e%d", i), "")
		}
		s := event.Subscription{Consumer: "c", Log: log, Handle: func(_ context.Context, e event.Event) (event.Effect, error) { return put(e.ID), nil }}
		stop, _ := start(t, db, s)
		until(t, "some effects", func() bool { return len(settings(t, db, "effect %")) > 3 })
		stop()
		for i := range 50 {
			log.publish("s", fmt.Sprintf("later%d", i), "")
		}
		start(t, db, s)
		until(t, "all effects", func() bool { return len(settings(t, db, "effect %")) == 100 })
		for name, v := range settings(t, db, "effect %") {
			if v != "1" {
				t.Errorf("%s happened %d times", name, len(v))
			}
		}
	})
}

func TestPruneForgetsOldKeysOnly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, schema(t), func(t *testing.T, db *sqldb.DB) {
		log := newMemory()
		log.publish("s", "one", "")
		start(t, db, event.Subscription{Consumer: "c", Log: log, Handle: func(_ context.Context, e event.Event) (event.Effect, error) { return put(e.ID), nil }})
		until(t, "the effect", func() bool { return len(settings(t, db, "effect %")) == 1 })
		for _, c := range []struct {
			after time.Duration
			want  int64
		}{{30 * 24 * time.Hour, 0}, {event.Keep + time.Hour, 1}} {
			if n, err := event.Prune(t.Context(), db, time.Now().Add(c.after)); err != nil || n != c.want {
				t.Errorf("after %v: %v, %d forgotten, want %d", c.after, err, n, c.want)
			}
		}
	})
}

// One event that waits to be tried again does not hold up those behind it, and
// the position stays in front of it.
func TestOneWaitingEventHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	const others = 5000 // more than a runner has open at a time
	dbtest.Each(t, schema(t), func(t *testing.T, db *sqldb.DB) {
		log := newMemory()
		log.publish("s", "waits", "a")
		for i := range others {
			log.publish("s", fmt.Sprintf("e%d", i), "")
		}
		var away atomic.Bool
		away.Store(true)
		var handled atomic.Int64
		start(t, db, event.Subscription{Consumer: "c", Log: log, Key: func(e event.Event) string { return e.Cloud.Subject },
			Handle: func(_ context.Context, e event.Event) (event.Effect, error) {
				if e.ID == "waits" && away.Load() {
					return nil, errs.New(errs.Unavailable, "x.away", "not now")
				}
				handled.Add(1)
				return nil, nil
			}})
		until(t, "all others are handled", func() bool { return handled.Load() >= others })
		if at := positionOf(t, db); at != 0 {
			t.Errorf("the position is %d, past an event that is not worked off", at)
		}
		away.Store(false)
		until(t, "the position passes all", func() bool { return positionOf(t, db) == others+1 })
	})
}

// A replayed event says when it came.
func TestReplayedEventHasItsTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, schema(t), func(t *testing.T, db *sqldb.DB) {
		var at time.Time
		_, dead := start(t, db, event.Subscription{Consumer: "c", Log: newMemory(), Handle: func(_ context.Context, e event.Event) (event.Effect, error) {
			at = e.At
			return nil, nil
		}})
		want := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		if _, err := dead.Effect(t.Context(), event.Letter{Consumer: "c", Topic: "t", Source: "s", EventID: "e", Data: `{"specversion":"1.0","id":"e","source":"s","type":"x"}`, At: want}); err != nil || !at.Equal(want) {
			t.Errorf("got %v, want %v (%v)", at, want, err)
		}
	})
}
