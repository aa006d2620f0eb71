package record

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// How many rows one statement writes. On SQLite there is no journey to save, and
// only statements that are kept prepared are fast: rows are written by the block,
// and those left over one by one. On PostgreSQL the values of a statement are
// bounded; many rows are copied.
const (
	insertBlock  = 20
	insertParams = 20_000
	copyLeast    = 50
	copyMost     = 1_000
)

// ahead does work for a transaction on another goroutine, and gives it over part
// by part: on SQLite there is one writer, and what need not happen in its turn
// must not. It reads what it was given, and nothing of the transaction.
type ahead[T any] struct {
	parts chan T
	quit  chan struct{}
	err   error // holds once parts is closed
}

// aheadMost is how many parts wait to be taken.
const aheadMost = 8

// begin has work run, which gives its parts over by give and stops where that
// says so.
func begin[T any](work func(give func(T) bool) error) *ahead[T] {
	a := &ahead[T]{parts: make(chan T, aheadMost), quit: make(chan struct{})}
	go func() {
		defer close(a.parts)
		defer func() {
			if e := recover(); e != nil {
				a.err = errs.Wrap(fmt.Errorf("panic: %v\n%s", e, debug.Stack()), errs.Internal, "record.ahead", "the rows could not be made ready")
			}
		}()
		a.err = work(func(part T) bool {
			select {
			case a.parts <- part:
				return true
			case <-a.quit:
				return false
			}
		})
	}()
	return a
}

// end waits until nothing is read any more. It may come before the last part.
func (a *ahead[T]) end() {
	close(a.quit)
	for range a.parts {
	}
}

// block are rows encoded for one statement.
type block struct {
	l        *layout
	args     []any // of all rows, one after another
	copied   bool  // by PostgreSQL's COPY
	from, to int
}

// blocks encodes rows.
func blocks(d sqldb.Dialect, t *metadata.Table, rows []Row) *ahead[block] {
	most := copyMost
	if d == sqldb.SQLite {
		most = insertBlock
	}
	return begin(func(give func(block) bool) error {
		l := layoutOfAll(t, rows)
		for from := 0; from < len(rows); from += most {
			to := min(from+most, len(rows))
			copied := d == sqldb.Postgres && (to-from >= copyLeast || (to-from)*len(l.written) > insertParams)
			args := make([]any, 0, (to-from)*len(l.written))
			for i := from; i < to; i++ {
				var err error
				if args, err = l.args(d, copied, rows[i], args); err != nil {
					return &failedAt{i, err}
				}
			}
			if !give(block{l, args, copied, from, to}) {
				return nil
			}
		}
		return nil
	})
}

// insertMany writes rows by few statements. An error names the row at fault, and
// leaves those before it written.
func (tx *Tx) insertMany(t, base *metadata.Table, rows []Row) error {
	list := blocks(tx.sql.Dialect(), t, rows)
	defer list.end()
	write := tx.copyBlock
	if tx.sql.Dialect() == sqldb.SQLite {
		write = tx.insertBlock
	}
	for b := range list.parts {
		if err := write(t, b, rows[b.from:b.to]); err != nil {
			return err
		}
	}
	if list.err != nil || base == nil {
		return list.err
	}
	mirrors := make([]Row, len(rows))
	for i, row := range rows {
		mirrors[i] = common(base, row)
		mirrors[i][typeColumnOfBase] = t.Name
	}
	return tx.insertMany(base, nil, mirrors)
}

// insertBlock writes a block on SQLite. The statement fails at the row at fault
// and has written those before it.
func (tx *Tx) insertBlock(t *metadata.Table, b block, rows []Row) error {
	if len(rows) == insertBlock {
		_, err := tx.sql.Exec(tx.insertSQL(t.Name, b.l, len(rows)), b.args...)
		if sqldb.Constraint(err) == "" {
			return err
		}
		n := 0
		if _, e := tx.sql.QueryRow("SELECT changes()", nil, &n); e != nil || n >= len(rows) {
			return errors.Join(err, e)
		}
		return &failedAt{b.from + n, tx.renumber(rows[n], duplicate(t, err))}
	}
	one := tx.insertSQL(t.Name, b.l, 1)
	for i, row := range rows { // few, each by the statement for one
		if _, err := tx.sql.Exec(one, b.args[i*len(b.l.written):(i+1)*len(b.l.written)]...); err != nil {
			return &failedAt{b.from + i, tx.renumber(row, duplicate(t, err))}
		}
	}
	return nil
}

// copyBlock writes a block on PostgreSQL, all or none; where one of its rows
// clashes they are written one by one, so that the error names it.
func (tx *Tx) copyBlock(t *metadata.Table, b block, rows []Row) error {
	err := tx.Nested(func() error {
		if b.copied {
			return tx.sql.Copy(t.Name, b.l.written, b.args)
		}
		_, err := tx.sql.Exec(tx.insertSQL(t.Name, b.l, len(rows)), b.args...)
		return err
	})
	if sqldb.Constraint(err) == "" {
		return err
	}
	for i, row := range rows {
		if err := tx.insert(t, row); err != nil {
			return &failedAt{b.from + i, tx.renumber(row, err)}
		}
	}
	return nil
}

// insertManySQL renders the statement that writes some rows. On SQLite one that
// fails keeps the rows before the one at fault: it need not remember the pages
// as they were.
func insertManySQL(d sqldb.Dialect, table string, written []string, rows int) string {
	var b strings.Builder
	b.WriteString("INSERT ")
	if d == sqldb.SQLite && rows > 1 {
		b.WriteString("OR FAIL ")
	}
	b.WriteString("INTO " + d.Quote(table) + " (")
	for i, column := range written {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.Quote(column))
	}
	b.WriteString(") VALUES ")
	n := 0
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		for i := range written {
			b.WriteString(map[bool]string{true: "(", false: ", "}[i == 0])
			n++
			b.WriteString(d.Next(n))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// prepare works the change rows out while the rows are written.
func (tx *Tx) prepare(ctx context.Context, t *metadata.Table, rows []Row) *ahead[changelog.Ready] {
	is := tx.happening(ctx, access.From(ctx), t, changelog.Create)
	log, most := tx.o.Log, changelog.AppendMax
	if tx.sql.Dialect() == sqldb.SQLite {
		most = insertBlock
	}
	return begin(func(give func(changelog.Ready) bool) error {
		l := layoutOfAll(t, rows)
		for part := range slices.Chunk(rows, most) {
			list := make([]changelog.Change, len(part))
			for i, row := range part {
				c := is
				c.Record, c.Version = row.ID(t.ID), row.Version()
				var err error
				if c.After, err = written(row, l.logged, false); err != nil {
					return err
				}
				list[i] = c
			}
			ready, err := log.Ready(list)
			if err != nil || !give(ready) {
				return err
			}
		}
		return nil
	})
}

// changedMany writes the change rows of rows that have been made.
func (tx *Tx) changedMany(t *metadata.Table, changes *ahead[changelog.Ready]) error {
	for part := range changes.parts {
		if ok, err := tx.o.Log.AppendReadyAt(tx.sql, part, t.Epoch); err != nil {
			return err
		} else if !ok {
			return stale(t)
		}
	}
	return changes.err
}
