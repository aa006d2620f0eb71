package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/action/builtin"
	"github.com/rapport-platform/rapport/internal/platform/audit"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// env is an organisation with the actions of the package.
type env struct {
	t       *testing.T
	db      *sqldb.DB
	log     *changelog.Log
	clock   *clock.Fake
	store   *record.Store
	actions *action.Registry
	snap    *access.Snapshot
	unit    id.ID
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(t, newEnv(t, db, catalog)) })
}

func newEnv(t *testing.T, db *sqldb.DB, catalog *metadata.Catalog) *env {
	e := &env{t: t, db: db, clock: clock.NewFake(start), log: changelog.New(db)}
	control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
	e.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: e.log, Clock: e.clock})
	e.actions = action.New(control, e.store)
	builtin.New(builtin.Options{Store: e.store, Access: control, Log: e.log, Clock: e.clock}).Define(e.actions)
	audit.New(audit.Options{Store: e.store, Access: control, Log: e.log, Clock: e.clock}).Define(e.actions)
	e.reload()
	e.unit = e.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	e.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
	e.reload()
	return e
}

func (e *env) reload() {
	e.t.Helper()
	var err error
	if e.snap, err = access.Load(e.t.Context(), e.db); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) system() context.Context { return access.AsSystem(e.t.Context(), "test") }

func as(ctx context.Context, user id.ID) context.Context {
	return access.With(ctx, access.Principal{Kind: access.User, ID: user})
}

func (e *env) must(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	ctx := e.system()
	if err := e.store.Write(ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(ctx, table, row); return err }); err != nil {
		e.t.Fatal(table, err)
	}
	return out
}

// set changes a row a minute later.
func (e *env) set(table string, key id.ID, row record.Row) {
	e.t.Helper()
	e.clock.Advance(time.Minute)
	ctx := e.system()
	if err := e.store.Write(ctx, func(tx *record.Tx) error { _, err := tx.Update(ctx, table, key, row, record.Match{}); return err }); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) delete(table string, key id.ID) {
	e.t.Helper()
	e.clock.Advance(time.Minute)
	ctx := e.system()
	if err := e.store.Write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, table, key, record.Match{}) }); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) get(table string, key id.ID) record.Row {
	e.t.Helper()
	row, err := e.store.Get(e.system(), table, key, nil, nil)
	if err != nil {
		e.t.Fatal(table, err)
	}
	return row
}

// user makes a user with rights of a depth on tables and with general privileges.
func (e *env) user(name string, depth access.Depth, rights []access.Right, tables []string, general ...string) id.ID {
	e.t.Helper()
	user := e.must("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": e.unit}).ID("systemuserid")
	role := e.must("role", record.Row{"name": "role of " + name}).ID("roleid")
	e.must("systemuserroles", record.Row{"systemuserid": user, "roleid": role})
	for _, table := range tables {
		for _, right := range rights {
			e.must("roleprivileges", record.Row{"roleid": role, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(depth)})
		}
	}
	for _, g := range general {
		e.must("roleprivileges", record.Row{"roleid": role, "rpt_table": g, "accessright": int64(access.General), "privilegedepthmask": int64(access.Global)})
	}
	e.reload()
	return user
}

func (e *env) call(ctx context.Context, name string, in map[string]any) (map[string]any, error) {
	return e.actions.Call(ctx, name, id.Nil, in)
}

// change gives the audit id of a record's n-th newest change.
func (e *env) change(table string, key id.ID, n int) id.ID {
	e.t.Helper()
	list, err := e.log.History(e.t.Context(), table, key, 0, n+1)
	if err != nil || len(list) <= n {
		e.t.Fatalf("%d changes, %v", len(list), err)
	}
	return builtin.AuditID(list[n].Seq)
}

func lead(key id.ID) map[string]any {
	return map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.lead", "leadid": key.String()}
}

func TestAChangeIsTakenBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		rights := []access.Right{access.Read, access.Write}
		clerk := e.user("clerk", access.Global, rights, []string{"lead"}, access.ReadRecordHistory)
		reader := e.user("reader", access.Global, rights[:1], []string{"lead"}, access.ReadRecordHistory)
		key := e.must("lead", record.Row{"lastname": "Lovelace", "jobtitle": "Analyst", "subject": "A loan"}).ID("leadid")
		e.set("lead", key, record.Row{"jobtitle": "Countess", "companyname": "Engines"})
		e.set("lead", key, record.Row{"companyname": "Looms"})
		e.set("lead", key, record.Row{"subject": "Two loans"})
		audited := e.change("lead", key, 2)
		in := map[string]any{"AuditId": audited.String()}

		_, err := e.call(as(t.Context(), clerk), "rpt_RevertChange", in)
		if errs.CodeOf(err) != "revert.overlap" || len(fields(err)) != 1 || fields(err)[0].Name != "companyname" {
			t.Fatalf("a later change overlaps: %v", err)
		}
		if _, err := e.call(as(t.Context(), reader), "rpt_RevertChange", map[string]any{"AuditId": audited.String(), "Overwrite": true}); !errs.Has(err, errs.Forbidden) && !errs.Has(err, errs.Conflict) {
			t.Fatalf("who may not write takes a change back: %v", err)
		}
		in["Columns"] = []any{"jobtitle"}
		out, err := e.call(as(t.Context(), clerk), "rpt_RevertChange", in)
		if err != nil {
			t.Fatal(err)
		}
		row := e.get("lead", key)
		if row.Text("jobtitle") != "Analyst" || row.Text("companyname") != "Looms" || row.Text("subject") != "Two loans" {
			t.Errorf("after %v: %v", out, row)
		}
		in["Columns"], in["Overwrite"] = []any{"companyname"}, true
		if _, err := e.call(as(t.Context(), clerk), "rpt_RevertChange", in); err != nil {
			t.Fatal(err)
		}
		if row := e.get("lead", key); row.Text("companyname") != "" {
			t.Errorf("overwritten: %v", row["companyname"])
		}
		last, err := e.log.History(t.Context(), "lead", key, 0, 1)
		if err != nil || !strings.HasPrefix(last[0].Origin, "revert "+audited.String()) || last[0].Actor != clerk {
			t.Errorf("the change says %+v, %v", last, err)
		}
		if _, err := e.call(as(t.Context(), clerk), "rpt_RevertChange", map[string]any{"AuditId": e.change("lead", key, 5).String()}); errs.CodeOf(err) != "revert.operation" {
			t.Errorf("a creation is taken back: %v", err)
		}
		if _, err := e.call(as(t.Context(), clerk), "rpt_RevertChange", map[string]any{"AuditId": id.New().String()}); !errs.Has(err, errs.NotFound) {
			t.Errorf("a change that there is not: %v", err)
		}
	})
}

func TestARecordAsItWas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		clerk := e.user("clerk", access.Global, []access.Right{access.Read, access.Write}, []string{"lead"}, access.ReadRecordHistory)
		e.clock.Advance(time.Hour)
		key := e.must("lead", record.Row{"lastname": "Lovelace", "jobtitle": "Analyst"}).ID("leadid")
		made := e.clock.Now()
		e.set("lead", key, record.Row{"jobtitle": "Countess", "companyname": "Engines"})
		second := e.clock.Now()
		e.set("lead", key, record.Row{"companyname": nil, "lastname": "King"})
		ctx := as(t.Context(), clerk)
		for at, want := range map[time.Time][3]string{
			made:                          {"Lovelace", "Analyst", ""},
			second.Add(-time.Microsecond): {"Lovelace", "Analyst", ""},
			second:                        {"Lovelace", "Countess", "Engines"},
			e.clock.Now():                 {"King", "Countess", ""},
		} {
			out, err := e.call(ctx, "rpt_RetrieveRecordAsOf", map[string]any{"Target": lead(key), "AsOf": at.Format(time.RFC3339Nano)})
			if err != nil {
				t.Fatal(err)
			}
			row := out["Record"].(odata.Typed).Row
			if got := [3]string{row.Text("lastname"), row.Text("jobtitle"), row.Text("companyname")}; got != want {
				t.Errorf("at %s: %v, want %v", at, got, want)
			}
		}
		if _, err := e.call(ctx, "rpt_RetrieveRecordAsOf", map[string]any{"Target": lead(key), "AsOf": made.Add(-time.Second).Format(time.RFC3339Nano)}); errs.CodeOf(err) != "audit.not_yet" {
			t.Errorf("before it was made: %v", err)
		}
		in := map[string]any{"Target": lead(key), "AsOf": second.Format(time.RFC3339Nano), "DryRun": true}
		out, err := e.call(ctx, "rpt_RevertRecord", in)
		if err != nil || len(out["Columns"].([]any)) != 2 {
			t.Fatalf("%v, %v", out, err)
		}
		if row := e.get("lead", key); row.Text("lastname") != "King" {
			t.Error("a dry run changes the record")
		}
		in["DryRun"] = false
		if _, err := e.call(ctx, "rpt_RevertRecord", in); err != nil {
			t.Fatal(err)
		}
		row := e.get("lead", key)
		if row.Text("lastname") != "Lovelace" || row.Text("companyname") != "Engines" || row.Text("fullname") != "" && row.Text("fullname") != "Lovelace" {
			t.Errorf("put back: %v", row)
		}
		// What has been cut is not guessed.
		if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec("DELETE FROM changelog WHERE version < 3 AND tablename = 'lead'")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.call(ctx, "rpt_RetrieveRecordAsOf", map[string]any{"Target": lead(key), "AsOf": made.Format(time.RFC3339Nano)}); errs.CodeOf(err) != "audit.too_far" {
			t.Errorf("the log is cut: %v", err)
		}
	})
}

// A record that is deleted can be looked at as it was before, by those who could
// have read it; so can one that was deleted and came back.
func TestADeletedRecordAsItWas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		clerk := e.user("clerk", access.Global, []access.Right{access.Read, access.Create}, []string{"lead"}, access.ReadRecordHistory)
		other := e.user("other", access.Basic, []access.Right{access.Read}, []string{"lead"}, access.ReadRecordHistory)
		e.clock.Advance(time.Hour)
		key := e.must("lead", record.Row{"lastname": "Lovelace", "jobtitle": "Analyst"}).ID("leadid")
		made := e.clock.Now()
		e.set("lead", key, record.Row{"jobtitle": "Countess", "companyname": "Engines"})
		second := e.clock.Now()
		e.delete("lead", key)
		gone := e.clock.Now()
		ctx := as(t.Context(), clerk)
		ask := func(ctx context.Context, at time.Time) (map[string]any, error) {
			return e.call(ctx, "rpt_RetrieveRecordAsOf", map[string]any{"Target": lead(key), "AsOf": at.Format(time.RFC3339Nano)})
		}
		want := func(when string) {
			t.Helper()
			for at, want := range map[time.Time][3]string{made: {"Lovelace", "Analyst", ""}, second: {"Lovelace", "Countess", "Engines"}, gone.Add(-time.Second): {"Lovelace", "Countess", "Engines"}} {
				out, err := ask(ctx, at)
				if err != nil {
					t.Errorf("%s, at %s: %v", when, at, err)
					continue
				}
				row := out["Record"].(odata.Typed).Row
				if got := [3]string{row.Text("lastname"), row.Text("jobtitle"), row.Text("companyname")}; got != want {
					t.Errorf("%s, at %s: %v, want %v", when, at, got, want)
				}
				if out["DeletedOn"] != nil != (when == "deleted") {
					t.Errorf("%s: deleted on %v", when, out["DeletedOn"])
				}
			}
			if _, err := ask(ctx, gone); errs.CodeOf(err) != "audit.deleted_then" {
				t.Errorf("%s, when it was deleted: %v", when, err)
			}
			if _, err := ask(ctx, made.Add(-time.Second)); errs.CodeOf(err) != "audit.not_yet" {
				t.Errorf("%s, before it was made: %v", when, err)
			}
			if _, err := ask(as(t.Context(), other), second); !errors.Is(err, record.ErrNotFound) {
				t.Errorf("%s: who could not have read it: %v", when, err)
			}
		}
		want("deleted")
		history := func(who id.ID) (map[string]any, error) {
			return e.call(as(t.Context(), who), "RetrieveRecordChangeHistory", map[string]any{"Target": lead(key)})
		}
		if out, err := history(clerk); err != nil || len(out["AuditDetailCollection"].(map[string]any)["AuditDetails"].([]any)) != 3 {
			t.Errorf("the history of a deleted record: %v, %v", out, err)
		}
		if _, err := history(other); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("the history of a deleted record of others: %v", err)
		}
		e.clock.Advance(time.Minute)
		if _, err := e.call(ctx, "rpt_Restore", map[string]any{"EntityLogicalName": "lead", "Id": key.String()}); err != nil {
			t.Fatal(err)
		}
		want("restored")
		e.set("lead", key, record.Row{"jobtitle": "Queen"})
		want("restored and changed")
		e.delete("lead", key)
		if out, err := ask(ctx, second); err != nil || out["Record"].(odata.Typed).Row.Text("jobtitle") != "Countess" {
			t.Errorf("deleted again: %v, %v", out, err)
		}
	})
}

func TestWhatWentTogetherComesBackTogether(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		all := []access.Right{access.Create, access.Read, access.Write, access.Delete, access.Append, access.AppendTo}
		boss := e.user("boss", access.Global, all, []string{"account", "contact", "task", "annotation"})
		other := e.user("other", access.Basic, all, []string{"account", "contact", "task", "annotation"})
		account := e.must("account", record.Row{"name": "Engines", "accountnumber": "4711"}).ID("accountid")
		contact := e.must("contact", record.Row{"lastname": "Lovelace", "parentcustomerid": account, "parentcustomeridtype": "account"}).ID("contactid")
		task := e.must("task", record.Row{"subject": "Call", "regardingobjectid": account, "regardingobjectidtype": "account"}).ID("activityid")
		before := e.get("account", account)
		staying := e.must("lead", record.Row{"lastname": "Byron", "parentaccountid": account}).ID("leadid")
		e.delete("account", account)
		for table, key := range map[string]id.ID{"contact": contact, "task": task} {
			if _, err := e.store.Get(e.system(), table, key, nil, nil); !errors.Is(err, record.ErrNotFound) {
				t.Fatalf("the case is not set up: the %s has stayed (%v)", table, err)
			}
		}
		if e.get("lead", staying).ID("parentaccountid") != id.Nil {
			t.Fatal("the case is not set up: the lead still leads to the account")
		}

		out, err := e.call(as(t.Context(), boss), "rpt_RetrieveRecycleBin", map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		rows := out["Rows"].([]any)
		if len(rows) != 1 || rows[0].(map[string]any)["Name"] != "Engines" || rows[0].(map[string]any)["Restorable"] != true {
			t.Fatalf("in the bin: %v", rows)
		}
		out, err = e.call(as(t.Context(), other), "rpt_RetrieveRecycleBin", map[string]any{})
		if err != nil || len(out["Rows"].([]any)) != 0 {
			t.Errorf("who could not read it sees it in the bin: %v, %v", out, err)
		}
		in := map[string]any{"EntityLogicalName": "account", "Id": account.String()}
		if _, err := e.call(as(t.Context(), other), "rpt_Restore", in); !errs.Has(err, errs.Forbidden) {
			t.Errorf("who may not make it brings it back: %v", err)
		}
		if out, err = e.call(as(t.Context(), boss), "rpt_Restore", in); err != nil {
			t.Fatal(err)
		}
		row := e.get("account", account)
		if row.Text("name") != "Engines" || row.Version() <= before.Version() || row["createdon"] != before["createdon"] || row.ID("ownerid") != before.ID("ownerid") {
			t.Errorf("came back as %v", row)
		}
		if back := e.get("contact", contact); back.ID("parentcustomerid") != account {
			t.Errorf("the contact came back as %v", back)
		}
		if back := e.get("task", task); back.ID("regardingobjectid") != account {
			t.Errorf("the task came back as %v", back)
		}
		if base := e.get("activitypointer", task); base.Text("activitytypecode") != "task" {
			t.Errorf("the task's base row: %v", base)
		}
		if back := e.get("lead", staying); back.ID("parentaccountid") != account {
			t.Errorf("the lead leads to %v", back["parentaccountid"])
		}
		if out["Restored"] != json.Number("3") && out["Restored"] != 3 && out["Restored"] != float64(3) || len(out["Kept"].([]any)) != 0 {
			t.Errorf("told %v", out)
		}
		if _, err := e.call(as(t.Context(), boss), "rpt_Restore", in); errs.CodeOf(err) != "restore.not_found" {
			t.Errorf("a second time: %v", err)
		}
	})
}

func TestWhatKeepsARecordFromComingBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		restore := func(table string, key id.ID, clear bool) (map[string]any, error) {
			return e.call(e.system(), "rpt_Restore", map[string]any{"EntityLogicalName": table, "Id": key.String(), "ClearMissing": clear})
		}
		parent := e.must("account", record.Row{"name": "Parent"}).ID("accountid")
		child := e.must("account", record.Row{"name": "Child", "parentaccountid": parent}).ID("accountid")
		e.delete("account", child)
		e.delete("account", parent)
		_, err := restore("account", child, false)
		if errs.CodeOf(err) != "restore.parent_gone" || len(fields(err)) != 1 || fields(err)[0].Name != "account.parentaccountid" {
			t.Fatalf("the parent is gone: %v", err)
		}
		out, err := restore("account", child, true)
		if err != nil || len(out["Cleared"].([]any)) != 1 {
			t.Fatalf("with empty links: %v, %v", out, err)
		}
		if row := e.get("account", child); row.ID("parentaccountid") != id.Nil {
			t.Errorf("the link stayed: %v", row)
		}
		// Made anew under the same id.
		e.must("account", record.Row{"accountid": parent, "name": "Parent again"})
		if _, err := restore("account", parent, false); errs.CodeOf(err) != "restore.there" {
			t.Errorf("it is there already: %v", err)
		}
		// Its alternate key is taken.
		source := e.must("transactioncurrency", record.Row{"currencyname": "Euro", "isocurrencycode": "EUR", "currencysymbol": "€", "exchangerate": 1, "currencyprecision": 2}).ID("transactioncurrencyid")
		e.delete("transactioncurrency", source)
		e.must("transactioncurrency", record.Row{"currencyname": "Euro", "isocurrencycode": "EUR", "currencysymbol": "€", "exchangerate": 1, "currencyprecision": 2})
		if _, err := restore("transactioncurrency", source, false); errs.CodeOf(err) != "restore.key_taken" || len(fields(err)) == 0 {
			t.Errorf("its key is taken: %v", err)
		}
	})
}

func fields(err error) []errs.Field {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}
