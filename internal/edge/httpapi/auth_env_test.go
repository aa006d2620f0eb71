package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/edge/live"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workspace"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// site is the interface's part of the server, with sign-in, over a fresh
// database: an administrator (ada), a seller of the north (nora) who sees the
// rows of her own, and a person without any role (otto).
type site struct {
	t       testing.TB
	url     string
	catalog *metadata.Catalog
	db      *sqldb.DB
	store   *record.Store
	log     *changelog.Log
	control *access.Control
	auth    *auth.Auth
	hub     *live.Hub
	clock   *clock.Fake
	metrics *prometheus.Registry
	logged  *lines
	mux     *http.ServeMux

	mu   sync.Mutex
	snap *access.Snapshot

	unit, ada, nora, otto id.ID
}

const password = "correct horse battery"

// lines collects the log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func eachSite(t *testing.T, run func(t *testing.T, s *site)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(t, newSite(t, db, catalog)) })
}

func newSite(t testing.TB, db *sqldb.DB, catalog *metadata.Catalog) *site {
	t.Helper()
	s := &site{t: t, db: db, catalog: catalog, log: changelog.New(db), clock: clock.NewFake(start), metrics: prometheus.NewRegistry(), logged: &lines{}, mux: http.NewServeMux()}
	s.control = &access.Control{Catalog: func() *metadata.Catalog { return catalog }, Current: func() *access.Snapshot {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.snap
	}}
	s.store = record.New(record.Options{DB: db, Catalog: s.control.Catalog, Access: s.control, Log: s.log, Clock: s.clock})
	s.reload()
	s.unit = s.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	s.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": s.unit})
	all, own := map[string]access.Depth{}, map[string]access.Depth{}
	for _, name := range catalog.Names() {
		all[name] = access.Global
		if table, _ := catalog.Table(name); table.Owned() {
			own[name] = access.Basic
		}
	}
	s.ada, s.nora, s.otto = s.user("ada", "Administrator", all), s.user("nora", "Seller", own), s.user("otto", "", nil)
	var err error
	s.auth, err = auth.New(t.Context(), auth.Options{DB: db, Clock: s.clock, Known: s.control.Known, Params: auth.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}})
	if err != nil {
		t.Fatal(err)
	}
	for name, user := range map[string]id.ID{"ada": s.ada, "nora": s.nora, "otto": s.otto} {
		if err := s.auth.SetPassword(t.Context(), user, name, password); err != nil {
			t.Fatal(err)
		}
	}
	s.serve()
	return s
}

func (s *site) serve() {
	s.hub = live.New(live.Options{Tail: s.log.Tailer(), Reader: s.store, Access: s.control, Catalog: s.control.Catalog, Registerer: s.metrics})
	for _, api := range []interface{ Register(*http.ServeMux) }{
		&httpapi.AuthAPI{Auth: s.auth, Roles: s.control, Users: s.store, Preferences: &workspace.Preferences{Store: s.store}, Clock: s.clock},
		&httpapi.KeysAPI{Auth: s.auth, Access: s.control},
		&httpapi.TablesAPI{Catalog: s.control.Catalog, Access: s.control, Users: s.store},
		&httpapi.TimelineAPI{Catalog: s.control.Catalog, Records: s.store, History: s.log, Access: s.control},
		&httpapi.LiveAPI{Hub: s.hub, Auth: s.auth, Clock: s.clock, Users: s.store},
		&httpapi.WorkspaceAPI{Records: s.store, Catalog: s.control.Catalog, Access: s.control, Roles: s.control.Roles, Preferences: &workspace.Preferences{Store: s.store}},
		&httpapi.ProcessAPI{Catalog: s.control.Catalog, Records: s.store, Set: func() *process.Set { return nil }},
		&httpapi.ODataAPI{Records: s.store, Principals: s.control, Catalog: s.control.Catalog, Clock: s.clock, Organization: id.Derive("organization")},
	} {
		api.Register(s.mux)
	}
	m := httpapi.NewMiddleware(httpapi.MiddlewareOptions{Auth: s.auth, Registerer: s.metrics, Logger: slog.New(slog.NewJSONHandler(s.logged, nil)), Clock: s.clock})
	server := httptest.NewServer(m.Wrap(s.mux))
	s.t.Cleanup(server.Close)
	s.url = server.URL
}

func (s *site) reload() {
	s.t.Helper()
	snap, err := access.Load(s.t.Context(), s.db)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.snap = snap
	s.mu.Unlock()
}

func (s *site) write(ctx context.Context, fn func(tx *record.Tx) error) {
	s.t.Helper()
	if err := s.store.Write(ctx, fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) must(table string, row record.Row) (out record.Row) {
	s.t.Helper()
	ctx := access.AsSystem(s.t.Context(), "test")
	s.write(ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(ctx, table, row); return err })
	return out
}

func (s *site) update(as id.ID, table string, key id.ID, row record.Row) {
	s.t.Helper()
	ctx := access.With(s.t.Context(), access.Principal{Kind: access.User, ID: as})
	s.write(ctx, func(tx *record.Tx) error { _, err := tx.Update(ctx, table, key, row, record.Match{}); return err })
}

func (s *site) user(name, role string, tables map[string]access.Depth) id.ID {
	s.t.Helper()
	u := s.must("systemuser", record.Row{"fullname": strings.ToUpper(name[:1]) + name[1:], "domainname": name, "businessunitid": s.unit}).ID("systemuserid")
	if role != "" {
		r := s.must("role", record.Row{"name": role}).ID("roleid")
		s.must("systemuserroles", record.Row{"systemuserid": u, "roleid": r})
		ctx := access.AsSystem(s.t.Context(), "test")
		s.write(ctx, func(tx *record.Tx) error {
			for table, depth := range tables {
				for _, right := range access.Rights() {
					if _, err := tx.Create(ctx, "roleprivileges", record.Row{"roleid": r, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(depth)}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	s.reload()
	return u
}

// browser is a client with cookies, which sends the CSRF token as the interface does.
type browser struct {
	s    *site
	http *http.Client
	csrf string
}

func (s *site) browser() *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s: s, http: &http.Client{Jar: jar}}
}

// signedIn gives a browser in which the person has signed in.
func (s *site) signedIn(name string) *browser {
	s.t.Helper()
	b := s.browser()
	r := b.do("POST", "/api/auth/signin", `{"username":"`+name+`","password":"`+password+`"}`).want(200)
	b.csrf, _ = r.json["csrf"].(string)
	return b
}

// siteReply is an answer that has been read.
type siteReply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (b *browser) do(method, path, body string, headers ...string) *siteReply {
	b.s.t.Helper()
	r, err := http.NewRequestWithContext(b.s.t.Context(), method, b.s.url+path, strings.NewReader(body))
	if err != nil {
		b.s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if b.csrf != "" {
		r.Header.Set("X-CSRF-Token", b.csrf)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	res, err := b.http.Do(r)
	if err != nil {
		b.s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.s.t.Fatal(err)
	}
	out := &siteReply{t: b.s.t, status: res.StatusCode, header: res.Header, body: string(text)}
	if strings.HasPrefix(string(text), "{") {
		if err := json.Unmarshal(text, &out.json); err != nil {
			b.s.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return out
}

func (r *siteReply) want(status int) *siteReply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

func (r *siteReply) wantCode(status int, code string) *siteReply {
	r.t.Helper()
	e, _ := r.json["error"].(map[string]any)
	if r.status != status || e["@rapport.code"] != code {
		r.t.Fatalf("got %d %s, want %d %s", r.status, r.body, status, code)
	}
	return r
}
