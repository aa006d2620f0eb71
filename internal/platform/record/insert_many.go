package record

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
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

// aheadMost is how many parts wait to be taken: about those of a portion of an
// import, whose rows are encoded while those behind them are checked.
const aheadMost = 50

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

// block are rows encoded for one statement, and their change rows.
type block struct {
	l       *layout
	rows    []Row
	args    []any // of all rows, one after another
	copied  bool  // by PostgreSQL's COPY
	from    int   // the place of its first row
	changes changelog.Ready
}

// encoder makes blocks of rows as they come.
type encoder struct {
	d    sqldb.Dialect
	t    *metadata.Table
	log  *changelog.Log   // nil where rows have no change rows
	is   changelog.Change // what their change rows have in common
	l    *layout
	vals []any // of a row, by the layout's keys
}

// encode encodes rows that come part by part, while what is encoded is written.
func (e *encoder) encode(parts <-chan []Row) *ahead[block] {
	return begin(func(give func(block) bool) error {
		from := 0
		for rows := range parts {
			if e.l == nil {
				e.l = layoutOfAll(e.t, rows)
			}
			for len(rows) > 0 {
				b, err := e.block(rows, from)
				if err != nil {
					return err
				}
				if len(b.rows) == 0 { // the first row has what the layout lacks
					e.l = e.l.with(e.t, rows)
					continue
				}
				from, rows = from+len(b.rows), rows[len(b.rows):]
				if !give(b) {
					return nil
				}
			}
		}
		return nil
	})
}

// block encodes rows up to the first that the layout does not fit.
func (e *encoder) block(rows []Row, from int) (block, error) {
	b := block{l: e.l, from: from, copied: e.d == sqldb.Postgres && (len(rows) >= copyLeast || len(rows)*len(e.l.written) > insertParams), args: make([]any, 0, len(rows)*len(e.l.written))}
	var list []changelog.Change
	if e.log != nil {
		list = make([]changelog.Change, 0, len(rows))
	}
	for _, row := range rows {
		var ok bool
		if e.vals, ok = e.l.values(row, e.vals[:0]); !ok {
			break
		}
		var err error
		if b.args, err = e.l.args(e.d, b.copied, e.vals, b.args); err != nil {
			return b, &failedAt{from + len(b.rows), err}
		}
		b.rows = rows[:len(b.rows)+1]
		if e.log == nil {
			continue
		}
		c := e.is
		c.Record, c.Version = row.ID(e.t.ID), row.Version()
		if c.After, err = e.l.image(e.vals); err != nil {
			return b, err
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return b, nil
	}
	var err error
	b.changes, err = e.log.Ready(list)
	return b, err
}

// partOf is how many rows are encoded at a time.
func partOf(d sqldb.Dialect) int {
	if d == sqldb.SQLite {
		return insertBlock
	}
	return copyMost
}

// insertMany writes rows by few statements. An error names the row at fault, and
// leaves those before it written. What their change rows are comes back.
func (tx *Tx) insertMany(t *metadata.Table, list *ahead[block]) (changes []changelog.Ready, err error) {
	write := tx.copyBlock
	if tx.sql.Dialect() == sqldb.SQLite {
		write = tx.insertBlock
	}
	for b := range list.parts {
		if err := write(t, b); err != nil {
			return nil, err
		}
		changes = append(changes, b.changes)
	}
	return changes, list.err
}

// insertMirrors writes the rows that a table of kind of another has there.
func (tx *Tx) insertMirrors(t, base *metadata.Table, rows []Row) error {
	parts := make(chan []Row, len(rows)/partOf(tx.sql.Dialect())+1)
	mirrors := make([]Row, len(rows))
	for i, row := range rows {
		mirrors[i] = common(base, row)
		mirrors[i][typeColumnOfBase] = t.Name
	}
	for part := range slices.Chunk(mirrors, partOf(tx.sql.Dialect())) {
		parts <- part
	}
	close(parts)
	list := (&encoder{d: tx.sql.Dialect(), t: base}).encode(parts)
	defer list.end()
	_, err := tx.insertMany(base, list)
	return err
}

// insertBlock writes a block on SQLite. The statement fails at the row at fault
// and has written those before it.
func (tx *Tx) insertBlock(t *metadata.Table, b block) error {
	rows := b.rows
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
func (tx *Tx) copyBlock(t *metadata.Table, b block) error {
	err := tx.Nested(func() error {
		if b.copied {
			return tx.sql.Copy(t.Name, b.l.written, b.args)
		}
		_, err := tx.sql.Exec(tx.insertSQL(t.Name, b.l, len(b.rows)), b.args...)
		return err
	})
	if sqldb.Constraint(err) == "" {
		return err
	}
	for i, row := range b.rows {
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

// changedMany writes the change rows of rows that have been made.
func (tx *Tx) changedMany(t *metadata.Table, changes []changelog.Ready) error {
	for _, part := range changes {
		if ok, err := tx.o.Log.AppendReadyAt(tx.sql, part, t.Epoch); err != nil {
			return err
		} else if !ok {
			return stale(t)
		}
	}
	return nil
}
