package record

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Swift is what it may take to count before an estimate comes in place of the
// number, for those to whom it will do. What is 0 is as usual.
type Swift struct {
	Time time.Duration // on SQLite, which can't tell beforehand: 150 ms
	Cost float64       // on PostgreSQL, in the planner's units: 20,000, about as long
	Rows int64         // on SQLite, tables with fewer row numbers are always counted: 40,000
}

// sampleSize is how many rows of SQLite are looked at.
const sampleSize = 2000

// total counts the rows of a checked query. Where an estimate will do it is
// given, with about true, as soon as the count turns out to take long; never
// within a transaction.
func (r reader) total(ctx context.Context, q *query.Query, guard query.Guard) (n int64, about bool, err error) {
	if !q.Estimate || !r.apart || q.Group != nil || len(q.Links) > 0 {
		n, err = r.count(ctx, q, guard)
		return n, false, err
	}
	if r.o.DB.Dialect() == sqldb.Postgres {
		return r.plannedTotal(ctx, q, guard)
	}
	return r.sampledTotal(ctx, q, guard)
}

func (r reader) count(ctx context.Context, q *query.Query, guard query.Guard) (n int64, err error) {
	st, err := query.RenderCount(r.o.Catalog(), r.o.DB.Dialect(), q, guard)
	if err != nil {
		return 0, err
	}
	return r.number(ctx, st.SQL, st.Args)
}

func (r reader) number(ctx context.Context, text string, args []any) (n int64, err error) {
	rows, err := r.query(ctx, text, args)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&n)
	}
	if err == nil {
		err = rows.Err()
	}
	return n, err
}

// plannedTotal asks the planner what counting would cost, and how many rows it
// expects. A statement that has begun would run on in the server when it is
// given up, so none is begun.
func (r reader) plannedTotal(ctx context.Context, q *query.Query, guard query.Guard) (int64, bool, error) {
	exact, err := query.RenderCount(r.o.Catalog(), sqldb.Postgres, q, guard)
	if err != nil {
		return 0, false, err
	}
	counting, err := r.planned(ctx, exact)
	if err != nil {
		return 0, false, err
	}
	if counting.Cost <= cmp.Or(r.o.Swift.Cost, 20_000) {
		n, err := r.number(ctx, exact.SQL, exact.Args)
		return n, false, err
	}
	all, err := query.RenderMatching(r.o.Catalog(), sqldb.Postgres, q, guard)
	if err != nil {
		return 0, false, err
	}
	plan, err := r.planned(ctx, all)
	return max(0, int64(plan.Rows)), true, err
}

type planned struct {
	Cost float64 `json:"Total Cost"`
	Rows float64 `json:"Plan Rows"`
}

func (r reader) planned(ctx context.Context, st query.Statement) (planned, error) {
	rows, err := r.query(ctx, "EXPLAIN (FORMAT JSON) "+st.SQL, st.Args)
	if err != nil {
		return planned{}, err
	}
	defer rows.Close()
	var text string
	for rows.Next() {
		if err := rows.Scan(&text); err != nil {
			return planned{}, err
		}
	}
	if err := rows.Err(); err != nil {
		return planned{}, err
	}
	var out []struct{ Plan planned }
	if err := json.Unmarshal([]byte(text), &out); err != nil || len(out) != 1 {
		return planned{}, errors.Join(errors.New("the plan of a count can't be read"), err)
	}
	return out[0].Plan, nil
}

// sampledTotal counts for a moment; where that does not do it looks at rows of
// some row numbers drawn at random.
func (r reader) sampledTotal(ctx context.Context, q *query.Query, guard query.Guard) (int64, bool, error) {
	brief, cancel := context.WithTimeout(ctx, cmp.Or(r.o.Swift.Time, 150*time.Millisecond))
	n, err := r.count(brief, q, guard)
	late := brief.Err() != nil
	cancel()
	if err == nil || !late || ctx.Err() != nil {
		return n, false, err
	}
	name := sqldb.SQLite.Quote(q.Table)
	first, err := r.number(ctx, "SELECT coalesce(min(rowid), 0) FROM "+name, nil)
	if err != nil {
		n, err := r.count(ctx, q, guard) // a table that an earlier version made has no row numbers
		return n, false, err
	}
	last, err := r.number(ctx, "SELECT coalesce(max(rowid), 0) FROM "+name, nil)
	if err != nil {
		return 0, false, err
	}
	if span := last - first + 1; span >= cmp.Or(r.o.Swift.Rows, 40_000) {
		drawn := make([]int64, sampleSize)
		for i := range drawn {
			drawn[i] = first + rand.Int64N(span)
		}
		st, err := query.RenderSample(r.o.Catalog(), q, guard, drawn)
		if err != nil {
			return 0, false, err
		}
		hits, err := r.number(ctx, st.SQL, st.Args)
		if err != nil {
			return 0, false, err
		}
		return int64(float64(hits) / sampleSize * float64(span)), true, nil
	}
	n, err = r.count(ctx, q, guard)
	return n, false, err
}
