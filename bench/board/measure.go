package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/bench/internal/rows"
	"github.com/rapport-platform/rapport/internal/commons/process"
)

const sales = "leadtoopportunitysalesprocess"

type board struct {
	Columns []struct {
		Key   string
		Count int64
		Next  string
	}
}

func measure(ctx context.Context, s settings, database, dir, address string, b, plans *strings.Builder) error {
	o := rapport.Options{Addr: "127.0.0.1:0", Data: filepath.Join(dir, "data"), Database: address, AdminPassword: "admin password 1", Sample: true, Logger: slog.New(slog.DiscardHandler)}
	server, err := rapport.New(o)
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = server.Shutdown(context.WithoutCancel(ctx)) }()
	tokens := map[string]string{}
	admin, err := rapport.Admin(ctx, o)
	if err != nil {
		return err
	}
	for _, who := range []string{"admin", "jonas.weber"} {
		if tokens[who], err = admin.CreateToken(ctx, who, "bench", 0); err != nil {
			return err
		}
	}
	admin.Close()
	c := client{server.URL(), tokens["admin"]}
	if err := c.fill(ctx, s.rows); err != nil {
		return err
	}
	db, err := rows.Connect(ctx, database, address)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	if err := spread(ctx, db, database); err != nil {
		return err
	}
	for _, who := range []string{"admin", "jonas.weber"} {
		c.token = tokens[who]
		if err := c.ask(ctx, s, database, who, b); err != nil {
			return err
		}
	}
	return explain(ctx, db, database, plans)
}

type client struct{ url, token string }

// fill makes opportunities of two sellers of different units.
func (c client) fill(ctx context.Context, n int) error {
	var users struct{ Value []map[string]any }
	if _, err := c.call(ctx, http.MethodGet, "/api/data/v9.2/systemusers?$select=domainname&$filter="+url.QueryEscape("domainname eq 'jonas.weber' or domainname eq 'henrik.sato'"), nil, &users); err != nil {
		return err
	}
	const batch = 500
	for at := 0; at < n; at += batch {
		var targets []map[string]any
		for i := at; i < min(at+batch, n); i++ {
			targets = append(targets, map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.opportunity", "name": fmt.Sprintf("Deal %07d", i), "estimatedvalue": 1000 + i%90000, "customerneed": "Room to grow",
				"estimatedclosedate": time.Date(2026, 1, 1+i%700, 0, 0, 0, 0, time.UTC).Format(time.RFC3339), "ownerid@odata.bind": fmt.Sprintf("/systemusers(%s)", users.Value[i%len(users.Value)]["systemuserid"])})
		}
		if _, err := c.call(ctx, http.MethodPost, "/api/data/v9.2/opportunities/Microsoft.Dynamics.CRM.CreateMultiple", map[string]any{"Targets": targets}, nil); err != nil {
			return err
		}
	}
	return nil
}

// spread puts the records and their instances into the stages, and has the
// database look at what it holds now.
func spread(ctx context.Context, db rows.Conn, database string) error {
	if err := db.Begin(ctx); err != nil {
		return err
	}
	for i, stage := range []string{"develop", "propose", "close"} {
		key := stageOf(database, stage)
		for _, text := range []string{
			"UPDATE opportunity SET stageid = %s WHERE name LIKE 'Deal %%' AND CAST(substr(name, 6) AS integer) %% 3 = %s",
			"UPDATE " + sales + " SET activestageid = %s WHERE opportunityid IN (SELECT opportunityid FROM opportunity WHERE name LIKE 'Deal %%' AND CAST(substr(name, 6) AS integer) %% 3 = %s)",
		} {
			text = fmt.Sprintf(text, rows.Placeholder(database, 1), rows.Placeholder(database, 2))
			if err := db.Exec(ctx, text, []any{key, i}); err != nil {
				return err
			}
		}
	}
	if err := db.Commit(ctx); err != nil {
		return err
	}
	tidy := "ANALYZE"
	if database == "postgres" {
		tidy = "VACUUM ANALYZE opportunity" // as its own housekeeping does sooner or later
	}
	_, _, err := db.Query(ctx, tidy)
	return err
}

// stageOf gives the id of a stage as the database keeps ids.
func stageOf(database, stage string) any {
	key := process.StageID(sales, stage)
	if database == "postgres" {
		return key.String()
	}
	return key[:]
}

// ask sends each request and writes a line for it.
func (c client) ask(ctx context.Context, s settings, database, who string, b *strings.Builder) error {
	first := "/api/ui/tables/opportunity/board?by=" + sales + "&$select=name,customerid,estimatedvalue,estimatedclosedate,ownerid&$orderby=estimatedclosedate&$filter=" + url.QueryEscape("statecode eq 0")
	var got board
	if _, err := c.call(ctx, http.MethodGet, first, nil, &got); err != nil {
		return err
	}
	count, next := int64(0), ""
	for _, column := range got.Columns {
		count += column.Count
		if next == "" && column.Next != "" {
			next = first + "&column=" + column.Key + "&after=" + url.QueryEscape(column.Next)
		}
	}
	// Half of the records are of the unit that the seller sees.
	if want := int64(s.rows); who == "admin" && count < want || who != "admin" && (count < want/2 || count > want/2+1000) {
		return fmt.Errorf("%s is told of %d opportunities", who, count)
	}
	for _, r := range []struct{ what, path string }{{"totals and first pages", first}, {"next page of a column", next}} {
		var took []time.Duration
		size := 0
		for range s.times {
			began := time.Now()
			n, err := c.call(ctx, http.MethodGet, r.path, nil, nil)
			if err != nil {
				return err
			}
			took, size = append(took, time.Since(began)), n
		}
		slices.Sort(took)
		ms := func(share float64) float64 {
			return float64(took[min(len(took)-1, int(share*float64(len(took))))].Microseconds()) / 1000
		}
		fmt.Fprintf(b, "| %s | %s | %s | %.1f | %.1f | %.1f | %.1f |\n", database, map[bool]string{true: "sees all", false: "sees a unit"}[who == "admin"], r.what, ms(0.5), ms(0.95), ms(1), float64(size)/1024)
	}
	return nil
}

// explain tells how the database finds the totals and a page.
func explain(ctx context.Context, db rows.Conn, database string, out *strings.Builder) error {
	order, stage := "estimatedclosedate NULLS FIRST, opportunityid", "'"+process.StageID(sales, "propose").String()+"'"
	prefix := "EXPLAIN "
	if database == "sqlite" {
		order, stage, prefix = "estimatedclosedate, opportunityid", "x'"+strings.ReplaceAll(strings.Trim(stage, "'"), "-", "")+"'", "EXPLAIN QUERY PLAN "
	}
	fmt.Fprintf(out, "\n## Plans on %s\n\n```\n", database)
	for _, text := range []string{
		"SELECT stageid, count(*), sum(estimatedvalue_base) FROM opportunity WHERE statecode = 0 GROUP BY stageid",
		"SELECT opportunityid, name FROM opportunity WHERE statecode = 0 AND stageid = " + stage + " ORDER BY " + order + " LIMIT 26",
	} {
		_, lines, err := db.Query(ctx, prefix+text)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, text)
		for _, line := range lines {
			fmt.Fprintf(out, "    %v\n", line[len(line)-1])
		}
	}
	out.WriteString("```\n")
	return nil
}

// call sends a request and gives the size of the answer in bytes.
func (c client) call(ctx context.Context, method, path string, body, out any) (int, error) {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, payload)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if res.StatusCode >= 300 {
		return 0, fmt.Errorf("%s %s: %d %.300s", method, path, res.StatusCode, text)
	}
	if out != nil {
		err = json.Unmarshal(text, out)
	}
	return len(text), err
}
