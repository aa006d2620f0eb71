// Command lake measures how fast changes go into the lake and how fresh it is
// while 1,000 records are written each second, on both databases, and how fast
// batches are appended to one Delta table beside delta-rs (by its Python
// package), in the same run.
//
//	go run ./bench/lake -out bench/lake/RESULTS.md
//
// The peer needs `make clients`; without it that part is left out and said so.
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

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "lake:", err)
		os.Exit(1)
	}
}

type settings struct {
	backlog int           // changes that wait when the feed starts
	rate    int           // records written a second
	length  time.Duration // for so long
	callers int
	engines string
}

func run() error {
	var s settings
	flag.IntVar(&s.backlog, "backlog", 30_000, "changes that wait when the feed starts")
	flag.IntVar(&s.rate, "rate", 1000, "records written a second")
	flag.DurationVar(&s.length, "length", 20*time.Second, "of the writing")
	flag.IntVar(&s.callers, "callers", 32, "writers side by side")
	flag.StringVar(&s.engines, "engines", "sqlite,postgres", "databases")
	out := flag.String("out", "", "file to write the tables to as well")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "lake-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var b strings.Builder
	b.WriteString("| database | backlog, changes/s into the lake | asked, records/s | written, records/s | write p99 | commit → visible p50 | p99 | most |\n|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, engine := range strings.Split(s.engines, ",") {
		if err := measure(ctx, s, engine, filepath.Join(dir, engine), &b); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	if err := peers(ctx, dir, &b); err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	fmt.Print(b.String())
	if *out == "" {
		return nil
	}
	return os.WriteFile(*out, []byte(report(s, b.String())), 0o644)
}

func measure(ctx context.Context, s settings, engine, dir string, b *strings.Builder) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	url := filepath.Join(dir, "lake.db")
	if engine == "postgres" {
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
		defer pg.Stop()
		url = pg.URL("postgres")
	}
	p, err := openProduct(ctx, url, filepath.Join(dir, "lake"))
	if err != nil {
		return err
	}
	defer p.close(ctx)
	backlog, err := p.drain(ctx, s.backlog)
	if err != nil {
		return err
	}
	r, err := p.fresh(ctx, s)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("| %s | %.0f | %d | %.0f | %s | %s | %s | %s |\n", engine, backlog, s.rate, r.rate, short(r.write), short(r.p50), short(r.p99), short(r.most))
	fmt.Fprint(os.Stderr, line)
	b.WriteString(line)
	return nil
}

func short(d time.Duration) string { return d.Round(time.Millisecond).String() }

func report(s settings, tables string) string {
	return fmt.Sprintf(`# Changes into the lake

Date: %s. Machine: %d cores, %s/%s, %s. Command: `+"`go run ./bench/lake -out bench/lake/RESULTS.md`"+`. Database, lake, writers and
measuring share the cores; every commit of the database and of the lake is flushed to disk.

- Backlog: %d changes (half creations of leads, half updates of them) wait in the change log; the feed starts with nothing in memory.
- Freshness: %d writers create %d leads a second in all for %s, each in a transaction of its own, while the feed follows with its usual second of
  lingering. A change is visible when a fresh reading of the Delta log shows its row; that is looked at every 20 ms.
- Appending: the same batches of 1,000 rows by both, each batch a commit of its own, into a local folder. delta-rs does not flush
  its files to disk; ours are flushed, which is a part of the difference.

%s`, time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), s.backlog, s.callers, s.rate, s.length, tables)
}
