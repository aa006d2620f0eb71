package event_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// Two nodes follow one log: whichever comes second finds that the other was
// faster, and nothing has its effect twice.
func TestABatchTakesEffectOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	dbtest.Each(t, schema(t), func(t *testing.T, db *sqldb.DB) {
		log := changelog.New(db)
		write := func(from, to int64) {
			t.Helper()
			err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
				for v := from; v <= to; v++ {
					if err := log.Append(tx, changelog.Change{At: now, Table: "lead", Record: id.New(), Version: v, Op: changelog.Create, Actor: id.Derive("actor"), After: []byte("{}")}); err != nil {
						return err
					}
				}
				return nil
			})
			if err == nil {
				_, err = log.Through(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		effects := map[int64]int{}
		var failing error
		clk := clock.NewFake(now)
		var handled func() // what happens between looking and writing
		node := func() *event.Batch {
			return &event.Batch{Consumer: "followed", Log: event.Changes(log), DB: db, Clock: clk, Logger: slog.New(slog.DiscardHandler), Max: 4,
				Handle: func(_ context.Context, events []event.Event) (event.Effect, error) {
					if handled != nil {
						handled()
					}
					var even []int64
					for _, e := range events {
						if e.Change.Version%2 == 0 {
							even = append(even, e.Change.Version)
						}
					}
					if len(even) == 0 {
						return nil, nil
					}
					return func(_ context.Context, tx *sqldb.Tx) error {
						if failing != nil {
							return failing
						}
						tx.AfterCommit(func() {
							for _, v := range even {
								effects[v]++
							}
						})
						return nil
					}, nil
				}}
		}
		step := func(b *event.Batch, want int) {
			t.Helper()
			if n, err := b.Step(t.Context()); err != nil || n != want {
				t.Fatalf("%d events, %v, want %d", n, err, want)
			}
		}
		position := func(want int64) {
			t.Helper()
			if seq, err := event.Position(t.Context(), db, "followed", "changes"); err != nil || seq != want {
				t.Errorf("at %d, %v, want %d", seq, err, want)
			}
		}
		first, second := node(), node()
		write(1, 6)
		handled = func() { handled = nil; step(second, 4) } // second takes 1 to 4 while first looks at the same
		step(first, 0)
		step(first, 2) // it goes on behind second
		position(6)
		write(7, 7)
		step(second, 0) // second had not seen 5 and 6 go, and learns it
		step(second, 1) // 7 has no effect: where second stands is noted later
		position(6)
		clk.Advance(time.Minute)
		step(second, 0)
		position(7)
		write(8, 8)
		failing = errors.New("no room")
		if _, err := first.Step(t.Context()); errs.CodeOf(err) == "" && err == nil {
			t.Error("an effect that fails is no failure")
		}
		failing = nil
		for n := 1; n > 0; {
			var err error
			if n, err = first.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		position(8)
		for v := int64(1); v <= 8; v++ {
			if want := int(1 - v%2); effects[v] != want {
				t.Errorf("change %d had its effect %d times, want %d", v, effects[v], want)
			}
		}
	})
}
