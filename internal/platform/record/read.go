package record

import (
	"context"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Page sizes. The largest is that of Dataverse, so that its clients page alike.
const (
	DefaultPage = 5000
	MaxPage     = 5000
)

// reader implements Reader over the committed rows or over a transaction's.
type reader struct {
	o     *Options
	live  bool // the catalog is not pinned yet
	apart bool // what is read is committed: there is no transaction
	query func(ctx context.Context, text string, args []any) (*sqldb.Rows, error)
	note  func(ctx context.Context, list ...Read) error // leaves the trace of what is shown
}

// pin gives the reader with the catalog as it is now.
func (r reader) pin() reader {
	if r.live {
		r.o, r.live = r.o.pinned(), false
	}
	return r
}

// Get reads one row by id. A row that the principal may not read is not found.
func (r reader) Get(ctx context.Context, table string, key id.ID, columns []string, expand []query.Expand) (Row, error) {
	r = r.pin()
	t, err := tableOf(r.o, table)
	if err != nil {
		return nil, err
	}
	return r.one(ctx, query.Query{Table: table, Select: columns, Expand: expand, Where: query.Compare{Left: query.Path{t.ID}, Value: key}})
}

// GetByKey reads one row by the values of its columns, which must be those of
// an alternate key.
func (r reader) GetByKey(ctx context.Context, table string, key map[string]any, columns []string, expand []query.Expand) (Row, error) {
	r = r.pin()
	t, err := tableOf(r.o, table)
	if err != nil {
		return nil, err
	}
	where, err := keyCondition(t, key)
	if err != nil {
		return nil, err
	}
	return r.one(ctx, query.Query{Table: table, Select: columns, Expand: expand, Where: where})
}

func (r reader) one(ctx context.Context, q query.Query) (Row, error) {
	q.Limit = 1
	page, err := r.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(page.Rows) == 0 {
		return nil, ErrNotFound
	}
	return page.Rows[0], nil
}

// keyCondition turns key values into a condition, if they are those of a key.
func keyCondition(t *metadata.Table, key map[string]any) (query.Node, error) {
	if v, ok := key[t.ID]; ok && len(key) == 1 {
		return query.Compare{Left: query.Path{t.ID}, Value: v}, nil
	}
	for _, k := range t.Keys {
		if k.WhereOpen || len(k.Columns) != len(key) {
			continue
		}
		var all query.And
		for _, c := range k.Columns {
			if v, ok := key[c]; ok && v != nil {
				all = append(all, query.Compare{Left: query.Path{c}, Value: v})
			}
		}
		if len(all) == len(k.Columns) {
			return all, nil
		}
	}
	return nil, invalid("key", "these columns are not an alternate key of %s", t.Name)
}

// Find reads a page of rows that the principal may read.
func (r reader) Find(ctx context.Context, q query.Query) (Page, error) {
	guard := r.o.Access.Guard(ctx, access.Read)
	return r.find(ctx, q, guard)
}

func (r reader) find(ctx context.Context, q query.Query, guard query.Guard) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, r.o.patience())
	defer cancel()
	known := r.o.Catalog()
	page, err := r.pin().page(ctx, q, guard)
	if err != nil && r.live && r.o.renewed(ctx, err, known) {
		page, err = r.pin().page(ctx, q, guard)
	}
	return page, tookTooLong(ctx, err)
}

// asked is a query that is being answered.
type asked struct {
	checked *query.Query
	guard   query.Guard
	hidden  func(table, column string) bool
	every   bool
	trace   bool                // of what is shown
	used    map[string][]string // columns that are asked by, for the trace
	added   []string            // names in rows that only the trace wants
}

// ask checks a query in the name of the context's principal.
func (r reader) ask(ctx context.Context, q query.Query, guard query.Guard) (a asked, err error) {
	catalog := r.o.Catalog()
	withKeys(catalog, &q)
	a = asked{guard: guard, hidden: r.o.Access.Hidden(ctx), every: r.o.Access.Listed(ctx), used: map[string][]string{}}
	if guard == nil && a.every {
		a.hidden, a.every = nil, false // the store itself asks, for a member that knows few columns by name
	}
	a.trace = guard != nil && traced(ctx, r.o)
	if a.trace && len(q.Links) > 0 {
		a.added = withLinkIDs(ctx, catalog, &q)
	}
	a.checked, err = query.Check(catalog, &q, query.Limits{Secured: a.hidden, Every: a.every, Used: func(table, column string) {
		if !slices.Contains(a.used[table], column) {
			a.used[table] = append(a.used[table], column)
		}
	}})
	return a, err
}

// show makes rows fit to be given out: without what the principal may not see,
// with a trace of what he does.
func (r reader) show(ctx context.Context, a *asked, rows []Row) error {
	conceal(r.o.Catalog(), a.checked, rows, a.hidden, a.every)
	if !a.trace {
		return nil
	}
	if list := r.shown(ctx, a.checked, rows, maps.Clone(a.used)); len(list) > 0 {
		if err := r.note(ctx, list...); err != nil {
			return err
		}
	}
	for _, row := range rows {
		for _, name := range a.added {
			delete(row, name)
		}
	}
	return nil
}

// page reads a page; the time for it is bounded by the context.
func (r reader) page(ctx context.Context, q query.Query, guard query.Guard) (Page, error) {
	if q.Limit < 0 || q.Limit > MaxPage {
		return Page{}, invalid("page", "a page holds between 1 and %d rows", MaxPage)
	}
	if q.Limit == 0 {
		q.Limit = DefaultPage
	}
	a, err := r.ask(ctx, q, guard)
	if err != nil {
		return Page{}, err
	}
	checked := a.checked
	limit := checked.Limit
	checked.Limit++ // one more tells whether there is a next page
	st, err := query.Render(r.o.Catalog(), r.o.DB.Dialect(), checked, guard)
	if err != nil {
		return Page{}, err
	}
	rows, err := r.rows(ctx, st)
	if err != nil {
		return Page{}, err
	}
	var page Page
	if len(rows) > limit {
		rows = rows[:limit]
		page.Next = query.CursorAfter(checked, rows[limit-1])
	}
	page.Rows = rows
	if err := r.show(ctx, &a, rows); err != nil {
		return Page{}, err
	}
	if err := r.expand(ctx, checked, rows, guard); err != nil {
		return Page{}, err
	}
	for _, row := range rows {
		for _, c := range st.Columns[st.Shown:] {
			delete(row, c.Name)
		}
	}
	if q.Count {
		if page.Total, page.About, err = r.total(ctx, checked, guard); err != nil {
			return Page{}, err
		}
		if page.About {
			seen := int64(len(rows))
			if page.Next != nil {
				seen++
			}
			page.Total = max(page.Total, seen)
		}
	}
	return page, nil
}

// sparseSize is about how many columns of a row have values.
const sparseSize = 32

// rows runs a statement and turns its result into canonical values. What is
// empty is left out: most of a wide row's columns are.
func (r reader) rows(ctx context.Context, st query.Statement) ([]Row, error) {
	found, err := r.query(ctx, st.SQL, st.Args)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	scan := r.scanner(st)
	var out []Row
	for found.Next() {
		row, err := scan(found)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, found.Err()
}

// scanner reads the rows of a statement one after another.
func (r reader) scanner(st query.Statement) func(found *sqldb.Rows) (Row, error) {
	raw, into := make([]any, len(st.Columns)), make([]any, len(st.Columns))
	for i := range raw {
		into[i] = &raw[i]
	}
	size, d := min(len(st.Columns), sparseSize), r.o.DB.Dialect()
	return func(found *sqldb.Rows) (Row, error) {
		if err := found.Scan(into...); err != nil {
			return nil, errs.Wrap(err, errs.Internal, "record.read", "the row could not be read")
		}
		row := make(Row, size)
		for i, c := range st.Columns {
			if raw[i] == nil {
				continue
			}
			v, err := query.Decode(d, c.Kind, c.Scale, raw[i])
			if err != nil {
				return nil, err
			}
			row[c.Name] = v
		}
		return row, nil
	}
}

// Names gives the primary names of rows by id, for showing lookups. As in
// Dataverse a lookup shows the name of its target to whoever sees the lookup; to
// members of the portal only where they may read the target.
func (r reader) Names(ctx context.Context, table string, ids []id.ID) (map[id.ID]string, error) {
	r = r.pin()
	t, err := tableOf(r.o, table)
	if err != nil {
		return nil, err
	}
	var guard query.Guard
	if access.From(ctx).Kind == access.Member {
		if r.o.Access.Allow(ctx, table, access.Read) != nil {
			return nil, nil
		}
		guard = r.o.Access.Guard(ctx, access.Read)
	}
	values := make([]any, len(ids))
	for i, v := range ids {
		values[i] = v
	}
	out := make(map[id.ID]string, len(ids))
	for len(values) > 0 {
		n := min(len(values), 1000)
		page, err := r.find(ctx, query.Query{Table: table, Select: []string{t.ID, t.Title}, Where: query.In{Left: query.Path{t.ID}, Values: values[:n]}}, guard)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			out[row.ID(t.ID)] = row.Text(t.Title)
		}
		values = values[n:]
	}
	return out, nil
}
