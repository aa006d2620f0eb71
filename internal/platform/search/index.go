package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Options are what an index is made of.
type Options struct {
	DB      *sqldb.DB
	Store   *record.Store
	Log     *changelog.Log
	Access  *access.Control
	Catalog func() *metadata.Catalog
	Clock   clock.Clock
	Jobs    *job.Queue
	Ranked  int // the newest so many documents are ranked; 0 means 2,000
}

// Index is the index of one database.
type Index struct {
	o      Options
	behind atomic.Int64
	taken  atomic.Int64 // change up to which this node has brought the index

	reached atomic.Bool           // all documents say who may see them
	size    atomic.Pointer[sized] // how many documents there are
}

// New gives the index of a database.
func New(o Options) *Index { return &Index{o: o} }

func (x *Index) most() int { return cmp.Or(x.o.Ranked, candidatesMost) }

// Behind tells how many changes this node knew to be missing in the index when it
// last looked, for metrics.
func (x *Index) Behind() int64 { return x.behind.Load() }

// Columns lists the columns of a table that are searched, its title first.
func Columns(t *metadata.Table) []string {
	var out []string
	for _, c := range t.Columns {
		kind := t.Shape().Columns[c.Name].Kind
		if c.Searchable && !c.Secured && (kind == query.Text || kind == query.Memo) {
			out = append(out, c.Name)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		switch t.Title {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	return out
}

// Tables lists the tables that are searched: those with searchable columns that
// people see as a list, the platform's own workings aside.
func (x *Index) Tables() []string {
	var out []string
	for _, name := range x.o.Catalog().Names() {
		if t, ok := x.o.Catalog().Table(name); ok && searched(t) {
			out = append(out, name)
		}
	}
	return out
}

func searched(t *metadata.Table) bool {
	return !t.Managed && !t.NoTrack && !t.NoSearch && len(Columns(t)) > 0
}

// doc is what the index holds of a record.
type doc struct {
	number  int64
	table   string
	key     id.ID
	version int64
	title   []string
	tokens  []string // none where the record is gone, or says nothing
	reach   []string // who may see it
	gone    bool
}

// finder reads records, in a transaction or outside.
type finder interface {
	Find(ctx context.Context, q query.Query) (record.Page, error)
}

// docs makes the documents of records as they are now.
func (x *Index) docs(ctx context.Context, from finder, t *metadata.Table, keys []id.ID) ([]doc, error) {
	columns := Columns(t)
	values := make([]any, len(keys))
	for i, k := range keys {
		values[i] = k
	}
	wanted := append([]string{t.ID, "versionnumber"}, columns...)
	if t.Owned() {
		wanted = append(wanted, "ownerid", "owningbusinessunit")
	}
	shares, err := x.shares(ctx, from, values)
	if err != nil {
		return nil, err
	}
	page, err := from.Find(ctx, query.Query{Table: t.Name, Select: wanted, Where: query.In{Left: query.Path{t.ID}, Values: values}, Limit: len(keys)})
	if err != nil {
		return nil, err
	}
	rows := map[id.ID]record.Row{}
	for _, row := range page.Rows {
		rows[row.ID(t.ID)] = row
	}
	out := make([]doc, len(keys))
	for i, key := range keys {
		row, there := rows[key]
		if !there {
			out[i] = doc{table: t.Name, key: key, gone: true}
			continue
		}
		var texts []string
		for _, c := range columns {
			texts = append(texts, row.Text(c))
		}
		out[i] = doc{table: t.Name, key: key, version: row.Version(), title: tokensOf(row.Text(t.Title)), tokens: tokensOf(texts...), reach: reachOf(t, row, shares[key])}
	}
	return out, nil
}

func marks(d sqldb.Dialect, from, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = d.Placeholder(from + i)
	}
	return strings.Join(out, ", ")
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// Renew brings the documents of records up to date at once, without waiting for
// the change log to be followed: those of rows that are gone go.
func (x *Index) Renew(ctx context.Context, table string, keys []id.ID) error {
	t, ok := x.o.Catalog().Table(table)
	if !ok || !searched(t) {
		return nil
	}
	for some := range slices.Chunk(keys, batch) {
		err := x.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
			docs, err := x.docs(ctx, x.o.Store.Bind(tx), t, some)
			if err != nil {
				return err
			}
			return x.write(tx, docs)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Optimize writes the words of the index anew, so that nothing of documents that
// are gone is left in it. On PostgreSQL there is nothing to do: VACUUM does it.
func (x *Index) Optimize(ctx context.Context) error {
	if x.o.DB.Dialect() != sqldb.SQLite {
		return nil
	}
	return x.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO searchindex(searchindex) VALUES('optimize')")
		return err
	})
}
