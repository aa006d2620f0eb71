// Command ui measures the interface in a browser against the real program with
// 100,000 leads: how soon home, list and record stand on the screen, how long a
// person waits after a key or a click, tasks that hold the page up while all rows
// pass by, what stays in memory, and how much is loaded first. PocketBase's
// administration pages show as many rows in the same run.
//
//	xvfb-run -a -s '-screen 0 1600x1200x24' go run ./bench/ui -out bench/ui/RESULTS.md
//
// Without a display the browser runs without a window, where pictures may come late.
//
// It needs the built interface (make ui), Node, Chromium and the driver (make
// clients). The map: main.go (both servers, the report), run.mjs (the browser),
// watch.mjs (what the page tells of itself), ours.mjs and theirs.mjs (the ways
// through both interfaces).
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/bench/internal/product"
	"github.com/rapport-platform/rapport/web"
)

func main() {
	var err error
	if len(os.Args) == 2 && os.Args[1] == product.ServeCommand {
		err = product.Serve()
	} else {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ui:", err)
		os.Exit(1)
	}
}

type settings struct {
	rows, rounds int
	only, out    string
	peer         bool
	longest      time.Duration
	kept         string
}

func run() error {
	var s settings
	flag.IntVar(&s.rows, "rows", 100_000, "rows in the list")
	flag.IntVar(&s.rounds, "rounds", 5, "of each page and interaction")
	flag.StringVar(&s.only, "only", "", "parts by commas: pages, interactions, scrolling; all if empty")
	flag.BoolVar(&s.peer, "peer", true, "PocketBase's pages as well")
	flag.StringVar(&s.out, "out", "", "file to write the report to as well")
	flag.StringVar(&s.kept, "data", "", "folder of the product's data that is kept, and used as it is if it is filled")
	flag.DurationVar(&s.longest, "longest", 15*time.Minute, "after which it gives up")
	flag.Parse()
	if !web.Built() {
		return errors.New("the interface is not built: run make ui")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, s.longest)
	defer cancel()
	dir, err := os.MkdirTemp("", "ui-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, err := startOurs(ctx, dir, s)
	if err != nil {
		return err
	}
	defer ours.Stop()
	found, err := browse(ctx, s, "ours", "RAPPORT_URL="+ours.URL, "RAPPORT_PASSWORD="+product.Password)
	if err != nil {
		return err
	}
	if s.peer {
		more, err := theirs(ctx, dir, s)
		if err != nil {
			return fmt.Errorf("the peer: %w", err)
		}
		found = append(found, more...)
	}
	text := report(s, found)
	fmt.Print(text)
	if s.out == "" {
		return nil
	}
	return os.WriteFile(s.out, []byte(text), 0o644)
}

// startOurs starts the product with its sample, stops it, fills its leads up
// with copies, and starts it again.
func startOurs(ctx context.Context, dir string, s settings) (*product.Product, error) {
	data := s.kept
	if data == "" {
		data = filepath.Join(dir, "ours")
	}
	mark := filepath.Join(data, fmt.Sprintf("filled-%d", s.rows))
	if _, err := os.Stat(mark); err != nil {
		p, err := product.Start(ctx, data, "")
		if err == nil {
			err = p.Stop()
		}
		if err != nil {
			return nil, err
		}
		// Leads of the last three years with names of their own and scores of all sorts.
		_, err = product.Fill(ctx, filepath.Join(data, "rapport.db"), s.rows, map[string]string{
			"msdyn_leadscore": "1 + (i * 31) % 100", "firstname": "'Ada'", "lastname": "'Person ' || i", "fullname": "printf('Ada Person %07d', (i * 7919) % 1000003)",
			"createdon": "(1700000000 + i * 60) * 1000000", "subject": "'loan ' || i",
		})
		if err != nil {
			return nil, fmt.Errorf("filling the product's table: %w", err)
		}
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			return nil, err
		}
	}
	return product.Start(ctx, data, "")
}

// figure is one thing that was measured; the norm is "" where there is none.
type figure struct {
	Side, Part, What, Unit, Norm string
	Median, Worst                float64
	Count                        int
}

// browse runs the browser's part and reads what it found.
func browse(ctx context.Context, s settings, side string, env ...string) ([]figure, error) {
	cmd := exec.CommandContext(ctx, "node", "bench/ui/run.mjs", side)
	cmd.Env = append(append(os.Environ(), env...), fmt.Sprint("ROUNDS=", s.rounds), "ONLY="+s.only)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the browser (run this from the root of the project): %w", err)
	}
	var found []figure
	for line := range strings.Lines(string(out)) {
		var f figure
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		found = append(found, f)
	}
	return found, nil
}

func report(s settings, found []figure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The interface with %d rows in its list\n\nDate: %s. Machine: %d cores, %s/%s, %s; load average %s. Command: `%sgo run ./bench/ui -rows %d -rounds %d -out bench/ui/RESULTS.md`.\n\n",
		s.rows, time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), load(), display(), s.rows, s.rounds)
	b.WriteString("Server, browser (" + window() + ") and driver share the machine. Cold is a browser with an empty cache, warm one that has been there. A wait is that of the\nEvent Timing API, from the key or click until the next picture, in steps of 8 ms; what took less than 16 ms counts as 16. A long task is one that held the page up for more than 50 ms.\n")
	part := ""
	for _, f := range found {
		if f.Part != part {
			part = f.Part
			fmt.Fprintf(&b, "\n## %s\n\n| | what | median | worst | of | norm | |\n|---|---|---:|---:|---:|---|---|\n", part)
		}
		fmt.Fprintf(&b, "| %s | %s | %.4g %s | %.4g %s | %d | %s | %s |\n", f.Side, f.What, f.Median, f.Unit, f.Worst, f.Unit, f.Count, f.Norm, kept(f))
	}
	return b.String()
}

// kept says whether a norm such as "≤ 200" is held, by the worst of all but for
// pages, whose norm is that of the median.
func kept(f figure) string {
	var limit float64
	if n, err := fmt.Sscanf(f.Norm, "≤ %g", &limit); n != 1 || err != nil {
		return ""
	}
	value := f.Worst
	if f.Part == "Pages" {
		value = f.Median
	}
	if value <= limit {
		return "held"
	}
	return "**missed**"
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// window says how the browser is shown.
func window() string {
	if display() == "" {
		return "Chromium without a window"
	}
	return "Chromium in a window"
}

// display is what stands before the command where a display is needed, and empty without one.
func display() string {
	if os.Getenv("DISPLAY") == "" {
		return ""
	}
	return "xvfb-run -a -s '-screen 0 1600x1200x24' "
}
