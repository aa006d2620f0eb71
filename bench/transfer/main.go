// Command transfer measures importing and exporting leads: rows a second, audited
// and queryable when it ends, and the peak memory of the process, beside what the
// database's own program does with the same file in the same run.
//
//	go run ./bench/transfer -rows 50000 [-database postgres://…]
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
)

var profile string // where the CPU profile of the import goes

func main() {
	rows := flag.Int("rows", 50_000, "leads in the file")
	database := flag.String("database", "", "a fresh PostgreSQL database; SQLite without it")
	cpu := flag.String("cpuprofile", "", "a file for the CPU profile of the import")
	flag.Parse()
	profile = *cpu
	if err := run(*rows, *database); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(rows int, database string) error {
	dir, err := os.MkdirTemp("", "transfer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "leads.csv")
	if err := write(file, rows); err != nil {
		return err
	}
	ctx := context.Background()
	o := rapport.Options{Data: filepath.Join(dir, "data"), Database: database, AdminPassword: "admin password 1", Logger: slog.New(slog.DiscardHandler), Addr: "127.0.0.1:0"}
	mapping := filepath.Join(dir, "map.yaml")
	if err := os.WriteFile(mapping, []byte("columns: {First: firstname, Last: lastname, Mail: emailaddress1, Company: companyname, City: address1_city, Zip: address1_postalcode, Budget: budgetamount, Source: leadsourcecode}\n"), 0o600); err != nil {
		return err
	}
	server, err := rapport.New(o) // lays the tables and the roles, which is not measured
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	if err := server.Ready(ctx); err != nil {
		return err
	}
	if err := server.Shutdown(ctx); err != nil {
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	var first, last time.Time
	s, _, err := rapport.Import(ctx, o, rapport.ImportInput{User: "admin", Table: "lead", File: file, Mapping: mapping}, func(transfer.State) {
		if first.IsZero() {
			first = time.Now()
		}
	})
	if err != nil {
		return err
	}
	last = time.Now()
	pprof.StopCPUProfile()
	if first.IsZero() {
		return fmt.Errorf("too few rows to measure")
	}
	took := last.Sub(first)
	fmt.Printf("import: %d created, %d refused, %.0f rows/s, peak %s\n", s.Files[0].Created, s.Files[0].Refused, float64(s.Files[0].Read)/took.Seconds(), peak())
	peer(dir, file, database, rows, took)
	// Starting the product is not measured: an export of nothing takes as long.
	began := time.Now()
	if _, err := rapport.Export(ctx, o, rapport.ExportInput{User: "admin", Table: "lead", Format: "csv", Filter: "lastname eq 'nobody'"}, io.Discard); err != nil {
		return err
	}
	idle := time.Since(began)
	for _, format := range []string{"csv", "jsonl", "parquet", "xlsx"} {
		out := &counting{}
		began := time.Now()
		n, err := rapport.Export(ctx, o, rapport.ExportInput{User: "admin", Table: "lead", Format: format, Select: "firstname,lastname,emailaddress1,companyname,address1_city,budgetamount,leadsourcecode,createdon,_ownerid_value"}, out)
		if err != nil {
			return err
		}
		fmt.Printf("export %s: %d rows, %d MB, %.0f rows/s, peak %s\n", format, n, out.n>>20, float64(n)/max(time.Since(began)-idle, time.Millisecond).Seconds(), peak())
	}
	return nil
}

// counting counts what is written.
type counting struct{ n int64 }

func (c *counting) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

func write(path string, rows int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "First,Last,Mail,Company,City,Zip,Budget,Source")
	for i := range rows {
		fmt.Fprintf(w, "Anna %d,Lead %d,lead%d@example.com,Company %d,Vienna,%04d,%d.50,Web\n", i, i, i, i%5000, i%9999, i%100000)
	}
	return w.Flush()
}

// peer loads the same file by the database's own program into a bare table.
func peer(dir, file, database string, rows int, ours time.Duration) {
	columns := "first text, last text, mail text, company text, city text, zip text, budget text, source text"
	cmd := exec.Command("sqlite3", filepath.Join(dir, "peer.db"), "CREATE TABLE peer ("+columns+")", ".mode csv", ".import --skip 1 "+file+" peer")
	name := "sqlite3 .import"
	if database != "" {
		name = "psql \\copy"
		cmd = exec.Command("psql", database, "-qc", "CREATE TEMP TABLE peer ("+columns+")", "-c", "\\copy peer FROM '"+file+"' CSV HEADER")
	}
	began := time.Now()
	if text, err := cmd.CombinedOutput(); err != nil {
		fmt.Printf("peer %s: could not be run: %v %s\n", name, err, strings.TrimSpace(string(text)))
		return
	}
	took := time.Since(began)
	fmt.Printf("peer %s: %.0f rows/s into a bare table; ours takes %.1f times as long, with checks, hooks and the change log\n", name, float64(rows)/took.Seconds(), ours.Seconds()/took.Seconds())
}

// peak gives the most memory that the process has had, on Linux.
func peak() string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
