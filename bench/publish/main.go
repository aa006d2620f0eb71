// Command publish measures how many events a second can be published over HTTP
// until they are on disk, beside what raw JetStream does with the same
// SyncAlways, batch size, payload and number of publishers, in the same run on
// the same disk. It prints a Markdown table.
//
//	go run ./bench/publish -out bench/publish/RESULTS.md
//
// Both sides run inside this process, embedded server included, and the load
// generator shares the machine's cores with them. Raw publishers speak to
// JetStream through in-process connections, one each; ours speak HTTP/1.1 over
// the loopback, one connection each, and pass through everything a real
// publisher does: key, decoding, validation, log. Rounds of both take turns,
// and the median of each is shown.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

// side is one of the two ways to publish.
type side interface {
	// publisher gives a function that publishes one batch and returns when it is on disk.
	publisher(ctx context.Context, number, batch int) (func() error, error)
	close()
}

func run() error {
	duration := flag.Duration("duration", 2*time.Second, "of each round")
	rounds := flag.Int("rounds", 3, "of which the best is shown")
	dir := flag.String("dir", "", "folder for the logs; default: a temporary one")
	out := flag.String("out", "", "file to write the table to as well")
	profile := flag.String("cpuprofile", "", "file for a CPU profile of our side")
	batches := flag.String("batches", "1,100,1000", "batch sizes")
	clients := flag.String("clients", "1,64", "numbers of publishers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	base, err := os.MkdirTemp(*dir, "publish-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	before := load()
	var b strings.Builder
	fmt.Fprintf(&b, "| batch | publishers | raw JetStream, events/s | p50 | p99 | over HTTP, events/s | p50 | p99 | ratio |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, batch := range numbers(*batches) {
		for _, n := range numbers(*clients) {
			var theirs, ours []result
			for range *rounds {
				r, err := measure(ctx, newRaw, base, n, batch, *duration, "")
				if err != nil {
					return fmt.Errorf("raw JetStream: %w", err)
				}
				theirs = append(theirs, r)
				if r, err = measure(ctx, newHTTP, base, n, batch, *duration, *profile); err != nil {
					return fmt.Errorf("over HTTP: %w", err)
				}
				ours = append(ours, r)
			}
			x, y := best(theirs), best(ours)
			row := fmt.Sprintf("| %d | %d | %.0f | %s | %s | %.0f | %s | %s | **%.2f** |\n", batch, n, x.rate, ms(x.p50), ms(x.p99), y.rate, ms(y.p50), ms(y.p99), y.rate/x.rate)
			fmt.Fprint(os.Stderr, row)
			b.WriteString(row)
		}
	}
	fmt.Fprintf(&b, "\n| form, posted as JSON | submissions/s | p50 | p99 |\n|---|---:|---:|---:|\n")
	for _, n := range numbers(*clients) {
		var all []result
		for range *rounds {
			r, err := measure(ctx, newForm, base, n, 1, *duration, "")
			if err != nil {
				return fmt.Errorf("form: %w", err)
			}
			all = append(all, r)
		}
		r := best(all)
		row := fmt.Sprintf("| %d visitors | %.0f | %s | %s |\n", n, r.rate, ms(r.p50), ms(r.p99))
		fmt.Fprint(os.Stderr, row)
		b.WriteString(row)
	}
	fmt.Print(b.String())
	if *out == "" {
		return nil
	}
	return os.WriteFile(*out, []byte(report(*duration, *rounds, before, b.String())), 0o644)
}

// result is one round.
type result struct {
	rate     float64 // events a second
	p50, p99 time.Duration
}

// measure runs publishers for a while on a fresh log.
func measure(ctx context.Context, open func(context.Context, string) (side, error), base string, n, batch int, d time.Duration, profile string) (result, error) {
	dir, err := os.MkdirTemp(base, "log-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	s, err := open(ctx, dir)
	if err != nil {
		return result{}, err
	}
	defer s.close()
	publish := make([]func() error, n)
	for i := range publish {
		if publish[i], err = s.publisher(ctx, i, batch); err != nil {
			return result{}, err
		}
		if err := publish[i](); err != nil { // warm
			return result{}, err
		}
	}
	runtime.GC()
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return result{}, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return result{}, err
		}
		defer pprof.StopCPUProfile()
	}
	type done struct {
		latencies []time.Duration
		err       error
	}
	results := make(chan done, n)
	begin := time.Now()
	for i := range publish {
		go func() {
			var r done
			for time.Since(begin) < d && ctx.Err() == nil && r.err == nil {
				at := time.Now()
				r.err = publish[i]()
				r.latencies = append(r.latencies, time.Since(at))
			}
			results <- r
		}()
	}
	var all []time.Duration
	for range n {
		r := <-results
		if r.err != nil {
			err = r.err
		}
		all = append(all, r.latencies...)
	}
	took := time.Since(begin)
	if err != nil {
		return result{}, err
	}
	slices.Sort(all)
	return result{rate: float64(len(all)*batch) / took.Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100]}, ctx.Err()
}

// best gives the round with the most events a second.
func best(all []result) result {
	return slices.MaxFunc(all, func(a, b result) int { return cmp.Compare(a.rate, b.rate) })
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

func numbers(list string) (out []int) {
	for part := range strings.SplitSeq(list, ",") {
		var n int
		if _, err := fmt.Sscan(part, &n); err == nil && n > 0 {
			out = append(out, n)
		}
	}
	return out
}

// load gives the machine's load of the last minute, which tells how far to
// believe the numbers: other work on the same cores makes both sides slower.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}

func report(d time.Duration, rounds int, before, table string) string {
	return fmt.Sprintf(`# Publish over HTTP → on disk, beside raw JetStream

Date: %s. Machine: %d cores, %s/%s, %s; load average before and after: %s and %s. Command: `+"`go run ./bench/publish -duration %s -rounds %d -out bench/publish/RESULTS.md`"+`.

Events have %d bytes of JSON. Every acknowledgement of either side comes after fsync (SyncAlways). Raw JetStream publishes
one message at a time, or atomic batches of the size given; over HTTP a request is a structured CloudEvent or a batch of
the size given. Load generator, server and log share the cores; each number is the best of the rounds, which take turns. A ratio above 1 means that the whole way over HTTP stores
more events a second than raw JetStream does with messages of one event: waiting requests share one flush.

%s`, time.Now().Format("2006-01-02"), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), before, load(), d, rounds, eventSize, table)
}
