package changelog

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const columns = "c.at, c.tablename, c.recordid, c.version, c.op, c.actorid, c.onbehalfof, c.origin, c.before, c.after, c.channel, c.address, c.erasure"

// After reads up to limit changes with a Seq above the cursor, in order.
func (l *Log) After(ctx context.Context, seq int64, limit int) ([]Change, error) {
	text := "SELECT c.pos, " + columns + " FROM changelog c WHERE c.pos > ?1 ORDER BY c.pos LIMIT "
	if l.db.Dialect() == sqldb.Postgres {
		text = "SELECT o.seq, " + columns + " FROM changeorder o JOIN changelog c ON c.pos = o.pos WHERE o.seq > $1 ORDER BY o.seq LIMIT "
	}
	return l.read(ctx, text+strconv.Itoa(limit), seq) // SQLite plans anew whenever a limit is bound
}

// Last gives the Seq of the newest numbered change; 0 in an empty log.
func (l *Log) Last(ctx context.Context) (seq int64, err error) {
	text := "SELECT COALESCE(MAX(pos), 0) FROM changelog"
	if l.db.Dialect() == sqldb.Postgres {
		text = "SELECT COALESCE(MAX(seq), 0) FROM changeorder"
	}
	_, err = l.db.QueryRow(ctx, text, nil, &seq)
	return seq, err
}

// History reads the changes of one record, newest first, those before the
// given position only (0 for all). It is for showing: Seq here is the row's
// position, which serves as "before" of the next call and as nothing else.
func (l *Log) History(ctx context.Context, table string, record id.ID, before int64, limit int) ([]Change, error) {
	p := l.db.Dialect().Placeholder
	if before <= 0 {
		before = 1<<63 - 1
	}
	key, err := query.Encode(l.db.Dialect(), query.ID, record)
	if err != nil {
		return nil, err
	}
	return l.read(ctx, "SELECT c.pos, "+columns+" FROM changelog c WHERE c.recordid = "+p(1)+" AND c.tablename = "+p(2)+" AND c.pos < "+p(3)+
		" ORDER BY c.pos DESC LIMIT "+p(4), key, table, before, limit)
}

// At reads the change at a position that History gave as its Seq.
func (l *Log) At(ctx context.Context, pos int64) (c Change, found bool, err error) {
	list, err := l.read(ctx, "SELECT c.pos, "+columns+" FROM changelog c WHERE c.pos = "+l.db.Dialect().Placeholder(1), pos)
	if err != nil || len(list) == 0 {
		return Change{}, false, err
	}
	return list[0], true, nil
}

// Of reads all changes of some records of a table, those of one record together
// and in the order in which they were made.
func (l *Log) Of(ctx context.Context, table string, records []id.ID) ([]Change, error) {
	p := l.db.Dialect().Placeholder
	args := []any{table}
	marks := make([]string, len(records))
	for i, r := range records {
		key, err := query.Encode(l.db.Dialect(), query.ID, r)
		if err != nil {
			return nil, err
		}
		args = append(args, key)
		marks[i] = p(i + 2)
	}
	where := " WHERE c.tablename = " + p(1) + " AND c.recordid IN (" + strings.Join(marks, ", ") + ")"
	text := "SELECT c.pos, " + columns + " FROM changelog c" + where + " ORDER BY c.recordid, c.pos"
	if l.db.Dialect() == sqldb.Postgres {
		text = "SELECT o.seq, " + columns + " FROM changelog c JOIN changeorder o ON o.pos = c.pos" + where + " ORDER BY c.recordid, o.seq"
	}
	return l.read(ctx, text, args...)
}

func (l *Log) read(ctx context.Context, text string, args ...any) ([]Change, error) {
	rows, err := l.db.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Change
	for rows.Next() {
		var c Change
		if err := l.scan(rows, &c, &c.Seq); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// scan reads a row of columns, with what stands before and behind them.
func (l *Log) scan(rows *sqldb.Rows, c *Change, first *int64, more ...any) error {
	var at, record, actor, behalf, erasure any
	var before, after, channel, address sql.NullString
	into := append([]any{first, &at, &c.Table, &record, &c.Version, &c.Op, &actor, &behalf, &c.Origin, &before, &after, &channel, &address, &erasure}, more...)
	if err := rows.Scan(into...); err != nil {
		return fmt.Errorf("read change log: %w", err)
	}
	d := decoder{d: l.db.Dialect()}
	c.At = as[time.Time](&d, query.Time, at)
	c.Record, c.Actor, c.OnBehalfOf, c.Erasure = as[id.ID](&d, query.ID, record), as[id.ID](&d, query.ID, actor), as[id.ID](&d, query.ID, behalf), as[id.ID](&d, query.ID, erasure)
	c.Channel, c.Address = Channel(channel.String), address.String
	if before.Valid {
		c.Before = json.RawMessage(before.String)
	}
	if after.Valid {
		c.After = json.RawMessage(after.String)
	}
	return d.err
}

// decoder collects the first error of several decodings.
type decoder struct {
	d   sqldb.Dialect
	err error
}

func as[T any](d *decoder, k query.Kind, raw any) (out T) {
	v, err := query.Decode(d.d, k, 0, raw)
	if d.err == nil {
		d.err = err
	}
	out, _ = v.(T)
	return out
}
