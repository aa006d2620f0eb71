package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"gocloud.dev/blob/memblob"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/savedquery"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// api is the Web API over a fresh database. Who asks is named by the bearer
// token: the id of a user; sign-in itself is not under test here.
type api struct {
	t       testing.TB
	url     string
	store   *record.Store
	snap    *access.Snapshot
	db      *sqldb.DB
	admin   id.ID
	unit    id.ID
	calls   []string
	catalog *metadata.Catalog
	files   *files.Store
	clock   *clock.Fake
}

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func eachAPI(t *testing.T, run func(t *testing.T, a *api)) {
	t.Helper()
	eachAPIOf(t, fixture.Catalog(t), run)
}

// eachAPIOf is eachAPI with a catalog of the test's own.
func eachAPIOf(t *testing.T, catalog *metadata.Catalog, run func(t *testing.T, a *api)) {
	t.Helper()
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(t, newAPI(t, db, catalog)) })
}

func newAPI(t testing.TB, db *sqldb.DB, catalog *metadata.Catalog) *api {
	t.Helper()
	a := &api{t: t, db: db, catalog: catalog}
	control := &access.Control{Current: func() *access.Snapshot { return a.snap }, Catalog: func() *metadata.Catalog { return catalog }}
	clk := clock.NewFake(start)
	a.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: changelog.New(db), Clock: clk})
	for _, hook := range savedquery.Hooks(control.Catalog, clk) {
		a.store.AddHook(hook)
	}
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { bucket.Close() })
	a.clock = clk
	a.files = files.New(files.Options{DB: db, Bucket: bucket, Records: a.store, Catalog: control.Catalog, Clock: clk})
	a.store.KeepFiles(a.files)
	a.reload()
	a.unit = a.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	a.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": a.unit})
	all := map[string]access.Depth{}
	for _, name := range catalog.Names() {
		all[name] = access.Global
	}
	a.admin = a.user("Ada Admin", all)
	handler := &httpapi.ODataAPI{Records: a.store, Log: changelog.New(db), Actions: a, Principals: control, Catalog: control.Catalog, Clock: clk, Organization: id.Derive("organization"), Files: a.files}
	mux := http.NewServeMux()
	handler.Register(mux)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			if user, err := id.Parse(token); err == nil {
				r = r.WithContext(access.With(r.Context(), access.Principal{Kind: access.User, ID: user}))
			}
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

func (a *api) reload() {
	a.t.Helper()
	s, err := access.Load(a.t.Context(), a.db)
	if err != nil {
		a.t.Fatal(err)
	}
	a.snap = s
}

func (a *api) must(table string, row record.Row) (out record.Row) {
	a.t.Helper()
	ctx := access.AsSystem(a.t.Context(), "test")
	err := a.store.Write(ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(ctx, table, row); return err })
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

// user makes a user with all rights at a depth for each table.
func (a *api) user(name string, tables map[string]access.Depth) id.ID {
	a.t.Helper()
	u := a.must("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": a.unit}).ID("systemuserid")
	r := a.must("role", record.Row{"name": "role of " + name}).ID("roleid")
	a.must("systemuserroles", record.Row{"systemuserid": u, "roleid": r})
	ctx := access.AsSystem(a.t.Context(), "test")
	err := a.store.Write(ctx, func(tx *record.Tx) error {
		for table, depth := range tables {
			for _, right := range access.Rights() {
				if _, err := tx.Create(ctx, "roleprivileges", record.Row{"roleid": r, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(depth)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		a.t.Fatal(err)
	}
	a.reload()
	return u
}

// Call implements httpapi.Actions with operations that show what arrived.
func (a *api) Call(ctx context.Context, name, boundTable string, boundID id.ID, body map[string]any, isFunction bool) (map[string]any, error) {
	switch name {
	case "Echo":
		return map[string]any{"Table": boundTable, "ID": boundID, "Function": isFunction, "Body": body, "User": access.From(ctx).ID}, nil
	case "Silent":
		return nil, nil
	case "Records":
		row, err := a.store.Get(ctx, boundTable, boundID, nil, nil)
		return map[string]any{"value": []odata.Typed{{Table: boundTable, Row: row}}}, err
	}
	return nil, errs.New(errs.NotFound, "action.unknown", "there is no action of that name")
}

// CallIn implements httpapi.Actions: "Make" makes a lead in the transaction.
func (a *api) CallIn(ctx context.Context, tx *record.Tx, name, boundTable string, boundID id.ID, body map[string]any) (map[string]any, error) {
	switch name {
	case "Make":
		_, err := tx.Create(ctx, "lead", record.Row{"lastname": body["Name"]})
		return nil, err
	case "Echo":
		row, err := tx.Get(ctx, boundTable, boundID, nil, nil)
		return map[string]any{"Name": row.Text("lastname")}, err
	}
	return a.Call(ctx, name, boundTable, boundID, body, false)
}

// List implements httpapi.Actions.
func (a *api) List() []odata.OperationInfo {
	return []odata.OperationInfo{{Name: "Echo", Bound: "lead"}, {Name: "Silent"}, {Name: "Make"}, {Name: "Records", Bound: "lead"}}
}

// odataReply is a response that has been read.
type odataReply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
	json   map[string]any
}

// do sends a request as the administrator. Headers are "Name: value".
func (a *api) do(method, path, body string, headers ...string) *odataReply {
	a.t.Helper()
	return a.as(a.admin, method, path, body, headers...)
}

func (a *api) as(user id.ID, method, path, body string, headers ...string) *odataReply {
	a.t.Helper()
	url := path
	if !strings.HasPrefix(path, "http") {
		url = a.url + "/api/data/v9.2/" + path
	}
	r, err := http.NewRequestWithContext(a.t.Context(), method, strings.ReplaceAll(url, " ", "%20"), strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if user != id.Nil {
		r.Header.Set("Authorization", "Bearer "+user.String())
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Content-Type" {
			r.Header.Del(name)
		}
		r.Header.Add(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	out := &odataReply{t: a.t, status: res.StatusCode, header: res.Header, body: string(text)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &out.json); err != nil {
			a.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return out
}

func (r *odataReply) want(status int) *odataReply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// wantError checks status, Dataverse's number and our code.
func (r *odataReply) wantError(status int, number, code string) *odataReply {
	r.t.Helper()
	e, _ := r.json["error"].(map[string]any)
	if r.status != status || e["code"] != number || e["@rapport.code"] != code || e["message"] == "" {
		r.t.Errorf("got %d %s, want %d %s %s", r.status, r.body, status, number, code)
	}
	return r
}

// key gives the id out of OData-EntityId.
func (r *odataReply) key() string {
	r.t.Helper()
	address := r.header.Get("OData-EntityId")
	_, rest, ok := strings.Cut(address, "(")
	if !ok {
		r.t.Fatalf("no OData-EntityId: %d %s", r.status, r.body)
	}
	return strings.TrimSuffix(rest, ")")
}

// column lists a property of the rows.
func (r *odataReply) column(name string) string {
	r.t.Helper()
	rows, ok := r.json["value"].([]any)
	if !ok {
		r.t.Fatalf("no rows: %d %s", r.status, r.body)
	}
	var out []string
	for _, row := range rows {
		out = append(out, fmt.Sprint(row.(map[string]any)[name]))
	}
	return strings.Join(out, " ")
}
