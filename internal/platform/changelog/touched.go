package changelog

import (
	"context"
	"fmt"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Touch is a record with the last of its changes in a stretch of the log.
type Touch struct {
	Record id.ID
	Seq    int64
}

// Touched lists the records of a table that changed above from and up to till,
// in the order of their last change, those whose last change is above after.
func (l *Log) Touched(ctx context.Context, table string, from, till, after int64, limit int) ([]Touch, error) {
	p := l.db.Dialect().Placeholder
	seq, source := "c.pos", "changelog c"
	if l.db.Dialect() == sqldb.Postgres {
		seq, source = "o.seq", "changeorder o JOIN changelog c ON c.pos = o.pos"
	}
	text := "SELECT recordid, last FROM (SELECT c.recordid AS recordid, MAX(" + seq + ") AS last FROM " + source +
		" WHERE " + seq + " > " + p(1) + " AND " + seq + " <= " + p(2) + " AND c.tablename = " + p(3) + " GROUP BY c.recordid) g WHERE last > " + p(4) + " ORDER BY last LIMIT " + p(5)
	rows, err := l.db.Query(ctx, text, from, till, table, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Touch
	for rows.Next() {
		var record any
		var t Touch
		if err := rows.Scan(&record, &t.Seq); err != nil {
			return nil, fmt.Errorf("read change log: %w", err)
		}
		d := decoder{d: l.db.Dialect()}
		if t.Record = as[id.ID](&d, query.ID, record); d.err != nil {
			return nil, d.err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// Holds tells whether the change with a number is still in the log: a reader who
// stands there has missed nothing. 0 stands before the first.
func (l *Log) Holds(ctx context.Context, seq int64) (bool, error) {
	if seq == 0 {
		return true, nil
	}
	text := "SELECT 1 FROM changelog WHERE pos = " + l.db.Dialect().Placeholder(1)
	if l.db.Dialect() == sqldb.Postgres {
		text = "SELECT 1 FROM changeorder WHERE seq = " + l.db.Dialect().Placeholder(1)
	}
	var one int
	return l.db.QueryRow(ctx, text, []any{seq}, &one)
}

// Between reads the changes of one record above a position and up to another
// one, oldest first.
func (l *Log) Between(ctx context.Context, table string, record id.ID, from, till int64, limit int) ([]Change, error) {
	p := l.db.Dialect().Placeholder
	key, err := query.Encode(l.db.Dialect(), query.ID, record)
	if err != nil {
		return nil, err
	}
	seq, source := "c.pos", "changelog c"
	if l.db.Dialect() == sqldb.Postgres {
		seq, source = "o.seq", "changelog c JOIN changeorder o ON o.pos = c.pos"
	}
	return l.read(ctx, "SELECT "+seq+", "+columns+" FROM "+source+" WHERE c.recordid = "+p(1)+" AND c.tablename = "+p(2)+" AND "+seq+" > "+p(3)+" AND "+seq+" <= "+p(4)+
		" ORDER BY "+seq+" LIMIT "+p(5), key, table, from, till, limit)
}
