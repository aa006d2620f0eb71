package solution_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/solution"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// An installation that comes from an older version gets the new pages of its apps,
// but where people have arranged an app themselves, it stays theirs.
func TestAppsFollowTheirText(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, url string) {
		h := newHouse(t, url)
		const older = `- table: appmodule
  rows:
    - {key: untouched, uniquename: untouched, name: Sales, rpt_order: 10, rpt_navigation: [{label: {en: Work}, items: [{table: task}]}]}
    - {key: arranged, uniquename: arranged, name: Service, rpt_order: 20, rpt_navigation: [{label: {en: Work}, items: [{table: task}]}]}
    - {key: deleted, uniquename: deleted, name: Old, rpt_order: 30, rpt_navigation: [{label: {en: Work}, items: [{table: task}]}]}
`
		apply := func(text string) {
			t.Helper()
			a := &solution.Applier{Store: h.store, Catalog: h.Customs.Catalog}
			if err := a.Apply(h.ctx, solution.Bundle{Name: "house", Files: fstest.MapFS{"records/30-apps.yaml": {Data: []byte(text)}}}); err != nil {
				t.Fatal(err)
			}
		}
		app := func(key string) record.Row {
			t.Helper()
			row, err := h.store.Get(h.ctx, "appmodule", solution.RowID("house", "appmodule", key), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			return row
		}
		apply(older)
		version := app("untouched").Version()
		apply(older)
		if app("untouched").Version() != version {
			t.Error("the same text writes the row again")
		}
		person := access.With(h.ctx, access.Principal{Kind: access.System, ID: solution.RowID("core", "systemuser", "admin")})
		if err := h.store.Write(person, func(tx *record.Tx) error {
			if err := tx.Delete(person, "appmodule", solution.RowID("house", "appmodule", "deleted"), record.Match{}); err != nil {
				return err
			}
			_, err := tx.Update(person, "appmodule", solution.RowID("house", "appmodule", "arranged"), record.Row{"name": "Our service"}, record.Match{})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		apply(strings.ReplaceAll(older, "items: [{table: task}]", "items: [{page: work, label: {en: My work}}, {table: task}]"))
		has := func(key string) bool {
			return strings.Contains(fmt.Sprintf("%s", app(key)["rpt_navigation"]), "My work")
		}
		if !has("untouched") || has("arranged") || app("arranged").Text("name") != "Our service" {
			t.Errorf("%v, %v", app("untouched"), app("arranged"))
		}
		if _, err := h.store.Get(h.ctx, "appmodule", solution.RowID("house", "appmodule", "deleted"), nil, nil); err == nil {
			t.Error("an app that people have deleted is back")
		}
	})
}
