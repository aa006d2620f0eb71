package savedquery

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// IndexState tells how an index stands.
type IndexState string

// The states.
const (
	IndexProposed IndexState = "proposed" // views want it, and it is not there
	IndexBuilding IndexState = "building"
	IndexBuilt    IndexState = "built" // by an administrator; what ships is not listed
	IndexFailed   IndexState = "failed"
)

// Index is an index that views want, or that was built.
type Index struct {
	Table   string
	Name    string
	Columns []string
	State   IndexState
	Views   []string // that want it
	Error   string   // why it failed
}

// Indexes proposes indexes by what the saved views ask, and has them built.
type Indexes struct {
	DB      *sqldb.DB
	Store   *record.Store
	Customs *customise.Service
	Clock   clock.Clock
	Rows    int // tables with fewer rows need no index; 10,000 if 0
}

// mostViews bounds the saved views that are read.
const mostViews = 20_000

// List gives what was built or is being built, and proposals for all tables with
// many rows: for those who see everything, and where roles have such depths for
// those who see their own rows or their units'. The context's principal must be
// one who may customise.
func (x *Indexes) List(ctx context.Context) ([]Index, error) {
	if err := x.Customs.Allow(ctx); err != nil {
		return nil, err
	}
	catalog := x.Customs.Catalog()
	sys := access.AsSystem(ctx, "indexes of views")
	depths, err := x.depths(sys)
	if err != nil {
		return nil, err
	}
	out := x.built()
	large := map[string]bool{}
	err = x.views(sys, func(table, name, fetch string) error {
		t, ok := catalog.Table(table)
		if !ok || fetch == "" {
			return nil
		}
		for _, columns := range x.wanted(catalog, t, fetch, depths[table]) {
			if _, known := large[table]; !known {
				if large[table], err = x.large(ctx, table); err != nil {
					return err
				}
			}
			if !large[table] {
				continue
			}
			i := slices.IndexFunc(out, func(o Index) bool { return o.Table == table && slices.Equal(o.Columns, columns) })
			if i < 0 {
				i = len(out)
				out = append(out, Index{Table: table, Name: IndexName(columns), Columns: columns, State: IndexProposed})
			}
			if !slices.Contains(out[i].Views, name) {
				out[i].Views = append(out[i].Views, name)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Index) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(len(b.Views), len(a.Views)), cmp.Compare(a.Name, b.Name))
	})
	return out, err
}

// reaches are the ways below Global in which roles let a table be read.
type reaches struct{ own, unit bool }

func (x *Indexes) depths(ctx context.Context) (map[string]reaches, error) {
	out := map[string]reaches{}
	q := query.Query{Table: "roleprivileges", Select: []string{"rpt_table", "privilegedepthmask"}, Where: query.Compare{Left: query.Path{"accessright"}, Value: int64(access.Read)}, Limit: record.MaxPage}
	for {
		page, err := x.Store.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			r := out[row.Text("rpt_table")]
			switch access.Depth(row.Int("privilegedepthmask")) {
			case access.Basic:
				r.own = true
			case access.Local, access.Deep:
				r.own, r.unit = true, true
			}
			out[row.Text("rpt_table")] = r
		}
		if q.After = page.Next; page.Next == nil {
			return out, nil
		}
	}
}

// views calls f with every saved view, the organisation's and people's own.
func (x *Indexes) views(ctx context.Context, f func(table, name, fetch string) error) error {
	for _, saved := range []string{"savedquery", "userquery"} {
		q := query.Query{Table: saved, Select: []string{"name", "returnedtypecode", "fetchxml"}, Limit: 1000}
		for range mostViews / q.Limit {
			page, err := x.Store.Find(ctx, q)
			if err != nil {
				return err
			}
			for _, row := range page.Rows {
				if err := f(row.Text("returnedtypecode"), row.Text("name"), row.Text("fetchxml")); err != nil {
					return err
				}
			}
			if q.After = page.Next; page.Next == nil {
				break
			}
		}
	}
	return nil
}

// anybody stands for whoever asks, in views that speak of him.
var anybody = id.Derive("systemuser", "anybody")

// wanted gives the indexes that a view would be walked by.
func (x *Indexes) wanted(catalog *metadata.Catalog, t *metadata.Table, fetch string, r reaches) [][]string {
	f, err := odata.ParseFetch(&odata.Context{Catalog: catalog, Now: x.Clock.Now(), UserID: anybody, UnitID: anybody}, fetch)
	if err != nil || f.Query.Group != nil || len(f.Query.Links) > 0 || f.Query.Table != t.Name {
		return nil // what can't be asked, or is not walked in the order of one index
	}
	q, err := query.Check(catalog, &f.Query, query.Limits{})
	if err != nil {
		return nil
	}
	return Wanted(t, q, r.own, r.unit)
}

// Wanted gives the indexes, columns each, that are missing for a checked query
// as somebody sees it who sees everything, and where own or unit are set as they
// do who see their own rows or units'.
func Wanted(t *metadata.Table, q *query.Query, own, unit bool) (out [][]string) {
	firsts := []string{""}
	if t.Owned() && own {
		firsts = append(firsts, "ownerid")
	}
	if t.Owned() && unit {
		firsts = append(firsts, "owningbusinessunit")
	}
	for _, first := range firsts {
		if columns := t.Shape().WantedIndex(first, q.Where, q.Order); columns != nil {
			out = append(out, columns)
		}
	}
	return out
}

// large tells whether a table has so many rows that an index pays.
func (x *Indexes) large(ctx context.Context, table string) (bool, error) {
	p := x.DB.Dialect().Placeholder
	return x.DB.QueryRow(ctx, "SELECT 1 FROM "+x.DB.Dialect().Quote(table)+" LIMIT 1 OFFSET "+p(1), []any{cmp.Or(x.Rows, 10_000) - 1}, new(int))
}

// built lists the indexes that administrators have had built.
func (x *Indexes) built() (out []Index) {
	add := func(d customise.Definition, state IndexState) {
		i, err := customise.ReadIndex(d.Body)
		if err != nil {
			return
		}
		out = append(out, Index{Table: d.Table, Name: i.Name, Columns: i.Columns, State: state, Error: d.Error})
	}
	for _, d := range x.Customs.Of("") {
		if d.Kind == customise.KindIndex {
			add(d, IndexBuilt)
		}
	}
	for _, name := range x.Customs.Catalog().Names() {
		for _, d := range x.Customs.Unfinished(name, customise.KindIndex) {
			state := IndexBuilding
			if d.State == customise.Failed {
				state = IndexFailed
			}
			add(d, state)
		}
	}
	return out
}

// IndexName gives the name of an index on columns.
func IndexName(columns []string) string {
	const most = 40
	name := strings.Join(columns, "_")
	if len(name) <= most {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:most-9] + "_" + hex.EncodeToString(sum[:4])
}

// Build begins to build an index, in the background, and gives its name. Others
// write meanwhile; on SQLite they wait while it is written.
func (x *Indexes) Build(ctx context.Context, table string, columns []string) (string, error) {
	t, ok := x.Customs.Catalog().Table(table)
	if !ok {
		return "", errs.New(errs.NotFound, "savedquery.index_table", "there is no table %q", table)
	}
	if len(columns) == 0 || len(columns) > 6 {
		return "", errs.New(errs.Invalid, "savedquery.index_columns", "an index has between 1 and 6 columns")
	}
	for i, name := range columns {
		if _, ok := t.Shape().Columns[name]; !ok || slices.Contains(columns[:i], name) {
			return "", errs.New(errs.Invalid, "savedquery.index_columns", "%q is no column of %s, or is named twice", name, table)
		}
	}
	if slices.ContainsFunc(t.Indexes, func(i metadata.Index) bool { return slices.Equal(i.Columns, columns) && i.Whole() }) {
		return "", errs.New(errs.Conflict, "savedquery.index_there", "the table has such an index already")
	}
	name := IndexName(columns)
	e, err := customise.PutPart(customise.KindIndex, table, name, metadata.Index{Name: name, Columns: columns})
	if err != nil {
		return "", err
	}
	_, err = x.Customs.Change(ctx, customise.How{Background: true}, e)
	return name, err
}

// Remove takes an index away that was built.
func (x *Indexes) Remove(ctx context.Context, table, name string) error {
	_, err := x.Customs.Change(ctx, customise.How{}, customise.Edit{Name: customise.Name{Kind: customise.KindIndex, Table: table, Name: name}, Remove: true})
	return err
}
