package search

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
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
	Catalog func() *metadata.Catalog
	Clock   clock.Clock
	Jobs    *job.Queue
}

// Index is the index of one database.
type Index struct {
	o      Options
	behind atomic.Int64
}

// New gives the index of a database.
func New(o Options) *Index { return &Index{o: o} }

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

func searched(t *metadata.Table) bool { return !t.Managed && !t.NoTrack && len(Columns(t)) > 0 }

// put brings the document of a record up to date with the record as it is now.
func (x *Index) put(ctx context.Context, tx *sqldb.Tx, t *metadata.Table, key id.ID) error {
	columns := append([]string{"versionnumber"}, Columns(t)...)
	row, err := x.o.Store.Bind(tx).Get(access.AsSystem(ctx, "search index"), t.Name, key, columns, nil)
	if errs.Has(err, errs.NotFound) {
		return x.remove(tx, t.Name, key)
	}
	if err != nil {
		return err
	}
	var texts []string
	for _, c := range columns[1:] {
		texts = append(texts, row.Text(c))
	}
	return x.write(tx, t.Name, key, row.Version(), tokensOf(row.Text(t.Title)), tokensOf(texts...))
}

// doc is what the index holds of a record.
type doc struct {
	number  int64
	version int64
	tokens  []string
}

func (x *Index) find(tx *sqldb.Tx, table string, key any) (doc, bool, error) {
	p := tx.Dialect().Placeholder
	var d doc
	var tokens string
	found, err := tx.QueryRow("SELECT docid, version, tokens FROM searchdoc WHERE recordid = "+p(1)+" AND tablename = "+p(2), []any{key, table}, &d.number, &d.version, &tokens)
	d.tokens = strings.Fields(tokens)
	return d, found, err
}

func (x *Index) write(tx *sqldb.Tx, table string, key id.ID, version int64, title, tokens []string) error {
	d := tx.Dialect()
	enc, err := query.Encode(d, query.ID, key)
	if err != nil {
		return err
	}
	old, there, err := x.find(tx, table, enc)
	if err != nil {
		return err
	}
	if there && slices.Equal(old.tokens, tokens) && old.version <= version {
		if old.version == version {
			return nil
		}
		_, err := tx.Exec("UPDATE searchdoc SET version = "+d.Placeholder(1)+", title = "+d.Placeholder(2)+" WHERE docid = "+d.Placeholder(3), version, strings.Join(title, " "), old.number)
		return err
	}
	if there && old.version > version {
		return nil // a newer one came first
	}
	if there {
		if err := x.drop(tx, old); err != nil {
			return err
		}
	}
	if len(tokens) == 0 {
		return nil
	}
	text := strings.Join(tokens, " ")
	p := d.Placeholder
	if d == sqldb.Postgres {
		_, err = tx.Exec("INSERT INTO searchdoc (tablename, recordid, version, title, tokens, lexemes) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", array_to_tsvector(string_to_array("+p(6)+", ' ')))",
			table, enc, version, strings.Join(title, " "), text, text)
	} else {
		var number int64
		if _, err = tx.QueryRow("INSERT INTO searchdoc (tablename, recordid, version, title, tokens) VALUES (?, ?, ?, ?, ?) RETURNING docid", []any{table, enc, version, strings.Join(title, " "), text}, &number); err == nil {
			_, err = tx.Exec("INSERT INTO searchindex (rowid, tokens) VALUES (?, ?)", number, text)
		}
	}
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := x.count(tx, t); err != nil {
			return err
		}
	}
	return nil
}

// count notes that one more record has a token.
func (x *Index) count(tx *sqldb.Tx, term string) error {
	p := tx.Dialect().Placeholder
	var n int64
	if _, err := tx.QueryRow("INSERT INTO searchterm (term, n) VALUES ("+p(1)+", 1) ON CONFLICT (term) DO UPDATE SET n = searchterm.n + 1 RETURNING n", []any{term}, &n); err != nil || n > 1 {
		return err
	}
	for _, v := range variants(term) {
		if _, err := tx.Exec("INSERT INTO searchvariant (variant, term) VALUES ("+p(1)+", "+p(2)+") ON CONFLICT DO NOTHING", v, term); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) remove(tx *sqldb.Tx, table string, key id.ID) error {
	enc, err := query.Encode(tx.Dialect(), query.ID, key)
	if err != nil {
		return err
	}
	old, there, err := x.find(tx, table, enc)
	if err != nil || !there {
		return err
	}
	return x.drop(tx, old)
}

// drop takes a document out, and the terms that no other has.
func (x *Index) drop(tx *sqldb.Tx, d doc) error {
	p := tx.Dialect().Placeholder
	if _, err := tx.Exec("DELETE FROM searchdoc WHERE docid = "+p(1), d.number); err != nil {
		return err
	}
	if tx.Dialect() == sqldb.SQLite {
		if _, err := tx.Exec("DELETE FROM searchindex WHERE rowid = ?", d.number); err != nil {
			return err
		}
	}
	for _, t := range d.tokens {
		if _, err := tx.Exec("UPDATE searchterm SET n = n - 1 WHERE term = "+p(1), t); err != nil {
			return err
		}
		gone, err := tx.Exec("DELETE FROM searchterm WHERE term = "+p(1)+" AND n <= 0", t)
		if err != nil {
			return err
		}
		if gone > 0 {
			if _, err := tx.Exec("DELETE FROM searchvariant WHERE term = "+p(1)+" AND variant IN ("+marks(tx.Dialect(), 2, len(variants(t)))+")", append([]any{t}, anys(variants(t))...)...); err != nil {
				return err
			}
		}
	}
	return nil
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
