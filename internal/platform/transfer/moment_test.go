package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/export"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// Parts hand stock to each other all the time while they are exported in the
// order of their stock. The sum tells whether one moment was shown.
func TestExportShowsOneMoment(t *testing.T) {
	each(t, func(e *env) {
		const n, each = 2500, 1000
		keys := make([]id.ID, n)
		err := e.store.Write(e.system(), func(tx *record.Tx) error {
			for i := range keys {
				row, err := tx.Create(e.system(), "rpt_part", record.Row{"rpt_name": "Part", "rpt_code": fmt.Sprint(i), "rpt_stock": int64(each), "ownerid": e.anna, "owneridtype": "systemuser"})
				if err != nil {
					return err
				}
				keys[i] = row.ID("rpt_partid")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(e.system())
		defer stop()
		var moved atomic.Int64
		ended := make(chan error, 1)
		begun := make(chan struct{})
		go func() {
			for i := 0; ; i++ {
				from, to := keys[(i*7919)%n], keys[(i*104729+1)%n]
				err := e.store.Write(ctx, func(tx *record.Tx) error {
					if from == to {
						return nil
					}
					for key, by := range map[id.ID]int64{from: -900, to: 900} {
						row, err := tx.Get(ctx, "rpt_part", key, []string{"rpt_stock"}, nil)
						if err != nil {
							return err
						}
						if _, err := tx.Update(ctx, "rpt_part", key, record.Row{"rpt_stock": row.Int("rpt_stock") + by}, record.Match{}); err != nil {
							return err
						}
					}
					_, err := tx.Create(ctx, "rpt_part", record.Row{"rpt_name": "New", "rpt_code": "N" + fmt.Sprint(i), "rpt_stock": int64(0)})
					return err
				})
				if err != nil {
					if ctx.Err() != nil {
						err = nil
					}
					ended <- err
					return
				}
				if moved.Add(1) == 3 {
					close(begun)
				}
			}
		}()
		select {
		case <-begun:
		case err := <-ended:
			t.Fatal("the writer stopped", err)
		}
		for _, order := range []string{"rpt_stock", "rpt_name,rpt_stock desc"} {
			var out bytes.Buffer
			if _, err := e.exporter().Export(e.ctx(), e.asked(export.JSONL, "rpt_code,rpt_stock", "", order), &out); err != nil {
				t.Fatal(err)
			}
			seen, sum := map[string]int{}, int64(0)
			for line := range strings.Lines(out.String()) {
				var row struct {
					Code  string `json:"rpt_code"`
					Stock int64  `json:"rpt_stock"`
				}
				if err := json.Unmarshal([]byte(line), &row); err != nil {
					t.Fatal(err)
				}
				seen[row.Code]++
				sum += row.Stock
			}
			for i := range n {
				if seen[fmt.Sprint(i)] != 1 {
					t.Errorf("by %s: part %d comes %d times", order, i, seen[fmt.Sprint(i)])
				}
			}
			for code, times := range seen {
				if times != 1 {
					t.Errorf("by %s: part %s comes %d times", order, code, times)
				}
			}
			if sum != n*each {
				t.Errorf("by %s: the stock is %d, never was it anything but %d", order, sum, n*each)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error("the writer was held up:", err)
		}
	})
}

// childOf says to a test that it runs in a process of its own, which it may limit.
const childOf = "RAPPORT_TEST_CHILD"

// The system refuses to make a file larger: whoever exports is told why, nothing
// stays, and there is a row that says so. What had not left is not sent in part.
func TestExportOnFullDisk(t *testing.T) {
	t.Parallel()
	if os.Getenv(childOf) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestExportOnFullDisk$/^sqlite$", "-test.v")
		child.Env = append(os.Environ(), childOf+"=1")
		out, err := child.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("--- PASS: TestExportOnFullDisk/sqlite")) {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	childEach(t, func(e *env) {
		maker := e.must("account", record.Row{"name": strings.Repeat("Maker ", 25)}).ID("accountid")
		const n = 5000
		err := e.store.Write(e.system(), func(tx *record.Tx) error {
			for i := range n {
				if _, err := tx.Create(e.system(), "rpt_part", record.Row{"rpt_name": strings.Repeat("Part ", 18) + fmt.Sprint(i), "rpt_maker": maker, "rpt_stock": int64(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		var told []string
		roomForNotes := func() { // the database's own log begins anew, below the limit
			if _, err := e.db.Scrub(t.Context(), 0, nil); err != nil {
				t.Fatal(err)
			}
		}
		roomForNotes()
		for _, limit := range []uint64{800_000, 1_120_000} { // before anything has left, and after
			signal.Ignore(syscall.SIGXFSZ)
			var was syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: was.Max}); err != nil {
				t.Fatal(err)
			}
			for _, format := range []string{export.CSV, export.XLSX} {
				x := e.exporter()
				x.Dir = dir
				x.Tell = func(_ context.Context, _ *record.Tx, who id.ID, n export.Notice) error {
					told = append(told, who.String()+" "+n.Body.In("en"))
					return nil
				}
				var out bytes.Buffer
				_, err := x.Export(e.ctx(), e.asked(format, "rpt_name,rpt_stock,_rpt_maker_value", "", "rpt_name"), &out)
				if format == export.XLSX && err == nil {
					continue // packed it is small enough
				}
				if !errors.Is(err, errs.New(errs.Unavailable, "disk.full", "")) || limit < 1<<20 && out.Len() > 0 {
					t.Errorf("%s, %d bytes: %v, %d bytes sent", format, limit, err, out.Len())
				}
			}
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
				t.Fatal(err)
			}
			roomForNotes()
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Error("left behind:", left, err)
			}
		}
		page, err := e.store.Find(e.system(), query.Query{Table: "rpt_exportlog", Where: query.Compare{Left: query.Path{"rpt_outcome"}, Value: int64(2)}})
		if err != nil || len(page.Rows) < 2 || !strings.Contains(page.Rows[0].Text("rpt_error"), "disk of the server is full") {
			t.Error(page.Rows, err)
		}
		if len(told) != len(page.Rows) || !strings.HasPrefix(told[0], e.anna.String()+" Reason: the disk of the server is full") || !strings.Contains(told[0], "it is not whole") {
			t.Error("told:", told)
		}
		var out bytes.Buffer
		if rows, err := e.exporter().Export(e.ctx(), e.asked(export.CSV, "rpt_name", "", ""), &out); err != nil || rows != n {
			t.Error("with room again:", rows, err)
		}
	})
}

// An export whose process ended has failed, and whoever asked for it is told
// once; one that is under way is left alone.
func TestAbandonedExports(t *testing.T) {
	each(t, func(e *env) {
		var told []string
		x := e.exporter()
		x.Tell = func(_ context.Context, _ *record.Tx, who id.ID, n export.Notice) error {
			told = append(told, who.String()+" "+n.Title.In("de")+": "+n.Body.In("de"))
			return nil
		}
		row := func(name string, outcome int64) {
			e.must(export.Table, record.Row{"rpt_name": name, "rpt_table": "rpt_part", "rpt_format": "csv", "rpt_outcome": outcome, "ownerid": e.anna, "owneridtype": "systemuser"})
		}
		row("left", 0)
		row("whole", 1)
		e.clock.Advance(7 * time.Hour)
		row("young", 0)
		for range 2 {
			if err := x.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(told) != 1 || !strings.HasPrefix(told[0], e.anna.String()+" Export fehlgeschlagen: left: Grund: the server was stopped") {
			t.Error(told)
		}
		if got := e.rows(export.Table, "rpt_name", "rpt_outcome"); got != "left 2\nwhole 1\nyoung 0" {
			t.Error(got)
		}
	})
}

// childEach is each without other engines at work in the process.
func childEach(t *testing.T, run func(e *env)) {
	catalog := fixture.With(t, code)
	t.Run("sqlite", func(t *testing.T) {
		db, err := sqldb.Open(t.Context(), sqldb.Options{URL: dbtest.SQLite(t, fixture.Schema(t, catalog))})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		run(newEnv(t, db, catalog))
	})
}
