package record

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// failedAt says which row of several a write failed at.
type failedAt struct {
	n   int
	err error
}

func (e *failedAt) Error() string { return "row " + strconv.Itoa(e.n) + ": " + e.err.Error() }
func (e *failedAt) Unwrap() error { return e.err }

// AtRow says that an error is about one of several rows, by its place from 0.
func AtRow(n int, err error) error { return &failedAt{n, err} }

// FailedAt tells which of several rows an error of CreateMany is about.
func FailedAt(err error) (n int, ok bool) {
	var e *failedAt
	if errors.As(err, &e) {
		return e.n, true
	}
	return 0, false
}

// How many rows one statement writes. On PostgreSQL its values are bounded. On
// SQLite there is no journey to save, and only statements that are kept prepared
// are fast: rows are written by the block, and those left over one by one.
const (
	insertParams = 20_000
	insertBlock  = 20
)

// CreateMany makes rows of one table, all or none: as Create does, with the same
// checks, hooks and change rows, but with few statements for all of them. Hooks
// before the creation of a row do not see the rows before it; where that matters
// to a hook, or rows refer to one another, they are made one by one.
func (tx *Tx) CreateMany(ctx context.Context, table string, in []Row) ([]Row, error) {
	t, err := tx.writable(ctx, table)
	if err != nil {
		return nil, err
	}
	if len(in) < 2 || t.NoTrack || tx.alone(ctx, t) || refersToItself(t, in) {
		return tx.createEach(ctx, table, in)
	}
	ctx, span := tracer.Start(ctx, "create many "+table)
	defer span.End()
	out := make([]Row, len(in))
	for i, row := range in {
		if out[i], err = tx.beginCreate(ctx, t, row); err != nil {
			return nil, &failedAt{i, err}
		}
	}
	base, err := tx.baseOf(t)
	if err != nil {
		return nil, err
	}
	changes := tx.prepare(ctx, t, out)
	err = tx.insertMany(t, base, out)
	prepared := <-changes // also where the rows can't be written: nobody is to read them any more
	if err != nil {
		return nil, err
	}
	if err := tx.changedMany(t, prepared); err != nil {
		return nil, err
	}
	return out, tx.afterCreate(ctx, t, out)
}

func (tx *Tx) createEach(ctx context.Context, table string, in []Row) ([]Row, error) {
	out := make([]Row, len(in))
	for i, row := range in {
		made, err := tx.Create(ctx, table, row)
		if err != nil {
			return nil, &failedAt{i, err}
		}
		out[i] = made
	}
	return out, nil
}

// alone tells whether a hook of the table wants to see rows made one by one.
func (tx *Tx) alone(ctx context.Context, t *metadata.Table) bool {
	return slices.ContainsFunc(tx.store.hooksOf(t.Name), func(h Hook) bool { return h.Alone != nil && h.Alone(ctx) })
}

// refersToItself tells whether a row looks up to another of the same list.
func refersToItself(t *metadata.Table, in []Row) bool {
	given := map[string]bool{}
	for _, row := range in {
		if v, ok := row[t.ID]; ok {
			given[textOf(v)] = true
		}
	}
	if len(given) == 0 {
		return false
	}
	for _, c := range t.Columns {
		if !c.IsLookup() || c.System || !slices.Contains(c.Targets, t.Name) {
			continue
		}
		for _, row := range in {
			if v, ok := row[c.Name]; ok && given[textOf(v)] {
				return true
			}
		}
	}
	return false
}

func textOf(v any) string {
	switch x := v.(type) {
	case id.ID:
		return x.String()
	case string:
		return strings.ToLower(x)
	}
	return ""
}

// insertMany writes rows by as few statements as there are shapes of rows. Where
// one of them clashes, they are written one by one, so that the error names it.
func (tx *Tx) insertMany(t, base *metadata.Table, rows []Row) error {
	var l *layout
	for from := 0; from < len(rows); {
		l = l.next(t, rows[from])
		args, err := l.args(tx.sql.Dialect(), rows[from], make([]any, 0, len(l.written)*insertBlock))
		if err != nil {
			return &failedAt{from, err}
		}
		to := from + 1
		for ; to < len(rows) && tx.room(to-from, len(args)+len(l.written)) && l.fits(rows[to]); to++ {
			if args, err = l.args(tx.sql.Dialect(), rows[to], args); err != nil {
				return &failedAt{to, err}
			}
		}
		clash, err := tx.insertBlock(t, l, args, to-from)
		if err != nil {
			return err
		}
		if clash {
			for i := from; i < to; i++ {
				if err := tx.insert(t, rows[i]); err != nil {
					return &failedAt{i, tx.renumber(rows[i], err)}
				}
			}
		}
		from = to
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

// room tells whether a statement of some rows may take one more.
func (tx *Tx) room(rows, params int) bool {
	if tx.sql.Dialect() == sqldb.SQLite {
		return rows < insertBlock
	}
	return params <= insertParams
}

// insertBlock writes rows of one shape by one statement, all or none; clash
// tells that they are to be written one by one.
func (tx *Tx) insertBlock(t *metadata.Table, l *layout, args []any, rows int) (clash bool, err error) {
	insert := func() error {
		_, err := tx.sql.Exec(tx.insertSQL(t.Name, l, rows), args...)
		return err
	}
	if tx.sql.Dialect() == sqldb.Postgres {
		err = tx.Nested(insert)
	} else if rows < insertBlock {
		return true, nil
	} else {
		err = insert() // what fails leaves nothing behind
	}
	if err != nil && sqldb.Constraint(err) != "" {
		return true, nil
	}
	return false, err
}

func insertManySQL(d sqldb.Dialect, table string, written []string, rows int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + d.Quote(table) + " (")
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

// prepared are the change rows of rows to be made.
type prepared struct {
	list []changelog.Change
	err  error
}

// prepare works the change rows out while the rows are written: on SQLite, where
// there is one writer, what need not happen on its goroutine must not. The rows
// are read only, until the answer has come.
func (tx *Tx) prepare(ctx context.Context, t *metadata.Table, rows []Row) <-chan prepared {
	is := tx.happening(ctx, access.From(ctx), t, changelog.Create)
	out := make(chan prepared, 1)
	go func() {
		var p prepared
		defer func() {
			if e := recover(); e != nil {
				p = prepared{err: errs.Wrap(fmt.Errorf("panic: %v\n%s", e, debug.Stack()), errs.Internal, "record.image", "the change could not be recorded")}
			}
			out <- p
		}()
		p.list = make([]changelog.Change, len(rows))
		var l *layout
		for i, row := range rows {
			l = l.next(t, row)
			c := is
			c.Record, c.Version = row.ID(t.ID), row.Version()
			if c.After, p.err = written(row, l.logged, false); p.err != nil {
				return
			}
			p.list[i] = c
		}
	}()
	return out
}

// changedMany writes the change rows of rows that have been made.
func (tx *Tx) changedMany(t *metadata.Table, p prepared) error {
	if p.err != nil {
		return p.err
	}
	most := changelog.AppendMax
	if tx.sql.Dialect() == sqldb.SQLite {
		most = insertBlock
	}
	for chunk := range slices.Chunk(p.list, most) {
		if err := tx.append(t, chunk); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) append(t *metadata.Table, changes []changelog.Change) error {
	ok, err := true, error(nil)
	if tx.sql.Dialect() == sqldb.Postgres || len(changes) == insertBlock {
		ok, err = tx.o.Log.AppendManyAt(tx.sql, changes, t.Epoch)
	} else {
		for i := 0; i < len(changes) && ok && err == nil; i++ {
			ok, err = tx.o.Log.AppendAt(tx.sql, changes[i], t.Epoch)
		}
	}
	if err == nil && !ok {
		err = stale(t)
	}
	return err
}

// parentKey names a row that lookups lead to.
type parentKey struct {
	table string
	key   id.ID
}

type bypassKey struct{}

// WithoutCustomLogic has writes leave out what customers have put in themselves:
// business rules and their like, not the product's own rules. The caller has made
// sure that this is allowed.
func WithoutCustomLogic(ctx context.Context) context.Context {
	return context.WithValue(ctx, bypassKey{}, true)
}

// CustomLogic tells whether customers' own logic takes part in a write.
func CustomLogic(ctx context.Context) bool {
	off, _ := ctx.Value(bypassKey{}).(bool)
	return !off
}

type bulkKey struct{}

// InBulk says that very many rows are being made, as by an import: what hangs on a
// row and is not needed at once may be made behind it.
func InBulk(ctx context.Context) context.Context { return context.WithValue(ctx, bulkKey{}, true) }

// Bulk tells whether very many rows are being made.
func Bulk(ctx context.Context) bool {
	yes, _ := ctx.Value(bulkKey{}).(bool)
	return yes
}
