package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
)

// result is what one database gave.
type result struct {
	Database string
	Created  int64
	Refused  int64
	Took     float64 // seconds, of the import
	CPU      float64 // seconds of the process meanwhile, followers among them
	Peak     int64   // bytes, at the end of the import, since the product that laid the tables had stopped
	Behind   int64   // changes that search had not taken in when the import ended
	Peer     string  // the database's own program
	PeerTook float64 // seconds; 0 where it could not be run
	Exports  []exported
}

type exported struct {
	Format string
	Rows   int64
	Bytes  int64
	Took   float64 // seconds, without the product's start
	Peak   int64
}

const chosen = "firstname,lastname,emailaddress1,companyname,address1_city,budgetamount,leadsourcecode,createdon,_ownerid_value"

func measure(ctx context.Context, s settings, database string) (result, error) {
	var r result
	dir, err := os.MkdirTemp("", "transfer")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	file, mapping := filepath.Join(dir, "leads.csv"), filepath.Join(dir, "map.yaml")
	if err := write(file, s.rows); err != nil {
		return r, err
	}
	if err := os.WriteFile(mapping, []byte("columns: {First: firstname, Last: lastname, Mail: emailaddress1, Company: companyname, City: address1_city, Zip: address1_postalcode, Budget: budgetamount, Source: leadsourcecode}\n"), 0o600); err != nil {
		return r, err
	}
	o := rapport.Options{Data: filepath.Join(dir, "data"), Database: database, AdminPassword: "admin password 1", Logger: slog.New(slog.DiscardHandler), Addr: "127.0.0.1:0"}
	if err := lay(ctx, o); err != nil {
		return r, err
	}
	runtime.GC()
	debug.FreeOSMemory()
	if err := forgetPeak(); err != nil {
		return r, err
	}
	if err := bring(ctx, s, o, file, mapping, &r); err != nil {
		return r, err
	}
	peer(dir, file, database, &r)
	return r, carry(ctx, s, o, &r)
}

// lay makes the tables and the roles, which is not measured.
func lay(ctx context.Context, o rapport.Options) error {
	server, err := rapport.New(o)
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	if err := server.Ready(ctx); err != nil {
		return err
	}
	return server.Shutdown(ctx)
}

// bring imports the file. The time runs from the first look at the import, when
// the product has started, to its end.
func bring(ctx context.Context, s settings, o rapport.Options, file, mapping string, r *result) error {
	if s.profile != "" {
		f, err := os.Create(s.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var first, last time.Time
	var began, ended float64
	state, _, err := rapport.Import(ctx, o, rapport.ImportInput{User: "admin", Table: "lead", File: file, Mapping: mapping}, func(transfer.State) {
		if first.IsZero() {
			first, began = time.Now(), processor()
		}
		last, ended = time.Now(), processor()
	})
	if err != nil {
		return err
	}
	if s.heap != "" {
		if err := writeHeap(s.heap); err != nil {
			return err
		}
	}
	if !last.After(first) {
		return fmt.Errorf("too few rows to measure")
	}
	f := state.Files[0]
	r.Created, r.Refused, r.Took, r.CPU, r.Peak, r.Behind = f.Created, f.Refused, last.Sub(first).Seconds(), ended-began, peak(), state.SearchBehind
	return nil
}

func writeHeap(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return pprof.Lookup("allocs").WriteTo(f, 0)
}

// carry exports all leads in each of the formats. Starting the product is not measured:
// an export of nothing takes as long.
func carry(ctx context.Context, s settings, o rapport.Options, r *result) error {
	began := time.Now()
	if _, err := rapport.Export(ctx, o, rapport.ExportInput{User: "admin", Table: "lead", Format: "csv", Filter: "lastname eq 'nobody'"}, io.Discard); err != nil {
		return err
	}
	idle := time.Since(began)
	for format := range strings.SplitSeq(s.formats, ",") {
		out := &counting{}
		began := time.Now()
		n, err := rapport.Export(ctx, o, rapport.ExportInput{User: "admin", Table: "lead", Format: format, Select: chosen}, out)
		if err != nil {
			return err
		}
		r.Exports = append(r.Exports, exported{format, n, out.n, max(time.Since(began)-idle, time.Millisecond).Seconds(), peak()})
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
func peer(dir, file, database string, r *result) {
	columns := "first text, last text, mail text, company text, city text, zip text, budget text, source text"
	cmd := exec.Command("sqlite3", filepath.Join(dir, "peer.db"), "CREATE TABLE peer ("+columns+")", ".mode csv", ".import --skip 1 "+file+" peer")
	r.Peer = "sqlite3 .import"
	if database != "" {
		r.Peer = "psql \\copy"
		cmd = exec.Command("psql", database, "-qc", "CREATE TEMP TABLE peer ("+columns+")", "-c", "\\copy peer FROM '"+file+"' CSV HEADER")
	}
	began := time.Now()
	if text, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "peer %s: could not be run: %v %s\n", r.Peer, err, strings.TrimSpace(string(text)))
		return
	}
	r.PeerTook = time.Since(began).Seconds()
}

// processor gives the processor time of this process so far, in seconds.
func processor() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// forgetPeak has the peak of memory begin anew, on Linux: the tables are laid by
// the same process.
func forgetPeak() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peak gives the most memory that the process has had, in bytes, on Linux; else 0.
func peak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}
