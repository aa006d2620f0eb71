package marketing_test

import (
	"context"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/marketing"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

func TestRecordsArePutOnLists(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		ctx := access.AsSystem(t.Context(), "test")
		snap := &access.Snapshot{}
		control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: func() *metadata.Catalog { return catalog }}
		store := record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: changelog.New(db), Clock: clock.NewFake(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))})
		actions := action.New(control, store)
		marketing.Define(actions)
		write := func(do func(tx *record.Tx) error) error { return store.Write(ctx, do) }
		create := func(table string, row record.Row) (key id.ID) {
			t.Helper()
			def, _ := catalog.Table(table)
			if err := write(func(tx *record.Tx) error {
				made, err := tx.Create(ctx, table, row)
				key = made.ID(def.ID)
				return err
			}); err != nil {
				t.Fatal(table, err)
			}
			return key
		}
		unit := create("businessunit", record.Row{"name": "Head Office"})
		create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit})
		var err error
		if snap, err = access.Load(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		contact := create("contact", record.Row{"lastname": "Keller", "fullname": "Mia Keller"})
		list := func(more record.Row) id.ID {
			row := record.Row{"listname": "Autumn letter", "createdfromcode": int64(2)}
			for k, v := range more {
				row[k] = v
			}
			return create("list", row)
		}
		put := func(to id.ID) error {
			return write(func(tx *record.Tx) error {
				_, err := actions.CallIn(ctx, tx, "rpt_AddContactToList", contact, map[string]any{"List": map[string]any{"LogicalName": "list", "Id": to.String()}})
				return err
			})
		}
		good := list(nil)
		for range 2 { // the second time it is there already
			if err := put(good); err != nil {
				t.Fatal(err)
			}
		}
		for want, to := range map[string]id.ID{
			"marketing.member_table": list(record.Row{"createdfromcode": int64(4)}), "marketing.list_dynamic": list(record.Row{"type": true}),
			"marketing.list_locked": list(record.Row{"lockstatus": true}), "marketing.list_inactive": list(record.Row{"statecode": int64(1), "statuscode": int64(1)}),
		} {
			if err := put(to); errs.CodeOf(err) != want {
				t.Errorf("%s: %v", want, err)
			}
		}
		page, err := store.Find(ctx, query.Query{Table: "listmember"})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].Text("rpt_name") != "Mia Keller" || page.Rows[0].ID("listid") != good || page.Rows[0].ID("entityid") != contact || page.Rows[0].Text("entityidtype") != "contact" {
			t.Errorf("%v, %v", page.Rows, err)
		}
		counted := func(ctx context.Context) (row record.Row, err error) {
			err = store.Write(ctx, func(tx *record.Tx) (err error) {
				row, err = tx.CalculateRollup(ctx, "list", good, "membercount")
				return err
			})
			return row, err
		}
		if row, err := counted(ctx); err != nil || row.Int("membercount") != 1 {
			t.Errorf("%v members, %v", row["membercount"], err)
		}
	})
}
