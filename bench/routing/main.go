// Command routing measures how many leads a second are routed: the rule found
// among thousands of postal ones, the queue item and the owner written, the
// reason kept, each lead in a transaction of its own that is flushed to disk.
// Afterwards it is checked that nobody of a team got more than one lead more
// than another, and that the same leads go to the same queues by a plain search.
//
//	go run ./bench/routing -out bench/routing/RESULTS.md
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/test/pgserver"
)

type settings struct {
	leads, rules, sellers, teams, callers int
	limit                                 time.Duration
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "routing:", err)
		os.Exit(1)
	}
}

func run() error {
	var s settings
	flag.IntVar(&s.leads, "leads", 10_000, "leads to route")
	flag.IntVar(&s.rules, "rules", 5_000, "postal rules: a third each of codes, beginnings and ranges")
	flag.IntVar(&s.sellers, "sellers", 500, "who get them")
	flag.IntVar(&s.teams, "teams", 50, "that the sellers are spread over; each works one queue")
	flag.IntVar(&s.callers, "callers", 16, "at the same time")
	flag.DurationVar(&s.limit, "limit", 8*time.Minute, "for one database")
	engines := flag.String("engines", "sqlite,postgres", "databases")
	out := flag.String("out", "", "file to write the table to as well")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "routing-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var b strings.Builder
	fmt.Fprintf(&b, "# Routing\n\nRecorded on %s with %d processors, %s: %d leads, %d postal rules, %d sellers in %d teams, %d callers.\n\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), s.leads, s.rules, s.sellers, s.teams, s.callers)
	b.WriteString("| database | leads/s | p50 | p99 | rule alone | greatest difference within a team | leads in a wrong queue |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, engine := range strings.Split(*engines, ",") {
		if err := one(ctx, s, engine, dir, &b); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	fmt.Print(b.String())
	if *out == "" {
		return nil
	}
	return os.WriteFile(*out, []byte(b.String()), 0o644)
}

func one(ctx context.Context, s settings, engine, dir string, b *strings.Builder) error {
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	if engine == "sqlite" {
		return measure(ctx, s, engine, filepath.Join(dir, "routing.db"), b)
	}
	if err := os.Setenv("RAPPORT_TEST_PGSYNC", "1"); err != nil { // flush every commit
		return err
	}
	pg, err := pgserver.New(ctx, dir)
	if err != nil {
		return err
	}
	if err := pg.Start(ctx); err != nil {
		return err
	}
	err = measure(ctx, s, engine, pg.URL("postgres"), b)
	if e := pg.Stop(); err == nil {
		err = e
	}
	return err
}
