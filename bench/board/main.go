// Command board measures the board of opportunities: how long the one request
// takes that gives the totals of all columns and the first page of each, and the
// request for a further page, for somebody who sees everything and for a seller who
// sees a unit.
//
//	go run ./bench/board -rows 100000 -database both -out bench/board/RESULTS.md
//
// The opportunities are made through the Web API and then spread over the stages of
// the sales process in the database itself. The totals are compared with a count of
// the database's own; how it finds them is told beside the times.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/test/pgserver"
)

type settings struct {
	rows, times int
	longest     time.Duration
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "board:", err)
		os.Exit(1)
	}
}

func run() error {
	var s settings
	flag.IntVar(&s.rows, "rows", 100_000, "opportunities")
	flag.IntVar(&s.times, "times", 50, "how often each request is sent")
	flag.DurationVar(&s.longest, "longest", 30*time.Minute, "after which it gives up")
	which := flag.String("database", "both", "sqlite, postgres or both")
	out := flag.String("out", "", "file to write the table to as well")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), s.longest)
	defer cancel()
	var b strings.Builder
	fmt.Fprintf(&b, "# Board\n\nRecorded on %s with %d processors, %s: %d opportunities in the stages of the sales process, each request %d times, in milliseconds.\n\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), s.rows, s.times)
	b.WriteString("| database | who | request | p50 | p95 | most | answer (KiB) |\n|---|---|---|---:|---:|---:|---:|\n")
	var plans strings.Builder
	for _, database := range []string{"sqlite", "postgres"} {
		if *which != "both" && *which != database {
			continue
		}
		if err := one(ctx, s, database, &b, &plans); err != nil {
			return fmt.Errorf("%s: %w", database, err)
		}
	}
	b.WriteString(plans.String())
	fmt.Print(b.String())
	if *out == "" {
		return nil
	}
	return os.WriteFile(*out, []byte(b.String()), 0o644)
}

func one(ctx context.Context, s settings, database string, b, plans *strings.Builder) error {
	dir, err := os.MkdirTemp("", "board-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	url := filepath.Join(dir, "rapport.db")
	if database == "postgres" {
		pg, err := pgserver.New(ctx, dir)
		if err != nil {
			return err
		}
		if err := pg.Start(ctx); err != nil {
			return err
		}
		defer func() { _ = pg.Stop() }()
		url = pg.URL("postgres")
	}
	return measure(ctx, s, database, dir, url, b, plans)
}
