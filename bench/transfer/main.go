// Command transfer measures importing and exporting leads on both databases:
// rows a second, audited and queryable when the import ends, the processor time
// of a row, the peak memory of the process, and how far search is behind then;
// beside what the database's own program does with the same file.
//
//	go run ./bench/transfer -rows 1000000 -out bench/transfer/RESULTS.md
//
// Each database is measured by a process of its own, so that the memory of one
// is not taken for that of the other. PostgreSQL is started by the command, with
// commits flushed to disk; -postgres names another server's fresh database.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/test/pgserver"
)

type settings struct {
	rows         int
	profile      string // where the CPU profile of the import goes; "" is none
	formats      string // of the exports, by commas
	heap         string // where what lies in memory during the import goes; "" is none
	postgres     string // address of a fresh database; "" starts a server
	server       int    // process of the server that was started; 0 is none
	watch        bool   // tell of memory while it runs
	live         string // where the heap goes when it is at its largest; "" is none
	catch        time.Duration
	profileAfter string // where the CPU profile of catching up goes; "" is none
}

func main() {
	var s settings
	flag.IntVar(&s.rows, "rows", 50_000, "leads in the file")
	flag.StringVar(&s.profile, "cpuprofile", "", "file for the CPU profile of the import, of the last database measured")
	flag.StringVar(&s.formats, "formats", "csv,parquet", "formats to export to, none if empty: csv, jsonl, parquet, xlsx")
	flag.StringVar(&s.heap, "memprofile", "", "file for what lies in memory when the import ends, of the last database measured")
	flag.StringVar(&s.postgres, "postgres", "", "address of a fresh PostgreSQL database; a server is started without it")
	flag.IntVar(&s.server, "server", 0, "process of the PostgreSQL server, whose children's processor time is counted")
	flag.BoolVar(&s.watch, "watch", false, "write the memory of the process to the error output every second")
	flag.StringVar(&s.live, "heapprofile", "", "file for what lay in memory when it was most")
	flag.DurationVar(&s.catch, "catchup", 0, "how long search may catch up at the end; 0 is not waited for")
	flag.StringVar(&s.profileAfter, "catchupprofile", "", "file for the CPU profile of catching up")
	databases := flag.String("databases", "sqlite,postgres", "what to measure")
	out := flag.String("out", "", "file to write the table to as well")
	one := flag.String("one", "", "measure the database of this address only and write JSON; \"sqlite\" is a file of its own")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s, *databases, *out, *one); err != nil {
		fmt.Fprintln(os.Stderr, "transfer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, databases, out, one string) error {
	if one != "" {
		r, err := measure(ctx, s, strings.TrimPrefix(one, "sqlite"))
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	var all []result
	for name := range strings.SplitSeq(databases, ",") {
		r, err := apart(ctx, s, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Database = name
		all = append(all, r)
	}
	text := report(s.rows, all)
	fmt.Print(text)
	if out == "" {
		return nil
	}
	return os.WriteFile(out, []byte(text), 0o644)
}

// apart measures a database in a process of its own.
func apart(ctx context.Context, s settings, name string) (r result, err error) {
	address := name
	if name == "postgres" {
		address = s.postgres
	}
	if address == "" {
		dir, err := os.MkdirTemp("", "transfer-pg-")
		if err != nil {
			return r, err
		}
		defer os.RemoveAll(dir)
		server, err := pgserver.New(ctx, dir)
		if err != nil {
			return r, err
		}
		server.Durable = true
		if err := server.Start(ctx); err != nil {
			return r, err
		}
		defer server.Stop()
		address, s.server = server.URL("postgres"), server.PID()
	}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	args := []string{"-one", address, "-rows", strconv.Itoa(s.rows), "-formats", s.formats, "-server", strconv.Itoa(s.server), "-catchup", s.catch.String(), "-watch=" + strconv.FormatBool(s.watch)}
	for name, path := range map[string]string{"-cpuprofile": s.profile, "-memprofile": s.heap, "-heapprofile": s.live, "-catchupprofile": s.profileAfter} {
		if path == "" {
			continue
		}
		path, err := filepath.Abs(path)
		if err != nil {
			return r, err
		}
		args = append(args, name, path)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}
