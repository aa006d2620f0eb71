package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
)

// result is what one database gave.
type result struct {
	Database  string
	Created   int64
	Refused   int64
	Took      float64 // seconds, of the import
	CPU       float64 // seconds of the process meanwhile, followers among them
	ServerCPU float64 // seconds of the database server's processes meanwhile; 0 where there is none, or it is not ours
	Peak      int64   // bytes, at the end of the import, since the product that laid the tables had stopped
	Behind    int64   // changes that search had not taken in when the import ended
	Peer      string  // the database's own program
	PeerTook  float64 // seconds; 0 where it could not be run
	Exports   []exported
	Caught    caught
}

// caught tells how the followers caught up when all else was over.
type caught struct {
	Changes int64   // that search had still to take in
	Took    float64 // seconds, until it had; 0 where it was not waited for
	CPU     float64 // seconds of the process meanwhile, of all followers
	Peak    int64   // bytes, of the process so far
	Left    int64   // changes still missing when the wait was given up
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
	w := watch(s)
	defer w.end()
	if err := bring(ctx, s, o, file, mapping, &r); err != nil {
		return r, err
	}
	peer(dir, file, database, &r)
	if err := carry(ctx, s, o, &r); err != nil {
		return r, err
	}
	return r, catchUp(ctx, s, o, &r)
}

// putInForce is how long the duplicate rules that ship take at the first start,
// with some to spare; an import that comes earlier would share the writer with them.
const putInForce = 10 * time.Second

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
	select {
	case <-time.After(putInForce):
	case <-ctx.Done():
	}
	return server.Shutdown(ctx)
}

// bring imports the file. The time runs from the first look at the import, when
// the product has started, to its end.
func bring(ctx context.Context, s settings, o rapport.Options, file, mapping string, r *result) error {
	stop, err := profiled(s.profile)
	if err != nil {
		return err
	}
	defer stop()
	var first, last time.Time
	var began, ended, serverBegan, serverEnded float64
	state, _, err := rapport.Import(ctx, o, rapport.ImportInput{User: "admin", Table: "lead", File: file, Mapping: mapping}, func(transfer.State) {
		if first.IsZero() {
			first, began, serverBegan = time.Now(), processor(), server(s.server)
		}
		last, ended, serverEnded = time.Now(), processor(), server(s.server)
	})
	if err != nil {
		return err
	}
	if s.heap != "" {
		if err := writeProfile(s.heap, "allocs"); err != nil {
			return err
		}
	}
	if last.Sub(first) < 100*time.Millisecond { // one look: the rest is chance
		return fmt.Errorf("too few rows to measure")
	}
	f := state.Files[0]
	r.Created, r.Refused, r.Took, r.CPU, r.ServerCPU, r.Peak, r.Behind = f.Created, f.Refused, last.Sub(first).Seconds(), ended-began, serverEnded-serverBegan, peak(), state.SearchBehind
	return nil
}

// carry exports all leads in each of the formats. Starting the product is not measured:
// an export of nothing takes as long.
func carry(ctx context.Context, s settings, o rapport.Options, r *result) error {
	if s.formats == "" {
		return nil
	}
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

// catchUp starts the product and waits until search has taken in all changes and
// the lake has everything, as far as their metrics tell.
func catchUp(ctx context.Context, s settings, o rapport.Options, r *result) error {
	r.Caught.Peak = peak()
	if s.catch == 0 {
		return nil
	}
	server, err := rapport.New(o)
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	if err := server.Ready(ctx); err != nil {
		return errors.Join(err, server.Shutdown(ctx))
	}
	stop, err := profiled(s.profileAfter)
	if err != nil {
		return err
	}
	defer stop()
	began, used := time.Now(), processor()
	for {
		left, err := behind(ctx, server.URL())
		if err != nil {
			return errors.Join(err, server.Shutdown(ctx))
		}
		c := &r.Caught
		c.Changes, c.Left, c.Took, c.CPU, c.Peak = max(c.Changes, left), left, time.Since(began).Seconds(), processor()-used, peak()
		if left == 0 && time.Since(began) > 5*time.Second || time.Since(began) >= s.catch {
			return server.Shutdown(ctx)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), server.Shutdown(context.WithoutCancel(ctx)))
		}
	}
}

// behind asks the product how many changes search does not hold yet.
func behind(ctx context.Context, address string) (int64, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	const name = "rapport_search_lag_changes "
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name); ok {
			n, err := strconv.ParseFloat(value, 64)
			return int64(n), err
		}
	}
	return 0, errors.New("the product does not tell how far search is behind")
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
