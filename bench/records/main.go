// Command records measures how many records a second are written with their
// change row, beside the driver alone that inserts the same columns into the
// same tables, with the same durability, in the same run.
//
//	go run ./bench/records -out bench/records/RESULTS.md
//
// Every write is a transaction of its own and flushed to disk. Rounds of the
// product and of the driver take turns; the median of each is shown.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/test/pgserver"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "records:", err)
		os.Exit(1)
	}
}

type settings struct {
	length time.Duration
	rounds int
}

func run() error {
	var s settings
	flag.DurationVar(&s.length, "length", 2*time.Second, "of each round")
	flag.IntVar(&s.rounds, "rounds", 3, "of which the median is shown")
	out := flag.String("out", "", "file to write the table to as well")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "records-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var b strings.Builder
	b.WriteString("| database | callers | what | product, records/s | p50 | p99 | driver alone, records/s | p50 | p99 | ratio |\n|---|---:|---|---:|---:|---:|---:|---:|---:|---:|\n")
	if err := measure(ctx, s, "sqlite", filepath.Join(dir, "records.db"), &b); err != nil {
		return fmt.Errorf("sqlite: %w", err)
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
	err = measure(ctx, s, "postgres", pg.URL("postgres"), &b)
	if e := pg.Stop(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	fmt.Print(b.String())
	if *out == "" {
		return nil
	}
	return os.WriteFile(*out, []byte(report(s, b.String())), 0o644)
}

// measure runs the rounds of one database.
func measure(ctx context.Context, s settings, engine, url string, b *strings.Builder) error {
	o, err := openOurs(ctx, url)
	if err != nil {
		return err
	}
	defer o.close()
	for _, callers := range []int{1, 16} {
		for _, what := range []string{"create", "update"} {
			var ours, theirs []result
			for range s.rounds {
				r, err := round(ctx, s.length, callers, func(ctx context.Context) (func(context.Context) error, func(), error) { return o.writer(ctx, what) })
				if err != nil {
					return fmt.Errorf("%s: %w", what, err)
				}
				ours = append(ours, r)
				raw, err := newTheirs(ctx, engine, url, what)
				if err != nil {
					return fmt.Errorf("%s by the driver: %w", what, err)
				}
				r, err = round(ctx, s.length, callers, raw.writer)
				raw.close(ctx)
				if err != nil {
					return fmt.Errorf("%s by the driver: %w", what, err)
				}
				theirs = append(theirs, r)
			}
			x, y := median(ours), median(theirs)
			line := fmt.Sprintf("| %s | %d | %s | %.0f | %s | %s | %.0f | %s | %s | **%.2f** |\n", engine, callers, what, x.rate, ms(x.p50), ms(x.p99), y.rate, ms(y.p50), ms(y.p99), x.rate/y.rate)
			fmt.Fprint(os.Stderr, line)
			b.WriteString(line)
		}
	}
	return measureBulk(ctx, s, engine, o, b)
}

// result is one round.
type result struct {
	rate     float64
	p50, p99 time.Duration
}

// round lets callers write for a while, each one record after another.
func round(ctx context.Context, length time.Duration, callers int, open func(context.Context) (func(context.Context) error, func(), error)) (result, error) {
	write := make([]func(context.Context) error, callers)
	for i := range write {
		var done func()
		var err error
		if write[i], done, err = open(ctx); err != nil {
			return result{}, err
		}
		defer done()
		if err := write[i](ctx); err != nil { // warm
			return result{}, err
		}
	}
	runtime.GC()
	times, failed := make([][]time.Duration, callers), atomic.Pointer[error]{}
	var all sync.WaitGroup
	began := time.Now()
	for i := range write {
		all.Go(func() {
			for time.Since(began) < length && failed.Load() == nil && ctx.Err() == nil {
				at := time.Now()
				if err := write[i](ctx); err != nil {
					failed.Store(&err)
					return
				}
				times[i] = append(times[i], time.Since(at))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := failed.Load(); err != nil {
		return result{}, *err
	}
	sorted := slices.Concat(times...)
	if len(sorted) == 0 {
		return result{}, ctx.Err()
	}
	slices.Sort(sorted)
	return result{float64(len(sorted)) / took.Seconds(), sorted[len(sorted)/2], sorted[len(sorted)*99/100]}, ctx.Err()
}

// median gives the round in the middle by rate.
func median(all []result) result {
	slices.SortFunc(all, func(a, b result) int { return int(a.rate - b.rate) })
	return all[len(all)/2]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

func report(s settings, table string) string {
	return fmt.Sprintf(`# Records with their change row, beside the driver alone

Date: %s. Machine: %d cores, %s/%s, %s. Command: `+"`go run ./bench/records -length %s -rounds %d -out bench/records/RESULTS.md`"+`.

A record is a lead with %d columns set. The product checks rights and types, runs hooks, and writes the row and its change
row in a transaction of its own; callers on SQLite are committed together. The driver alone runs the same two statements,
texts and values prepared beforehand, one transaction each; on SQLite its callers share one prepared connection.

%s`, time.Now().Format("2006-01-02"), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), s.length, s.rounds, len(sample(0)), table)
}
