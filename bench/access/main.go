// Command access measures how fast somebody with limited rights reads a large
// table: leads, users in business units, roles of every depth, shares.
//
//	go run ./bench/access -leads 1000000 -database sqlite -out bench/access/RESULTS.md
//
// For a user of each depth: the first page of an indexed view, a page deep in
// it, the exact count, and a search. The plans of the database stand below the
// table. The map: main.go, organisation.go (what is put in), measure.go.
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

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/test/pgserver"
)

type settings struct {
	leads, users, units, shares int
	rounds                      int
	search, plans, pages        bool
	fill                        bool // puts in and stops
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "access:", err)
		os.Exit(1)
	}
}

func run() error {
	var s settings
	flag.IntVar(&s.leads, "leads", 100_000, "rows")
	flag.IntVar(&s.users, "users", 500, "users")
	flag.IntVar(&s.units, "units", 50, "business units")
	flag.IntVar(&s.shares, "shares", 0, "shares; a fifth of the leads if 0")
	flag.IntVar(&s.rounds, "rounds", 40, "of each question, by another user of the depth each time")
	flag.BoolVar(&s.search, "search", true, "builds the search index and measures it")
	flag.BoolVar(&s.fill, "fill", false, "puts the organisation in and stops")
	flag.BoolVar(&s.pages, "pages", true, "measures lists and counts")
	flag.BoolVar(&s.plans, "plans", true, "shows how the database answers")
	url := flag.String("url", "", "file or postgres:// address of a database that is kept, and used as it is if it is filled; instead of -database")
	which := flag.String("database", "both", "sqlite, postgres or both")
	longest := flag.Duration("longest", 60*time.Minute, "after which it gives up")
	out := flag.String("out", "", "file to write the results to as well")
	flag.Parse()
	if s.shares == 0 {
		s.shares = s.leads / 5
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *longest)
	defer cancel()
	dir, err := os.MkdirTemp("", "access-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var b strings.Builder
	fmt.Fprintf(&b, "# Reading with limited rights\n\n%d leads, %d users in %d business units, %d shares; %d cores, Go %s. Milliseconds: median and 95th of %d, each by another user, and processor time of this program on average.\n", s.leads, s.users, s.units, s.shares, runtime.NumCPU(), runtime.Version(), s.rounds)
	if *url != "" {
		if err := one(ctx, s, *url, &b); err != nil {
			return err
		}
		*which = ""
	}
	if *which == "sqlite" || *which == "both" {
		if err := one(ctx, s, filepath.Join(dir, "access.db"), &b); err != nil {
			return fmt.Errorf("sqlite: %w", err)
		}
	}
	if *which == "postgres" || *which == "both" {
		pg, err := pgserver.New(ctx, dir)
		if err != nil {
			return err
		}
		if err := pg.Start(ctx); err != nil {
			return err
		}
		err = one(ctx, s, pg.URL("postgres"), &b)
		if e := pg.Stop(); err == nil {
			err = e
		}
		if err != nil {
			return fmt.Errorf("postgres: %w", err)
		}
	}
	fmt.Print(b.String())
	if *out == "" {
		return nil
	}
	return os.WriteFile(*out, []byte(b.String()), 0o644)
}

func one(ctx context.Context, s settings, url string, b *strings.Builder) error {
	db, err := sqldb.Open(ctx, sqldb.Options{URL: url})
	if err != nil {
		return err
	}
	defer db.Close()
	o := &organisation{db: db, s: s}
	if err := o.build(ctx); err != nil || s.fill {
		return err
	}
	return o.measure(ctx, b)
}
