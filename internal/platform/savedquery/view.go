package savedquery

import (
	"context"
	"encoding/xml"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// ViewID gives the id of the savedquery row of a table's view.
func ViewID(table, view string) id.ID { return id.Derive("savedquery", table, view) }

// Views makes the views, charts and forms of definitions rows of savedquery,
// savedqueryvisualization and systemform.
type Views struct {
	Store   *record.Store
	Catalog func() *metadata.Catalog
	Clock   clock.Clock
	Logger  *slog.Logger

	loop   lifecycle.Loop
	signal chan struct{}
}

// pause lies between attempts while the database is away.
const pause = time.Second

// Changed says that the definitions are others now.
func (v *Views) Changed() {
	select {
	case v.signal <- struct{}{}:
	default:
	}
}

// NewViews makes the service.
func NewViews(store *record.Store, catalog func() *metadata.Catalog, clk clock.Clock, logger *slog.Logger) *Views {
	return &Views{Store: store, Catalog: catalog, Clock: clk, Logger: logger, signal: make(chan struct{}, 1)}
}

// Start keeps the rows as the definitions are, from now on.
func (v *Views) Start(ctx context.Context) error {
	v.loop.Run = v.run
	return v.loop.Start(ctx)
}

// Stop ends the service.
func (v *Views) Stop(ctx context.Context) error { return v.loop.Stop(ctx) }

func (v *Views) run(ctx context.Context) {
	ctx = access.AsSystem(ctx, "views")
	for {
		var again <-chan time.Time
		if err := v.Sync(ctx); err != nil && ctx.Err() == nil {
			if !errs.Has(err, errs.Unavailable) {
				v.Logger.Error("views, charts and forms are not rows yet", "error", err)
			}
			again = v.Clock.After(pause)
		}
		select {
		case <-v.signal:
		case <-again:
		case <-ctx.Done():
			return
		}
	}
}

const perWrite = 100 // rows of one transaction

// kind is a table whose managed rows follow from the definitions of others.
type kind struct {
	table, key string
	told       string   // what the definitions are called in the log
	columns    []string // all that rows are given but the key
	// rows gives the rows of a table's definitions. What a row can't be made of
	// is left out, and told of.
	rows func(catalog *metadata.Catalog, t *metadata.Table, bad func(name string, err error)) []record.Row
}

func (v *Views) kinds() []kind {
	return []kind{
		{"savedquery", "savedqueryid", "view", []string{"name", "returnedtypecode", "querytype", "isdefault", "ismanaged", "fetchxml", "layoutxml"}, v.views},
		{"savedqueryvisualization", "savedqueryvisualizationid", "chart", []string{"name", "description", "primaryentitytypecode", "isdefault", "ismanaged", "datadescription", "presentationdescription"}, v.charts},
		{"systemform", "formid", "form", []string{"name", "objecttypecode", "type", "formactivationstate", "isdefault", "ismanaged", "formxml", "formjson"}, forms},
	}
}

// Sync writes the rows of all views, charts and forms that are new or have
// changed, and takes those away whose definitions are gone. It acts as the
// principal in the context, the platform itself. A view or chart that FetchXML
// has no form for is left out, and told of.
func (v *Views) Sync(ctx context.Context) error {
	catalog := v.Catalog()
	for _, k := range v.kinds() {
		if err := v.sync(ctx, catalog, k); err != nil {
			return err
		}
	}
	return nil
}

func (v *Views) sync(ctx context.Context, catalog *metadata.Catalog, k kind) error {
	want := map[id.ID]record.Row{}
	for _, name := range catalog.Names() {
		t, _ := catalog.Table(name)
		for _, row := range k.rows(catalog, t, func(part string, err error) {
			v.Logger.Warn("the "+k.told+" can't be asked and is no row", "table", t.Name, k.told, part, "error", err)
		}) {
			want[row.ID(k.key)] = row
		}
	}
	var gone []id.ID
	q := query.Query{Table: k.table, Select: append([]string{k.key}, k.columns...), Where: query.Compare{Left: query.Path{"ismanaged"}, Value: true}, Limit: record.MaxPage}
	for {
		page, err := v.Store.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, have := range page.Rows {
			key := have.ID(k.key)
			row, still := want[key]
			switch {
			case !still:
				gone = append(gone, key)
			case k.same(have, row):
				delete(want, key)
			}
		}
		if page.Next == nil {
			break
		}
		q.After = page.Next
	}
	if err := v.put(ctx, k, want); err != nil {
		return err
	}
	for _, key := range gone {
		err := v.Store.Write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, k.table, key, record.Match{}) })
		if err != nil && !errs.Has(err, errs.NotFound) {
			return err
		}
	}
	return nil
}

func (k kind) same(a, b record.Row) bool {
	for _, name := range k.columns {
		if a[name] != b[name] {
			return false
		}
	}
	return true
}

func (v *Views) put(ctx context.Context, k kind, rows map[id.ID]record.Row) error {
	var batch []record.Row
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := v.Store.Write(ctx, func(tx *record.Tx) error {
			for _, row := range batch {
				if _, _, err := tx.Upsert(ctx, k.table, row.ID(k.key), row, record.Match{}); err != nil {
					return err
				}
			}
			return nil
		})
		batch = nil
		return err
	}
	for _, row := range rows {
		if batch = append(batch, row); len(batch) == perWrite {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func (v *Views) views(catalog *metadata.Catalog, t *metadata.Table, bad func(string, error)) (rows []record.Row) {
	for _, view := range t.Views {
		row, err := v.row(catalog, t, view)
		if err != nil {
			bad(view.Name, err)
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

// row gives the savedquery row of a view.
func (v *Views) row(catalog *metadata.Catalog, t *metadata.Table, view metadata.View) (record.Row, error) {
	ctx := &odata.Context{Catalog: catalog, Now: v.Clock.Now(), Symbolic: true}
	params := map[string]string{}
	if view.Filter != "" {
		params["$filter"] = view.Filter
	}
	if view.Order != "" {
		params["$orderby"] = view.Order
	}
	o, err := odata.ParseOptions(ctx, t, params)
	if err != nil {
		return nil, err
	}
	o.Query.Select = append([]string{t.ID}, view.Columns...)
	fetch, err := odata.WriteFetch(catalog, &o.Query)
	if err != nil {
		return nil, err
	}
	if err := Check(catalog, v.Clock, t.Name, fetch); err != nil {
		return nil, err
	}
	return record.Row{"savedqueryid": ViewID(t.Name, view.Name), "name": view.Label.In("en"), "returnedtypecode": t.Name, "querytype": int64(0), "isdefault": view.Default,
		"ismanaged": true, "fetchxml": fetch, "layoutxml": layout(t, view)}, nil
}

// layout writes the columns of a grid as Dataverse keeps them.
func layout(t *metadata.Table, view metadata.View) string {
	var b strings.Builder
	b.WriteString(`<grid name="resultset" jump="` + escape(t.Title) + `" select="1" icon="1" preview="1"`)
	if t.Code != 0 {
		b.WriteString(` object="` + strconv.Itoa(t.Code) + `"`)
	}
	b.WriteString(`><row name="result" id="` + escape(t.ID) + `">`)
	for _, name := range view.Columns {
		b.WriteString(`<cell name="` + escape(name) + `" width="150"/>`)
	}
	b.WriteString(`</row></grid>`)
	return b.String()
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

// CheckView refuses a view of a catalog that can't be asked.
func CheckView(catalog *metadata.Catalog, clk clock.Clock, table, view string) error {
	v := &Views{Clock: clk}
	t, _ := catalog.Table(table)
	for _, w := range t.Views {
		if w.Name == view {
			_, err := v.row(catalog, t, w)
			return err
		}
	}
	return nil
}
