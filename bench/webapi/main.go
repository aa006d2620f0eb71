// Command webapi measures the product's Web API beside PocketBase, both on
// SQLite with every commit flushed to disk, on the same machine in the same run:
// creating, updating, reading by id, a filtered and sorted list, and a page
// deep into a million rows, each by 1 and by 16 clients; and the idle memory.
//
//	go run ./bench/webapi -out bench/webapi/RESULTS.md
//
// The map: main.go (rounds that take turns), load.go (clients), ours.go and
// theirs.go (how each side is asked), pocketbase/ (the peer, a module of its own).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/bench/internal/product"
)

func main() {
	var err error
	if len(os.Args) == 2 && os.Args[1] == product.ServeCommand {
		err = product.Serve()
	} else {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "webapi:", err)
		os.Exit(1)
	}
}

type settings struct {
	length  time.Duration
	rounds  int
	rows    int
	deep    int
	kinds   []string
	profile string
}

// side is one of the two that are compared.
type side interface {
	// work gives a function that does one request of a kind; n is different at every call.
	work(kind string) func(ctx context.Context, c *client, n int) error
	pid() int
	stop() error
}

func run() error {
	var s settings
	flag.DurationVar(&s.length, "length", 4*time.Second, "of each round")
	flag.IntVar(&s.rounds, "rounds", 3, "of which the median is shown")
	flag.IntVar(&s.rows, "rows", 1_000_000, "rows in the table before measuring")
	flag.StringVar(&s.profile, "profile", "", "folder for a processor profile of the product in each kind of work")
	only := flag.String("only", "create,update,read by id,list of 50,deep page", "the kinds of work, by commas")
	out := flag.String("out", "", "file to write the report to as well")
	flag.Parse()
	s.deep, s.kinds = s.rows*9/10, strings.Split(*only, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 25*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "webapi-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	theirs, err := startTheirs(ctx, dir, s)
	if err != nil {
		return err
	}
	defer theirs.stop()
	ours, err := startOurs(ctx, dir, s)
	if err != nil {
		return err
	}
	defer ours.stop()
	idle, err := idleMemory(ctx, ours, theirs)
	if err != nil {
		return err
	}
	if err := ours.findDeep(ctx, s.deep); err != nil {
		return err
	}
	table, err := compare(ctx, s, ours, theirs)
	text := report(s, idle+table)
	fmt.Print(text)
	if err == nil && *out != "" {
		err = os.WriteFile(*out, []byte(text), 0o644)
	}
	return errors.Join(err, ours.stop(), theirs.stop())
}

// compare lets both sides take turns in every kind of work.
func compare(ctx context.Context, s settings, ours, theirs side) (string, error) {
	var b strings.Builder
	b.WriteString("| what | clients | product, a second | p50 | p99 | processor | PocketBase, a second | p50 | p99 | processor | ratio |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, kind := range s.kinds {
		for _, clients := range []int{1, 16} {
			var x, y []result
			for range s.rounds {
				for _, turn := range []struct {
					side side
					into *[]result
				}{{ours, &x}, {theirs, &y}} {
					r, err := measured(s, turn.side, fmt.Sprint(kind, clients), func() (result, error) { return round(ctx, s.length, clients, turn.side.work(kind)) })
					if err != nil {
						return b.String(), fmt.Errorf("%s, %d clients: %w", kind, clients, err)
					}
					*turn.into = append(*turn.into, r)
				}
			}
			a, c := median(x), median(y)
			line := fmt.Sprintf("| %s | %d | %.0f | %s | %s | %s | %.0f | %s | %s | %s | **%.2f** |\n", kind, clients, a.rate, ms(a.p50), ms(a.p99), ms(a.work), c.rate, ms(c.p50), ms(c.p99), ms(c.work), a.rate/c.rate)
			fmt.Fprint(os.Stderr, line)
			b.WriteString(line)
		}
	}
	return b.String(), nil
}

// measured adds the server's processor time for one request.
func measured(s settings, of side, name string, run func() (result, error)) (result, error) {
	before, err := processor(of.pid())
	if err != nil {
		return result{}, err
	}
	r, err := profiled(s, of, name, run)
	if err != nil {
		return r, err
	}
	after, err := processor(of.pid())
	r.work = (after - before) / time.Duration(max(1, r.requests))
	return r, err
}

// profiled writes the product's processor profile of a round, if asked for.
func profiled(s settings, of side, name string, run func() (result, error)) (result, error) {
	ours, is := of.(*ours)
	if !is || s.profile == "" {
		return run()
	}
	if err := ours.p.Command("profile " + filepath.Join(s.profile, name+".pprof")); err != nil {
		return result{}, err
	}
	r, err := run()
	return r, errors.Join(err, ours.p.Command("end"))
}

func report(s settings, tables string) string {
	return fmt.Sprintf(`# The Web API beside PocketBase 0.39.0

Date: %s. Machine: %d cores, %s/%s, %s. Command: `+"`go run ./bench/webapi -rows %d -length %s -rounds %d -out bench/webapi/RESULTS.md`"+`.

Both sides run as processes of their own on SQLite with synchronous=FULL, over loopback HTTP with JSON, and take turns; the
median of %d rounds is shown. A row is a lead with 12 columns given. The product checks the caller's rights, runs its hooks, and writes a change
row with each write; search, lake, roll-ups and web hooks follow from there in the same process. PocketBase checks a rule that asks for a signed-in user. The list is 50 rows of one source (a tenth of all), newest first.
"Processor" is the server's processor time for one request. The deep page is 50 rows after %d rows in order of creation: by the next link in the product, by page number in PocketBase (without its count).

%s`, time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), s.rows, s.length, s.rounds, s.rounds, s.deep, tables)
}
