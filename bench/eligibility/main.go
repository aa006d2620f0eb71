// Command eligibility measures how long it takes to rehearse a version of a
// decision set on many past applications, through the product's own Web API.
//
//	go run ./bench/eligibility -rows 100000 -database both
//
// The sample lender's rules are tried on leads that were made with CreateMultiple;
// making them is not a part of the time. Twice each: the pages of the database are
// in memory the second time.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/test/pgserver"
)

func main() {
	rows := flag.Int("rows", 100_000, "past applications")
	which := flag.String("database", "both", "sqlite, postgres or both")
	longest := flag.Duration("longest", 60*time.Minute, "after which it gives up")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *longest)
	defer cancel()
	fmt.Printf("Rehearsing on %d past applications; %d cores, %s\n", *rows, runtime.NumCPU(), runtime.Version())
	for _, database := range []string{"sqlite", "postgres"} {
		if *which != "both" && *which != database {
			continue
		}
		if err := measure(ctx, database, *rows); err != nil {
			fmt.Fprintln(os.Stderr, "eligibility:", database+":", err)
			os.Exit(1)
		}
	}
}

func measure(ctx context.Context, database string, rows int) error {
	dir, err := os.MkdirTemp("", "eligibility-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	url := filepath.Join(dir, "rapport.db")
	if database == "postgres" {
		pg, err := pgserver.New(ctx, dir)
		if err != nil {
			return err
		}
		if err := pg.Start(ctx); err != nil {
			return err
		}
		defer pg.Stop()
		url = pg.URL("postgres")
	}
	o := rapport.Options{Addr: "127.0.0.1:0", Data: filepath.Join(dir, "data"), Database: url, AdminPassword: "admin password 1", Sample: true, Logger: slog.New(slog.DiscardHandler)}
	server, err := rapport.New(o)
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = server.Shutdown(context.WithoutCancel(ctx)) }()
	admin, err := rapport.Admin(ctx, o)
	if err != nil {
		return err
	}
	token, err := admin.CreateToken(ctx, "admin", "bench", 0)
	admin.Close()
	if err != nil {
		return err
	}
	c := client{server.URL() + "/api/data/v9.2/", token}
	if err := c.fill(ctx, rows); err != nil {
		return err
	}
	var versions struct{ Value []map[string]any }
	if err := c.call(ctx, http.MethodGet, "rpt_decisionversions?$select=rpt_number&$top=1&$filter=rpt_decisionid/rpt_uniquename%20eq%20'lend_eligibility'", nil, &versions); err != nil {
		return err
	}
	if len(versions.Value) == 0 {
		return fmt.Errorf("the sample has no decision set")
	}
	for range 2 {
		began, cpu := time.Now(), processor()
		var out struct{ Report string }
		address := fmt.Sprintf("rpt_decisionversions(%s)/Microsoft.Dynamics.CRM.rpt_RehearseDecision", versions.Value[0]["rpt_decisionversionid"])
		if err := c.call(ctx, http.MethodPost, address, map[string]any{"Limit": rows}, &out); err != nil {
			return err
		}
		var report struct{ Cases int }
		if err := json.Unmarshal([]byte(out.Report), &report); err != nil {
			return err
		}
		fmt.Printf("%s: %d cases in %.1f s, %.1f s of processor time\n", database, report.Cases, time.Since(began).Seconds(), processor()-cpu)
	}
	return nil
}

type client struct{ url, token string }

func (c client) fill(ctx context.Context, rows int) error {
	const batch = 500
	for at := 0; at < rows; at += batch {
		var targets []map[string]any
		for i := at; i < min(at+batch, rows); i++ {
			targets = append(targets, map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.lead", "lastname": fmt.Sprintf("Applicant %d", i), "lend_income": 1500 + i%7000, "lend_debts": i % 900,
				"lend_amount": 5000 + i%300000, "lend_term": 12 + i%300, "lend_birthdate": fmt.Sprintf("%d-05-04", 1940+i%70), "lend_employment": 100000000 + i%4})
		}
		if err := c.call(ctx, http.MethodPost, "leads/Microsoft.Dynamics.CRM.CreateMultiple", map[string]any{"Targets": targets}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c client) call(ctx context.Context, method, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode > 299 {
		return fmt.Errorf("%s: %s: %.300s", path, res.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// processor gives the seconds of processor time that this process has used; the
// product and the client are one.
func processor() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
