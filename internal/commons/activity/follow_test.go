package activity_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/activity"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// Followers learn of what others change, note and add, once a record until they
// have read it; not of what they do themselves, nor of what they may not read.
func TestFollowersAreTold(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		var snap *access.Snapshot
		current := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: current}
		fake := clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
		log := changelog.New(db)
		store := record.New(record.Options{DB: db, Catalog: current, Access: control, Log: log, Clock: fake})
		store.AddHook(activity.Follows())
		system := access.AsSystem(t.Context(), "test")
		reload := func() {
			t.Helper()
			s, err := access.Load(system, db)
			if err != nil {
				t.Fatal(err)
			}
			snap = s
		}
		reload()
		create := func(ctx context.Context, table string, row record.Row) (out record.Row) {
			t.Helper()
			if err := store.Write(ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(ctx, table, row); return err }); err != nil {
				t.Fatal(table, err)
			}
			return out
		}
		change := func(ctx context.Context, table string, key id.ID, row record.Row) {
			t.Helper()
			if err := store.Write(ctx, func(tx *record.Tx) error { _, err := tx.Update(ctx, table, key, row, record.Match{}); return err }); err != nil {
				t.Fatal(table, err)
			}
		}
		unit := create(system, "businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		create(system, "systemuser", record.Row{"systemuserid": access.SystemUser, "domainname": "system", "businessunitid": unit})
		reload()
		role := create(system, "role", record.Row{"name": "Readers"}).ID("roleid")
		for _, table := range []string{"account", "annotation", "task", "activitypointer"} {
			for _, right := range []access.Right{access.Read, access.Write, access.Create, access.Append, access.AppendTo} {
				create(system, "roleprivileges", record.Row{"roleid": role, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(access.Global)})
			}
		}
		user := func(name, lang string, roles ...id.ID) (id.ID, context.Context) {
			who := create(system, "systemuser", record.Row{"domainname": strings.ToLower(name), "firstname": name, "fullname": name, "businessunitid": unit, "rpt_language": lang}).ID("systemuserid")
			for _, r := range roles {
				create(system, "systemuserroles", record.Row{"systemuserid": who, "roleid": r})
			}
			return who, access.With(t.Context(), access.Principal{Kind: access.User, ID: who})
		}
		anna, annas := user("Anna", "en", role)
		_, bens := user("Ben", "en", role)
		dora, _ := user("Dora", "de", role)
		outsider, _ := user("Otto", "en")
		reload()
		account := create(system, "account", record.Row{"name": "Glass Harbour"}).ID("accountid")
		follower := (&activity.Followers{DB: db, Store: store, Log: log, Catalog: current, Language: control.Language, Clock: fake, Logger: slog.New(slog.DiscardHandler)}).Follower()
		step := func() {
			t.Helper()
			if _, err := log.Through(t.Context()); err != nil {
				t.Fatal(err)
			}
			for {
				n, err := follower.Step(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					return
				}
			}
		}
		step()
		for _, who := range []id.ID{anna, dora, outsider} {
			row := create(system, "postfollow", record.Row{"regardingobjectid": account, metadata.TypeColumn("regardingobjectid"): "account", "ownerid": who, "owneridtype": "systemuser"})
			if row.Text("regardingobjectidname") != "Glass Harbour" {
				t.Errorf("the follow is named %q", row.Text("regardingobjectidname"))
			}
		}
		bodies := func(who id.ID) (out []string) {
			t.Helper()
			page, err := store.Find(system, query.Query{Table: "appnotification", Where: query.Compare{Left: query.Path{"ownerid"}, Value: who}, Order: []query.Order{{Column: "createdon"}}})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Rows {
				if row.Text("title") != "Glass Harbour" || row.ID("rpt_regardingid") != account {
					t.Errorf("a notification is about %v %v", row["title"], row["rpt_regardingid"])
				}
				out = append(out, row.Text("body"))
			}
			return out
		}
		told := func(who id.ID, want ...string) {
			t.Helper()
			if got := bodies(who); strings.Join(got, " | ") != strings.Join(want, " | ") {
				t.Errorf("told %q, want %q", got, want)
			}
		}

		change(bens, "account", account, record.Row{"telephone1": "+41 44 000 00 00"})
		change(annas, "account", account, record.Row{"description": "Mine"}) // of her own doing she is not told
		change(system, "account", account, record.Row{"description": "The platform's"})
		step()
		told(anna, "Ben changed Main Phone")
		told(dora, "Ben hat geändert: Telefon\nAnna hat geändert: Beschreibung")
		told(outsider)

		create(bens, "annotation", record.Row{"notetext": "<p>Called <b>twice</b></p>", "objectid": account, metadata.TypeColumn("objectid"): "account"})
		create(bens, "task", record.Row{"subject": "Send the offer", "regardingobjectid": account, metadata.TypeColumn("regardingobjectid"): "account"})
		step()
		told(anna, "Ben changed Main Phone\nBen noted: Called twice\nBen added: Send the offer")

		// Once read, what comes next is a notification of its own.
		page, err := store.Find(system, query.Query{Table: "appnotification", Where: query.Compare{Left: query.Path{"ownerid"}, Value: anna}})
		if err != nil || len(page.Rows) != 1 {
			t.Fatal(len(page.Rows), err)
		}
		change(system, "appnotification", page.Rows[0].ID("appnotificationid"), record.Row{"rpt_readon": fake.Now()})
		fake.Advance(time.Minute)
		change(bens, "account", account, record.Row{"name": "Glass Harbour", "telephone1": nil})
		step()
		told(anna, "Ben changed Main Phone\nBen noted: Called twice\nBen added: Send the offer", "Ben changed Main Phone")
	})
}
