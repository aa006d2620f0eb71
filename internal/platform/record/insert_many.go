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

// insertMany writes rows by few statements. Where one of them clashes, they are written one by one, so that the error names it.
func (tx *Tx) insertMany(t, base *metadata.Table, rows []Row) error {
	list := blocks(tx.sql.Dialect(), t, rows)
	defer list.end()
	again := 0 // from which row on they are written one by one
	insert := func() error {
		for b := range list.parts {
			if err := tx.insertBlock(t, b); err != nil {
				return err
			}
			if tx.sql.Dialect() == sqldb.Postgres {
				again = b.to
			}
		}
		return list.err
	}
	var err error
	if tx.sql.Dialect() == sqldb.Postgres {
		err = insert()
	} else {
		err = tx.Nested(insert) // a block that fails has written the rows before the one at fault
	}
	if errors.Is(err, errClash) {
		for i := again; i < len(rows); i++ {
			if err := tx.insert(t, rows[i]); err != nil {
				return &failedAt{i, tx.renumber(rows[i], err)}
			}
		}
	} else if err != nil {
		return err
	}
	if base == nil {
		return nil
	}
	mirrors := make([]Row, len(rows))
	for i, row := range rows {
		mirrors[i] = common(base, row)
		mirrors[i][typeColumnOfBase] = t.Name
	}
	return tx.insertMany(base, nil, mirrors)
}

// errClash says that rows are to be written one by one.
var errClash = errors.New("one of several rows can't be written")

// insertBlock writes a block: on PostgreSQL all or none, on SQLite the rows before
// the one that can't be written, as what would let them be taken back costs more
// than to write them again.
func (tx *Tx) insertBlock(t *metadata.Table, b block) error {
	n := b.to - b.from
	insert := func() error {
		if b.copied {
			return tx.sql.Copy(t.Name, b.l.written, b.args)
		}
		_, err := tx.sql.Exec(tx.insertSQL(t.Name, b.l, n), b.args...)
		return err
	}
	var err error
	switch {
	case tx.sql.Dialect() == sqldb.Postgres:
		err = tx.Nested(insert)
	case n == insertBlock:
		err = insert()
	default: // few, each by the statement for one
		for args := range slices.Chunk(b.args, max(len(b.l.written), 1)) {
			if _, err = tx.sql.Exec(tx.insertSQL(t.Name, b.l, 1), args...); err != nil {
				break
			}
		}
	}
	if err != nil && sqldb.Constraint(err) != "" {
		return errClash
	}
	return err
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
