package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rapport-platform/rapport/bench/internal/rows"
)

// peer is the rate at which the driver alone writes leads.
type peer struct {
	name string
	rate float64
}

// rawLength is how long each round of the driver alone takes.
const rawLength = 5 * time.Second

// measureRaw writes copies of one lead's rows into the database that the
// product has filled and left.
func measureRaw(ctx context.Context, engine, url string) ([]peer, error) {
	t, err := readTemplate(ctx, engine, url)
	if err != nil {
		return nil, err
	}
	type round struct {
		name           string
		callers, group int
	}
	rounds := []round{{"SQLite, one lead a transaction", 1, 1}, {"SQLite, 32 leads a transaction", 1, 32}}
	if engine == "postgres" {
		rounds = []round{{"PostgreSQL, one lead a transaction, 1 caller", 1, 1}, {"PostgreSQL, one lead a transaction, 16 callers", 16, 1}}
	}
	var out []peer
	for _, r := range rounds {
		rate, err := writeCopies(ctx, engine, url, t, r.callers, r.group)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "%s: %.0f leads/s\n", r.name, rate)
		out = append(out, peer{r.name, rate})
	}
	return out, nil
}

func writeCopies(ctx context.Context, engine, url string, t *rows.Template, callers, group int) (float64, error) {
	counts, errors := make([]int, callers), make([]error, callers)
	var all sync.WaitGroup
	began := time.Now()
	for c := range callers {
		all.Go(func() {
			conn, err := rows.Connect(ctx, engine, url)
			if err != nil {
				errors[c] = err
				return
			}
			defer conn.Close(ctx)
			for time.Since(began) < rawLength && errors[c] == nil && ctx.Err() == nil {
				errors[c] = writeGroup(ctx, conn, t, group)
				counts[c] += group
			}
		})
	}
	all.Wait()
	took, total := time.Since(began), 0
	for c := range callers {
		total += counts[c]
		if errors[c] != nil {
			return 0, errors[c]
		}
	}
	return float64(total) / took.Seconds(), ctx.Err()
}

func writeGroup(ctx context.Context, c rows.Conn, t *rows.Template, group int) error {
	if err := c.Begin(ctx); err != nil {
		return err
	}
	for range group {
		for _, s := range t.Copy() {
			if err := c.Exec(ctx, s.Text, s.Args); err != nil {
				return err
			}
		}
	}
	return c.Commit(ctx)
}
