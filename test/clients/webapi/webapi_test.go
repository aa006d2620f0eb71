// Package webapi_test runs the npm client dynamics-web-api, as it comes, against
// the Web API on both databases. It needs Node and `npm ci` in this folder.
package webapi_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const token = "secret"

func TestDynamicsWebAPI(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: Node is missing")
	}
	if _, err := os.Stat("node_modules/dynamics-web-api"); err != nil {
		t.Skip("skipped: run `npm ci` in test/clients/webapi")
	}
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		cmd := exec.CommandContext(t.Context(), node, "--test", "client.test.mjs")
		cmd.Env = append(os.Environ(), "RAPPORT_URL="+serve(t, db, catalog), "RAPPORT_TOKEN="+token)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if !strings.Contains(string(out), "# pass 1") { // at least ten
			t.Errorf("the client's tests did not run:\n%s", out)
		}
	})
}

// serve starts the Web API with one user who may do everything.
func serve(t *testing.T, db *sqldb.DB, catalog *metadata.Catalog) string {
	t.Helper()
	snapshot := func() *access.Snapshot {
		s, err := access.Load(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	current := snapshot()
	control := &access.Control{Current: func() *access.Snapshot { return current }, Catalog: func() *metadata.Catalog { return catalog }}
	store := record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: changelog.New(db), Clock: clock.System{}})
	ctx := access.AsSystem(t.Context(), "test")
	var admin id.ID
	err := store.Write(ctx, func(tx *record.Tx) error {
		unit, err := tx.Create(ctx, "businessunit", record.Row{"name": "Head Office"})
		if err != nil {
			return err
		}
		system := record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit.ID("businessunitid")}
		if _, err := tx.Create(ctx, "systemuser", system); err != nil {
			return err
		}
		user, err := tx.Create(ctx, "systemuser", record.Row{"fullname": "Ada Admin", "domainname": "ada", "businessunitid": unit.ID("businessunitid")})
		if err != nil {
			return err
		}
		admin = user.ID("systemuserid")
		role, err := tx.Create(ctx, "role", record.Row{"name": "everything"})
		if err != nil {
			return err
		}
		for _, table := range catalog.Names() {
			for _, right := range access.Rights() {
				if _, err := tx.Create(ctx, "roleprivileges", record.Row{"roleid": role.ID("roleid"), "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(access.Global)}); err != nil {
					return err
				}
			}
		}
		_, err = tx.Create(ctx, "systemuserroles", record.Row{"systemuserid": admin, "roleid": role.ID("roleid")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	current = snapshot()
	api := &httpapi.ODataAPI{Records: store, Principals: control, Catalog: control.Catalog, Clock: clock.System{}, Organization: id.New()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+token {
			r = r.WithContext(access.With(r.Context(), access.Principal{Kind: access.User, ID: admin}))
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
