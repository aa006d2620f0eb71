// Command gbdt measures training, scoring and reasons of our gradient-boosted
// trees beside XGBoost and LightGBM in the same run, and prints a report in
// Markdown.
//
//	python3 -m venv /somewhere/peers
//	/somewhere/peers/bin/pip install xgboost-cpu lightgbm numpy pandas
//	go run ./bench/gbdt -python /somewhere/peers/bin/python -out bench/gbdt/RESULTS.md
//
// Each training runs in a process of its own, ours and theirs in turn, on the
// same file of numbers; the best of the rounds counts. Its time is from the
// numbers in memory to the finished model; its memory is the process's peak.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/test/datasets"
)

// bench is one run.
type bench struct {
	ctx     context.Context
	python  string
	dir     string // temporary
	data    string // folder of data sets
	rows    int
	threads int
	rounds  int
	out     io.Writer
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gbdt:", err)
		os.Exit(1)
	}
}

func run() error {
	b := &bench{}
	flag.StringVar(&b.python, "python", "python3", "Python with xgboost, lightgbm, numpy and pandas")
	flag.IntVar(&b.rows, "rows", 1_000_000, "rows of the training that is timed")
	flag.IntVar(&b.threads, "threads", 2, "threads of the training that is timed")
	flag.IntVar(&b.rounds, "rounds", 3, "of which the best counts")
	parts := flag.String("parts", "accuracy,training,scoring,reasons,exchange", "what to measure")
	out := flag.String("out", "", "file to write the report to as well")
	work := flag.String("worker", "", "for the program itself: train this file and print what it took")
	profile := flag.String("cpuprofile", "", "file for a CPU profile of the worker")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b.ctx = ctx
	if *work != "" {
		return b.worker(*work, *profile)
	}
	var found bool
	if b.data, found = datasets.Dir(); !found {
		return fmt.Errorf("the data sets are not here; set %s", datasets.Variable)
	}
	dir, err := os.MkdirTemp("", "gbdt-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	b.out = os.Stdout
	if *out != "" {
		f, err := os.Create(*out)
		if err != nil {
			return err
		}
		defer f.Close()
		b.out = io.MultiWriter(os.Stdout, f)
	}
	versions, err := b.peer("versions")
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "# Gradient-boosted trees beside XGBoost and LightGBM\n\nDate: %s. Machine: %d cores, %s/%s, %s, XGBoost %s, LightGBM %s; load average before: %s.\nCommand: `go run ./bench/gbdt %s`.\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), versions.Text["xgboost"], versions.Text["lightgbm"], load(), flags())
	for _, part := range strings.Split(*parts, ",") {
		do, known := map[string]func() error{"accuracy": b.accuracy, "training": b.training, "scoring": b.scoring, "reasons": b.reasons, "exchange": b.exchange}[part]
		if !known {
			return fmt.Errorf("there is no part %q", part)
		}
		if err := do(); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	fmt.Fprintf(b.out, "\nLoad average after: %s.\n", load())
	return nil
}

// flags gives the command's flags without those that name folders.
func flags() string {
	var out []string
	flag.Visit(func(f *flag.Flag) {
		if f.Name != "python" && f.Name != "out" {
			out = append(out, "-"+f.Name+" "+f.Value.String())
		}
	})
	return strings.Join(append(out, "-python PYTHON"), " ")
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:1], " ")
}
