// Command endtoend measures the way of a lead: from the post of the loan form
// until the lead can be read through the Web API, on SQLite and on PostgreSQL,
// with everything between (event log, intake, rules, flow, records, change log)
// and every acknowledgement flushed to disk.
//
//	go run ./bench/endtoend
//
// The product runs as a process of its own, on a fresh folder. Leads arrive at
// a fixed rate whether or not earlier ones have been answered, and every time
// counts from the moment at which the lead was due to be sent. Product,
// database and this program share the machine's cores.
//
// The map: server.go (the product as a child process), load.go (arrivals),
// watch.go (what has become visible), phase.go (one measurement), raw.go (the
// same rows by the driver alone), cpu.go (who used the processors), report.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/test/pgserver"

	"github.com/rapport-platform/rapport/bench/internal/product"
)

type settings struct {
	engines      string
	warm, length time.Duration
	rates        string
	burst        int
	clients      int
	profile, out string
	dir          string
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == product.ServeCommand {
		if err := product.Serve(); err != nil {
			fmt.Fprintln(os.Stderr, "endtoend:", err)
			os.Exit(1)
		}
		return
	}
	var s settings
	flag.StringVar(&s.engines, "engines", "sqlite,postgres", "databases to measure")
	flag.StringVar(&s.rates, "rates", "100,500", "leads a second")
	flag.DurationVar(&s.warm, "warm", 20*time.Second, "at 50 leads a second before anything is measured")
	flag.DurationVar(&s.length, "length", 30*time.Second, "of each rate")
	flag.IntVar(&s.burst, "burst", 5000, "leads sent as fast as they are taken, for the greatest rate")
	flag.IntVar(&s.clients, "clients", 32, "visitors who send the burst")
	flag.StringVar(&s.profile, "cpuprofile", "", "folder for CPU profiles of the product, one of each phase")
	flag.StringVar(&s.out, "out", "", "file to write the tables to as well")
	flag.StringVar(&s.dir, "dir", "", "folder for the data; default: a temporary one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Minute) // nothing here runs for ever
	defer cancel()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "endtoend:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	base, err := os.MkdirTemp(s.dir, "endtoend-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	var b strings.Builder
	for _, engine := range strings.Split(s.engines, ",") {
		if err := measureEngine(ctx, s, engine, filepath.Join(base, engine), &b); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	fmt.Print(b.String())
	if s.out == "" {
		return nil
	}
	return os.WriteFile(s.out, []byte(report(s, b.String())), 0o644)
}

// measureEngine runs all phases on one database.
func measureEngine(ctx context.Context, s settings, engine, dir string, b *strings.Builder) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	url := filepath.Join(dir, "data", "rapport.db")
	if engine == "postgres" {
		pg, stop, err := startPostgres(ctx, dir)
		if err != nil {
			return err
		}
		defer stop()
		url = pg
	}
	p, err := product.Start(ctx, filepath.Join(dir, "data"), url)
	if err != nil {
		return err
	}
	defer p.Stop()
	phases, err := measureProduct(ctx, s, engine, p)
	if err != nil {
		return err
	}
	if err := p.Stop(); err != nil {
		return err
	}
	peers, err := measureRaw(ctx, engine, url)
	if err != nil {
		return fmt.Errorf("raw driver: %w", err)
	}
	tables(b, engine, phases, peers)
	return nil
}

func measureProduct(ctx context.Context, s settings, engine string, p *product.Product) ([]outcome, error) {
	w, err := newWatcher(ctx, p)
	if err != nil {
		return nil, err
	}
	n := 0
	if _, err := fixedRate(ctx, p, w, &n, 50, s.warm); err != nil {
		return nil, err
	}
	var all []outcome
	for _, rate := range numbers(s.rates) {
		o, err := profiled(p, s.profile, fmt.Sprintf("%s-%d", engine, rate), func() (outcome, error) { return fixedRate(ctx, p, w, &n, rate, s.length) })
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	if left := w.missing(); left > 0 {
		// The burst would wait behind them, and its rate would say nothing.
		fmt.Fprintf(os.Stderr, "%d leads are still on their way: the greatest rate is not measured\n", left)
		return all, nil
	}
	if s.burst > 0 {
		o, err := profiled(p, s.profile, engine+"-burst", func() (outcome, error) { return burst(ctx, p, w, &n, s.burst, s.clients) })
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func profiled(p *product.Product, dir, name string, phase func() (outcome, error)) (outcome, error) {
	if dir == "" {
		return phase()
	}
	if err := p.Command("profile " + filepath.Join(dir, name+".pprof")); err != nil {
		return outcome{}, err
	}
	o, err := phase()
	if e := p.Command("end"); err == nil {
		err = e
	}
	return o, err
}

// startPostgres starts a server that flushes every commit to disk.
func startPostgres(ctx context.Context, dir string) (url string, stop func(), err error) {
	if err := os.Setenv("RAPPORT_TEST_PGSYNC", "1"); err != nil {
		return "", nil, err
	}
	s, err := pgserver.New(ctx, dir)
	if err != nil {
		return "", nil, err
	}
	if err := s.Start(ctx); err != nil {
		return "", nil, err
	}
	return s.URL("postgres"), func() {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "endtoend: PostgreSQL:", err)
		}
	}, nil
}

func numbers(list string) (out []int) {
	for part := range strings.SplitSeq(list, ",") {
		var n int
		if _, err := fmt.Sscan(part, &n); err == nil && n > 0 {
			out = append(out, n)
		}
	}
	return out
}
