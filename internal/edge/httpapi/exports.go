package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/transfer/export"
)

// Exporter is what the addresses below need; *export.Exporter is one.
type Exporter interface {
	Export(ctx context.Context, r export.Request, to io.Writer) (rows int64, err error)
}

// ExportsAPI gives the rows of a query as a file:
//
//	GET  /api/exports/{table}?format=F&…   F is csv, xlsx, jsonl or parquet
//	POST /api/exports/{table}?format=F&…   {"ids": [...]}: these rows only
//
// What is exported is asked for as in the Web API: $select, $filter and $orderby,
// or one of savedQuery, userQuery, fetchXml and sql. Beside those, columns names
// the table's columns that are written, in their order, instead of those asked
// for; language is that of headings and labels, instead of the one that the
// request asks for.
type ExportsAPI struct {
	OData   *ODataAPI
	Exports Exporter
}

// Register adds the routes.
func (a *ExportsAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/exports/{table}", answering(a.export))
	mux.HandleFunc("POST /api/exports/{table}", answering(a.export))
}

// question reads what is asked for as the Web API does. own are the options that
// belong to the address.
func question(a *ODataAPI, w http.ResponseWriter, r *http.Request, table string, own ...string) (*request, *odata.Fetch, error) {
	if access.From(r.Context()).Kind == access.Anonymous {
		return nil, nil, access.ErrSignIn
	}
	ctx, err := a.caller(r.Context(), r.Header)
	if err != nil {
		return nil, nil, err
	}
	params, err := odata.Params(r.URL.RawQuery)
	if err != nil {
		return nil, nil, err
	}
	catalog := a.Catalog()
	t, ok := catalog.Table(table)
	if !ok {
		return nil, nil, errTable
	}
	for _, name := range own {
		delete(params, name)
	}
	q := &request{api: a, w: w, r: r.WithContext(ctx), ctx: ctx, catalog: catalog, params: params}
	for _, kind := range odata.Queries() {
		text, has := params[kind]
		if !has {
			continue
		}
		if len(params) > 1 {
			return nil, nil, errs.New(errs.Invalid, "odata.option", "no other option can stand beside %s", kind)
		}
		f, err := q.parseWhole(kind, text)
		if err == nil && f.View.Table != t {
			err = errs.New(errs.Invalid, "odata.table_mismatch", "%s asks for rows of another table", kind)
		}
		return q, f, err
	}
	for name := range params {
		if !slices.Contains([]string{"$select", "$filter", "$orderby"}, name) && !strings.HasPrefix(name, "@") {
			return nil, nil, errs.New(errs.Invalid, "odata.option", "the option %q is not offered here", name)
		}
	}
	o, err := odata.ParseOptions(q.text(), t, params)
	if err != nil {
		return nil, nil, err
	}
	return q, &odata.Fetch{Query: o.Query, View: o.View, Top: -1}, nil
}

// maxNamed bounds the body that names rows, in bytes.
const maxNamed = 1 << 20

func (a *ExportsAPI) export(w http.ResponseWriter, r *http.Request) error {
	q, f, err := question(a.OData, w, r, r.PathValue("table"), "format", "language", "columns")
	if err != nil {
		return err
	}
	if f.Top >= 0 || f.Skip > 0 || f.Query.Distinct {
		return errs.New(errs.Unsupported, "export.top", "an export takes all rows that match: leave out top, skip and distinct")
	}
	format := r.URL.Query().Get("format")
	kind := export.MediaType(format)
	if kind == "" {
		return errs.New(errs.Invalid, "export.format", "the format is one of csv, xlsx, jsonl, parquet")
	}
	own := r.URL.Query()
	if err := arrange(f, own.Get("columns")); err != nil {
		return err
	}
	text := q.text()
	asked := map[string]any{}
	for name, v := range q.params {
		asked[name] = v
	}
	if own.Has("columns") {
		asked["columns"] = own.Get("columns")
	}
	req := export.Request{Query: f.Query, View: f.View, Format: format, Language: cmp.Or(knownLanguage(own.Get("language")), q.language()), Zone: text.Zone, Text: asked}
	if r.Method == http.MethodPost {
		var body struct {
			IDs []id.ID `json:"ids"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxNamed)).Decode(&body); err != nil || len(body.IDs) == 0 {
			return errs.New(errs.Invalid, "export.rows", `name the rows as {"ids": [...]}`)
		}
		req.Only = body.IDs
		asked["ids"] = len(body.IDs)
	}
	name := fmt.Sprintf("%s-%s.%s", f.View.Table.Set, a.OData.Clock.Now().UTC().Format("2006-01-02"), format)
	return streamed(w, kind, name, func(to io.Writer) error {
		_, err := a.Exports.Export(q.ctx, req, to)
		return err
	})
}

// arrange has a query give these columns of its table, parted by commas, instead
// of those that it asks for; "" leaves them as they are. Columns of linked tables
// follow, as before.
func arrange(f *odata.Fetch, columns string) error {
	if columns == "" {
		return nil
	}
	names := strings.Split(columns, ",")
	for _, name := range names {
		if _, ok := f.View.Table.Column(name); !ok {
			return errs.New(errs.Invalid, "export.columns", "%s has no column %q", f.View.Table.Name, name)
		}
		if f.Query.Select != nil && !slices.Contains(f.Query.Select, name) {
			f.Query.Select = append(f.Query.Select, name)
		}
	}
	f.View.Columns = names
	return nil
}
