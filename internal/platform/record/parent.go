package record

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// linkParents makes sure that the rows which the lookups lead to exist, and
// keeps them from being deleted until the transaction ends. A principal needs
// Append on this table and Append To on each parent.
func (tx *Tx) linkParents(ctx context.Context, t *metadata.Table, change Row) error {
	platform := access.From(ctx).Kind == access.System
	for _, c := range t.Groups().Lookups {
		key := change.ID(c.Name)
		if key == id.Nil {
			continue
		}
		target := c.Targets[0]
		if c.Polymorphic() {
			target = change.Text(metadata.TypeColumn(c.Name))
		}
		parent, err := tx.lockParent(ctx, c, target, key)
		if err != nil {
			return err
		}
		if platform {
			continue
		}
		if err := tx.o.Access.Allow(ctx, t.Name, access.Append); err != nil {
			return err
		}
		pt, err := tx.table(target)
		if err != nil {
			return err
		}
		if err := tx.permit(ctx, pt, parent, access.AppendTo); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) lockParent(ctx context.Context, c *metadata.Column, target string, key id.ID) (Row, error) {
	pt, err := tx.table(target)
	if err != nil {
		return nil, err
	}
	if known, ok := tx.parents[parentKey{target, key}]; ok {
		return known, nil
	}
	row, err := tx.lock(ctx, pt, key, ownerColumns(pt), forLink)
	if errs.Has(err, errs.NotFound) {
		return nil, errs.InvalidFields("record.lookup", "a lookup leads nowhere",
			[]errs.Field{{Name: c.Name, Code: "missing", Message: "there is no such record of " + target}})
	}
	if err == nil {
		tx.remember(target, key, row)
	}
	return row, err
}

// remember keeps what access control asks of a row that this transaction has
// locked or made, until it changes a row.
func (tx *Tx) remember(table string, key id.ID, row Row) {
	if tx.parents == nil {
		tx.parents = map[parentKey]Row{}
	}
	tx.parents[parentKey{table, key}] = row
}

// Nested runs fn so that what it has written goes if it fails.
func (tx *Tx) Nested(fn func() error) error {
	err := tx.sql.Nested(fn)
	if err != nil {
		tx.parents, tx.whole = nil, nil // their locks may be gone with it, and what was written is
	}
	return err
}

// How strongly a row is locked on PostgreSQL. A change and a link to the row do
// not exclude each other, so that two transactions which both link to a row and
// then change it wait for one another in turn and not in a circle; a deletion
// excludes everything.
const (
	forLink   = "FOR KEY SHARE"
	forChange = "FOR NO KEY UPDATE"
	forDelete = "FOR UPDATE"
)

// lock reads a row past access control and keeps it from changing until the
// transaction ends. On SQLite there is one writer, so nothing needs locking.
func (tx *Tx) lock(ctx context.Context, t *metadata.Table, key id.ID, columns []string, strength string) (Row, error) {
	st, err := tx.lockStatement(t, key, columns, strength)
	if err != nil {
		return nil, err
	}
	rows, err := tx.rows(ctx, st)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	return rows[0], nil
}

// lockShape is what the text of a locking statement follows from.
type lockShape struct {
	table             *metadata.Table
	columns, strength string
}

// locks keeps rendered statements of one catalog; those of an old one would hold
// its tables in memory.
type locks struct {
	known   sync.Map // lockShape → query.Statement without arguments
	catalog atomic.Pointer[metadata.Catalog]
}

func (l *locks) follow(c *metadata.Catalog) {
	if old := l.catalog.Load(); old != c && l.catalog.CompareAndSwap(old, c) {
		l.known.Clear()
	}
}

// lockStatement gives the statement that lock runs. Every update and every
// lookup needs one, and there are few shapes, so each is rendered once.
func (tx *Tx) lockStatement(t *metadata.Table, key id.ID, columns []string, strength string) (query.Statement, error) {
	shape := lockShape{t, strings.Join(columns, " "), strength}
	if known, ok := tx.store.locks.known.Load(shape); ok {
		st, _ := known.(query.Statement)
		enc, err := query.Encode(tx.sql.Dialect(), query.ID, key)
		st.Args = []any{enc}
		return st, err
	}
	q, err := query.Check(tx.o.Catalog(), &query.Query{Table: t.Name, Select: columns, Where: query.Compare{Left: query.Path{t.ID}, Value: key}}, query.Limits{})
	if err != nil {
		return query.Statement{}, err
	}
	st, err := query.Render(tx.o.Catalog(), tx.sql.Dialect(), q, nil)
	if err != nil {
		return query.Statement{}, err
	}
	if tx.sql.Dialect() == sqldb.Postgres {
		st.SQL += " " + strength
	}
	tx.store.locks.known.Store(shape, query.Statement{SQL: st.SQL, Columns: st.Columns, Shown: st.Shown})
	return st, nil
}
