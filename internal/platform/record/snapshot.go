package record

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Moment reads the records that were committed at one moment. Traces of what is
// shown are written beside it.
type Moment struct {
	reader
	sql *sqldb.Snapshot
}

// AtOneMoment runs fn with the records as they are committed now, whatever is
// written meanwhile; see sqldb.DB.Snapshot for what bounds it.
func (s *Store) AtOneMoment(ctx context.Context, b sqldb.Bounds, fn func(ctx context.Context, m *Moment) error) error {
	return s.o.DB.Snapshot(ctx, b, func(ctx context.Context, sql *sqldb.Snapshot) error {
		m := &Moment{sql: sql, reader: reader{o: s.o.pinned(), note: s.NoteReads, query: func(ctx context.Context, text string, args []any) (*sqldb.Rows, error) {
			return sql.Query(ctx, text, args...)
		}}}
		return fn(ctx, m)
	})
}

// Each runs a query once and gives all rows that the principal may read, some at
// a time and in order; do may read of the Moment. Limit, After, Count and Expand
// of the query are left out of account.
func (m *Moment) Each(ctx context.Context, q query.Query, size int, do func(rows []Row) error) error {
	q.Limit, q.Skip, q.After, q.Count, q.Expand = 0, 0, nil, false, nil
	a, err := m.ask(ctx, q, m.o.Access.Guard(ctx, access.Read))
	if err != nil {
		return err
	}
	st, err := query.Render(m.o.Catalog(), m.o.DB.Dialect(), a.checked, a.guard)
	if err != nil {
		return err
	}
	scan, batch := m.scanner(st), make([]Row, 0, size)
	one := func(found *sqldb.Rows) error {
		row, err := scan(found)
		batch = append(batch, row)
		return err
	}
	return m.sql.Scroll(ctx, st.SQL, st.Args, size, one, func() error {
		if err := m.show(ctx, &a, batch); err != nil {
			return err
		}
		for _, row := range batch {
			for _, c := range st.Columns[st.Shown:] {
				delete(row, c.Name)
			}
		}
		err := do(batch)
		clear(batch)
		batch = batch[:0]
		return err
	})
}
