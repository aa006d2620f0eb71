package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/search"
)

// page is how many rows a first page has in the interface.
const page = 50

// views are what is asked: the shipped views whose sort has an index.
func views() []struct {
	name  string
	query query.Query
} {
	open := query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}
	columns := []string{"fullname", "companyname", "msdyn_leadscore", "address1_city", "statuscode", "ownerid", "createdon"}
	return []struct {
		name  string
		query query.Query
	}{
		{"open, by score", query.Query{Table: "lead", Select: columns, Where: open, Order: []query.Order{{Column: "msdyn_leadscore", Desc: true}}, Limit: page}},
		{"all, newest first", query.Query{Table: "lead", Select: columns, Order: []query.Order{{Column: "createdon", Desc: true}}, Limit: page}},
		{"open, by name", query.Query{Table: "lead", Select: columns, Where: open, Order: []query.Order{{Column: "fullname"}}, Limit: page}},
	}
}

func (o *organisation) measure(ctx context.Context, b *strings.Builder) error {
	fmt.Fprintf(b, "\n## %s\n\nPut in within %.0f s.\n\n| depth | question | median | p95 | processor | rows |\n|---|---|---:|---:|---:|---:|\n", o.db.Dialect(), o.built.Seconds())
	var plans strings.Builder
	for at, depth := range depths {
		if !o.s.pages {
			break
		}
		for _, v := range views() {
			var rows int64
			err := o.time(ctx, b, at, v.name, func(ctx context.Context) (int64, error) {
				found, err := o.store.Find(ctx, v.query)
				return int64(len(found.Rows)), err
			}, &rows)
			if err != nil {
				return err
			}
			if err := o.plan(ctx, &plans, at, depth, v.name, v.query); err != nil {
				return err
			}
		}
		if err := o.jumps(ctx, b, at); err != nil {
			return err
		}
		counted := views()[0].query
		counted.Limit, counted.Count = 1, true
		if err := o.time(ctx, b, at, "count of the open ones", func(ctx context.Context) (int64, error) {
			found, err := o.store.Find(ctx, counted)
			return found.Total, err
		}, new(int64)); err != nil {
			return err
		}
	}
	if o.s.search {
		if err := o.searches(ctx, b); err != nil {
			return err
		}
	}
	b.WriteString("\nPlans:\n\n```\n" + plans.String() + "```\n")
	return nil
}

// jumps asks for the page in the middle of lists, with and without an index that
// holds what is filtered by.
func (o *organisation) jumps(ctx context.Context, b *strings.Builder, at int) error {
	lists := views()
	city := lists[1]
	city.name, city.query.Where = "City 7, newest first", query.Compare{Left: query.Path{"address1_city"}, Value: "City 7"}
	half := lists[1]
	half.name, half.query.Where = "score above 50, newest first", query.Compare{Left: query.Path{"msdyn_leadscore"}, Op: query.Gt, Value: int64(50)}
	for _, v := range append(lists, city, half) {
		err := o.time(ctx, b, at, "middle of "+v.name, func(ctx context.Context) (int64, error) {
			q := v.query
			q.Count, q.Limit, q.Estimate = true, 1, true
			found, err := o.store.Find(ctx, q)
			if err != nil {
				return 0, err
			}
			q.Count, q.Limit, q.Skip = false, page, int(found.Total/2)
			found, err = o.store.Find(ctx, q)
			return int64(q.Skip), err
		}, new(int64))
		if err != nil {
			return err
		}
	}
	return nil
}

// as is a user of a kind.
func (o *organisation) as(ctx context.Context, kind, n int) context.Context {
	who := o.users[(kind+len(depths)*n)%len(o.users)]
	return access.With(ctx, access.Principal{Kind: access.User, ID: who})
}

func (o *organisation) time(ctx context.Context, b *strings.Builder, kind int, name string, ask func(context.Context) (int64, error), rows *int64) error {
	var took []time.Duration
	var spent time.Duration
	for n := range o.s.rounds + 2 {
		began, worked := time.Now(), processorTime()
		got, err := ask(o.as(ctx, kind, n))
		if err != nil {
			return fmt.Errorf("%s, %s: %w", depths[kind], name, err)
		}
		if *rows = got; n >= 2 { // the first two warm what a running server has warm
			took = append(took, time.Since(began))
			spent += processorTime() - worked
		}
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	line := fmt.Sprintf("| %s | %s | %.1f | %.1f | %.1f | %d |\n", depths[kind], name, ms(took[len(took)/2]), ms(took[min(len(took)-1, len(took)*95/100)]), ms(spent)/float64(len(took)), *rows)
	fmt.Fprint(os.Stderr, line)
	b.WriteString(line)
	return nil
}

// processorTime is what this program has worked, on a busy machine a better
// measure than the clock; with PostgreSQL most work is done elsewhere.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// plan writes down how the database answers.
func (o *organisation) plan(ctx context.Context, b *strings.Builder, kind int, depth access.Depth, name string, q query.Query) error {
	ctx = o.as(ctx, kind, 1)
	control := &access.Control{Current: o.snap.Load, Catalog: o.known}
	checked, err := query.Check(o.catalog, &q, query.Limits{})
	if err != nil {
		return err
	}
	st, err := query.Render(o.catalog, o.db.Dialect(), checked, control.Guard(ctx, access.Read))
	if err != nil {
		return err
	}
	explain := "EXPLAIN QUERY PLAN "
	if o.db.Dialect() == sqldb.Postgres {
		explain = "EXPLAIN "
	}
	rows, err := o.db.Query(ctx, explain+st.SQL, st.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	fmt.Fprintf(b, "%s, %s:\n", depth, name)
	for rows.Next() {
		var line string
		into := []any{new(any), new(any), new(any), &line}
		if o.db.Dialect() == sqldb.Postgres {
			into = []any{&line}
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if len(line) > 200 {
			line = line[:200] + " …"
		}
		b.WriteString("  " + line + "\n")
	}
	return rows.Err()
}

// words are what is searched for: some that few records have, slips of the pen,
// beginnings that many words have, words that most records have.
var words = []string{"neumann 4711", "lead4711", "hofman", "laed4711", "ada kr", "le", "fi", "ada neumann", "example", "example neumann firm", "nothinglikeit"}

// searches builds the index as the job does, and asks it.
func (o *organisation) searches(ctx context.Context, b *strings.Builder) error {
	began := time.Now()
	queue := job.NewQueue(o.db, clock.System{})
	index := search.New(search.Options{DB: o.db, Store: o.store, Log: o.log, Access: &access.Control{Current: o.snap.Load, Catalog: o.known}, Catalog: o.known, Clock: clock.System{}, Jobs: queue})
	there := 0
	if _, err := o.db.QueryRow(ctx, "SELECT COUNT(*) FROM searchdoc WHERE tablename = 'lead'", nil, &there); err != nil {
		return err
	}
	if there < o.s.leads {
		if err := o.rebuild(ctx, queue, index); err != nil {
			return err
		}
		took := time.Since(began).Seconds()
		built := fmt.Sprintf("| | *search index of %d more records built in %.0f s, %.0f a second* | | | | |\n", o.s.leads-there, took, float64(o.s.leads-there)/took)
		fmt.Fprint(os.Stderr, built)
		b.WriteString(built)
	}
	for at := range depths {
		find := func(name, text string, where query.Node) error {
			return o.time(ctx, b, at, name, func(ctx context.Context) (int64, error) {
				_, total, err := index.Find(ctx, search.Request{Text: text, All: true, Top: 25, Scopes: []search.Scope{{Table: "lead", Where: where}}})
				return int64(total), err
			}, new(int64))
		}
		for _, text := range words {
			if err := find("search "+text, text, nil); err != nil {
				return err
			}
		}
		if err := find("search neumann, of one owner", "neumann", query.Compare{Left: query.Path{"ownerid"}, Value: o.users[at]}); err != nil {
			return err
		}
		if err := find("search neumann, in a city", "neumann", query.Compare{Left: query.Path{"address1_city"}, Value: "City 7"}); err != nil {
			return err
		}
	}
	return nil
}

// rebuild has the job run to its end by a runner, as in the product.
func (o *organisation) rebuild(ctx context.Context, queue *job.Queue, index *search.Index) error {
	runner := job.NewRunner(job.Options{Queue: queue, Logger: slog.New(slog.DiscardHandler)})
	runner.Handle(search.Kind, index.Handler())
	if err := o.db.Write(ctx, func(tx *sqldb.Tx) error { _, err := index.Rebuild(tx); return err }); err != nil {
		return err
	}
	if err := runner.Start(ctx); err != nil {
		return err
	}
	defer runner.Stop(context.WithoutCancel(ctx))
	for {
		if left, _, err := queue.Waiting(ctx, search.Kind); err != nil || left == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
