package worklist_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/party"
	"github.com/rapport-platform/rapport/internal/commons/sla"
	"github.com/rapport-platform/rapport/internal/commons/worklist"
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

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// env is a unit with sella and otto, who own leads and opportunities, and nora,
// who may read leads and no activities.
type env struct {
	t                       *testing.T
	ctx                     context.Context
	store                   *record.Store
	actions                 *action.Registry
	clock                   *clock.Fake
	snap                    atomic.Pointer[access.Snapshot]
	unit, sella, otto, nora id.ID
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, ctx: access.AsSystem(t.Context(), "test"), clock: clock.NewFake(now)}
		e.reload(db)
		log := changelog.New(db)
		of := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: e.snap.Load, Catalog: of}
		e.store = record.New(record.Options{DB: db, Catalog: of, Access: control, Log: log, Clock: e.clock})
		e.store.AddHook(party.FullName("lead"))
		e.store.AddHooks(sla.Contact(func() *sla.Terms { return &sla.Terms{} }, of, e.clock))
		e.actions = action.New(control, e.store)
		(&worklist.Service{Catalog: of, Clock: e.clock}).Define(e.actions)
		e.unit = e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
		work := []string{"lead", "opportunity", "activitypointer", "task", "phonecall", "appointment"}
		e.sella, e.otto, e.nora = e.user("sella", work), e.user("otto", work), e.user("nora", []string{"lead"})
		e.reload(db)
		run(t, e)
	})
}

func (e *env) reload(db *sqldb.DB) {
	e.t.Helper()
	snap, err := access.Load(e.t.Context(), db)
	if err != nil {
		e.t.Fatal(err)
	}
	e.snap.Store(snap)
}

func (e *env) user(name string, tables []string) id.ID {
	u := e.create("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": e.unit}).ID("systemuserid")
	r := e.create("role", record.Row{"name": name}).ID("roleid")
	e.create("systemuserroles", record.Row{"systemuserid": u, "roleid": r})
	for _, table := range tables {
		for _, right := range access.Rights() {
			e.create("roleprivileges", record.Row{"roleid": r, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(access.Basic)})
		}
	}
	return u
}

func (e *env) as(user id.ID) context.Context {
	return access.With(e.t.Context(), access.Principal{Kind: access.User, ID: user})
}

func (e *env) create(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	if err := e.store.Write(e.ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(e.ctx, table, row); return err }); err != nil {
		e.t.Fatalf("%s: %v", table, err)
	}
	return out
}

// lead makes a lead of somebody.
func (e *env) lead(owner id.ID, name string, score int64, more record.Row) id.ID {
	e.t.Helper()
	row := record.Row{"lastname": name, "msdyn_leadscore": score, "ownerid": owner, "owneridtype": "systemuser"}
	for k, v := range more {
		row[k] = v
	}
	return e.create("lead", row).ID("leadid")
}

// step makes an activity about a record; due nil is without a date.
func (e *env) step(kind string, owner id.ID, table string, about id.ID, subject string, due any) id.ID {
	e.t.Helper()
	return e.create(kind, record.Row{"subject": subject, "scheduledend": due, "regardingobjectid": about, "regardingobjectidtype": table, "ownerid": owner, "owneridtype": "systemuser"}).ID("activityid")
}

func (e *env) list(who id.ID, body map[string]any) (items []worklist.Item, total int64) {
	e.t.Helper()
	out, err := e.actions.Call(e.as(who), "rpt_RetrieveWorkList", id.Nil, body)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out["Items"].(string)), &items); err != nil {
		e.t.Fatal(err)
	}
	if _, err := fmt.Sscan(fmt.Sprint(out["Total"]), &total); err != nil {
		e.t.Fatal(err)
	}
	return items, total
}

// told writes a list as text: name, why, and step of each.
func told(items []worklist.Item) string {
	var lines []string
	for _, i := range items {
		step := "-"
		if i.Step != nil {
			step = i.Step.Subject + i.Step.Column
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", i.Name, i.Why, step))
	}
	return strings.Join(lines, "; ")
}

func TestTheOrderOfWork(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		at := func(d time.Duration) time.Time { return now.Add(d) }
		low := e.lead(e.sella, "Low", 20, nil)
		e.step("phonecall", e.sella, "lead", low, "Ring back", at(-48*time.Hour))
		e.step("task", e.sella, "lead", low, "Later", at(48*time.Hour))
		high := e.lead(e.sella, "High", 90, record.Row{"rpt_contactdueon": at(-time.Hour)})
		e.step("task", e.sella, "lead", high, "Write", at(3*time.Hour))
		met := e.lead(e.sella, "Met", 95, record.Row{"rpt_contactdueon": at(-2 * time.Hour), "rpt_contactedon": at(-3 * time.Hour)})
		e.step("phonecall", e.sella, "lead", met, "Next week", at(7*24*time.Hour))
		evening, noon := e.lead(e.sella, "Evening", 80, nil), e.lead(e.sella, "Noon", 30, nil)
		e.step("task", e.sella, "lead", evening, "At six", at(8*time.Hour))
		e.step("appointment", e.sella, "lead", noon, "At noon", at(2*time.Hour))
		e.lead(e.sella, "Rising", 60, record.Row{"msdyn_leadscoretrend": int64(0)})
		e.lead(e.sella, "Steady", 60, record.Row{"msdyn_leadscoretrend": int64(1)})
		some := e.lead(e.sella, "Someday", 70, nil)
		e.step("task", e.sella, "lead", some, "Some day", nil)
		e.create("opportunity", record.Row{"name": "Stuck", "rpt_stalledon": at(-72 * time.Hour), "closeprobability": int64(50), "ownerid": e.sella, "owneridtype": "systemuser"})
		// None of these is hers, open, or a step.
		e.lead(e.otto, "Otto's", 99, record.Row{"rpt_contactdueon": at(-time.Hour)})
		e.lead(e.sella, "Closed", 99, record.Row{"statecode": int64(2), "statuscode": int64(4), "rpt_contactdueon": at(-time.Hour)})
		quiet := e.lead(e.sella, "Quiet", 10, nil)
		done := e.step("task", e.sella, "lead", quiet, "Done", at(-time.Hour))
		if err := e.store.Write(e.ctx, func(tx *record.Tx) error {
			_, err := tx.Update(e.ctx, "task", done, record.Row{"statecode": int64(1)}, record.Match{})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		e.step("task", e.otto, "lead", quiet, "Of a colleague", at(-time.Hour))

		until := map[string]any{"Until": "2026-11-24T00:00:00Z"}
		items, total := e.list(e.sella, until)
		want := "High overdue rpt_contactdueon; Low overdue Ring back; Noon today At noon; Evening today At six; Stuck stalled -; " +
			"Someday unplanned Some day; Rising unplanned -; Steady unplanned -; Quiet unplanned -; Met later Next week"
		if got := told(items); got != want || total != 10 {
			t.Errorf("%d in all:\n got %s\nwant %s", total, got, want)
		}
		if items[0].Steps != 2 || items[1].Steps != 2 || *items[0].Rank != 90 || items[1].Step.Table != "phonecall" || items[4].Stalled == nil {
			t.Errorf("%+v", items[:5])
		}
		// The day ends when the person's does.
		if items, _ = e.list(e.sella, map[string]any{"Until": "2026-11-23T17:00:00Z", "Table": "lead"}); told(items[1:4]) != "Low overdue Ring back; Noon today At noon; Someday unplanned Some day" || told(items[len(items)-2:]) != "Evening later At six; Met later Next week" {
			t.Errorf("%s", told(items))
		}
		if items, total = e.list(e.sella, map[string]any{"Top": int64(2)}); len(items) != 2 || total != 10 {
			t.Errorf("%d of %d", len(items), total)
		}
		if items, _ = e.list(e.otto, until); told(items) != "Otto's overdue rpt_contactdueon" {
			t.Errorf("otto: %s", told(items))
		}
		// Who may read no activities and no opportunities has the deadlines of leads.
		e.lead(e.nora, "Nora's", 5, record.Row{"rpt_contactdueon": at(time.Hour)})
		if items, _ = e.list(e.nora, until); told(items) != "Nora's today rpt_contactdueon" {
			t.Errorf("nora: %s", told(items))
		}
		if _, err := e.actions.Call(e.as(e.sella), "rpt_RetrieveWorkList", id.Nil, map[string]any{"Table": "account"}); errs.CodeOf(err) != "worklist.table" {
			t.Error(err)
		}
		if _, err := e.actions.Call(e.ctx, "rpt_RetrieveWorkList", id.Nil, nil); errs.CodeOf(err) != "worklist.person" {
			t.Error(err)
		}
	})
}

// Of very many records the ones to be worked first are found, whatever finds them.
func TestAmongVeryMany(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		rows := make([]record.Row, 450)
		for i := range rows {
			rows[i] = record.Row{"lastname": fmt.Sprint("L", i), "msdyn_leadscore": int64(50), "ownerid": e.sella, "owneridtype": "systemuser"}
		}
		if err := e.store.Write(e.ctx, func(tx *record.Tx) error { _, err := tx.CreateMany(e.ctx, "lead", rows); return err }); err != nil {
			t.Fatal(err)
		}
		due := e.lead(e.sella, "Due", 1, nil)
		e.step("task", e.sella, "lead", due, "Now", now.Add(-time.Minute))
		e.lead(e.sella, "First", 2, record.Row{"rpt_contactdueon": now.Add(-time.Minute)})
		e.lead(e.sella, "Stuck", 3, record.Row{"rpt_stalledon": now.Add(-time.Hour)})
		e.lead(e.sella, "Best", 100, nil)
		items, total := e.list(e.sella, nil)
		if got := told(items[:4]); got != "First overdue rpt_contactdueon; Due overdue Now; Stuck stalled -; Best unplanned -" || total != 454 || len(items) != worklist.DefaultTop {
			t.Errorf("%d of %d: %s", len(items), total, got)
		}
	})
}

func TestStepsAreDone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		lead := e.lead(e.sella, "A", 50, record.Row{"rpt_contactdueon": now.Add(time.Hour)})
		other := e.lead(e.sella, "B", 40, nil)
		task := e.step("task", e.sella, "lead", lead, "Papers", now.Add(2*time.Hour))
		target := map[string]any{"LogicalName": "lead", "Id": lead.String()}
		do := func(who id.ID, body map[string]any) error {
			body["Target"] = target
			_, err := e.actions.Call(e.as(who), "rpt_CompleteStep", id.Nil, body)
			return err
		}
		activities := func() (out []string) {
			page, err := e.store.Find(e.ctx, query.Query{Table: "activitypointer", Where: query.Compare{Left: query.Path{"regardingobjectid"}, Value: lead}})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Rows {
				out = append(out, fmt.Sprintf("%s %s %d", row.Text("activitytypecode"), row.Text("subject"), row.Int("statecode")))
			}
			slices.Sort(out)
			return out
		}
		// A call is noted: that was the first contact, and a step follows.
		if err := do(e.sella, map[string]any{"Subject": "Rang", "Note": "Wants more", "Next": "phonecall", "NextText": "Ring again", "NextDue": "2026-11-25T09:00:00Z"}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(activities(), ", "); got != "phonecall Rang 1, phonecall Ring again 0, task Papers 0" {
			t.Errorf("%s", got)
		}
		row, err := e.store.Get(e.ctx, "lead", lead, nil, nil)
		if err != nil || row["rpt_contactedon"] == nil {
			t.Errorf("no first contact: %v", err)
		}
		// What can't be noted leaves nothing behind.
		bad := map[string]map[string]any{
			"worklist.step": {"Subject": "x", "Next": "email", "NextText": "y", "NextDue": "2026-11-25T09:00:00Z"},
			"not_found":     {"Activity": map[string]any{"LogicalName": "task", "Id": id.New().String()}},
		}
		for code, body := range bad {
			if err := do(e.sella, body); err == nil || code == "worklist.step" && errs.CodeOf(err) != code {
				t.Errorf("%s: %v", code, err)
			}
		}
		for _, body := range []map[string]any{{}, {"Subject": " "}, {"Subject": "x", "Next": "task"}, {"Subject": "x", "Next": "task", "NextText": "y"}} {
			if err := do(e.sella, body); errs.CodeOf(err) != "worklist.step" {
				t.Errorf("%v: %v", body, err)
			}
		}
		foreign := e.step("task", e.sella, "lead", other, "About B", now)
		if err := do(e.sella, map[string]any{"Activity": map[string]any{"LogicalName": "task", "Id": foreign.String()}}); errs.CodeOf(err) != "worklist.step" {
			t.Errorf("an activity about another record: %v", err)
		}
		if err := do(e.otto, map[string]any{"Activity": map[string]any{"LogicalName": "task", "Id": task.String()}}); err == nil {
			t.Error("otto closes what is not his")
		}
		if err := do(e.sella, map[string]any{"Activity": map[string]any{"LogicalName": "task", "Id": task.String()}, "Note": "All there"}); err != nil {
			t.Fatal(err)
		}
		if err := do(e.sella, map[string]any{"Activity": map[string]any{"LogicalName": "task", "Id": task.String()}}); errs.CodeOf(err) != "worklist.done" {
			t.Errorf("done twice: %v", err)
		}
		if got := strings.Join(activities(), ", "); got != "phonecall Rang 1, phonecall Ring again 0, task Papers 1" {
			t.Errorf("%s", got)
		}
		row, err = e.store.Get(e.ctx, "task", task, nil, nil)
		if err != nil || row.Text("description") != "All there" || row["actualend"] == nil {
			t.Errorf("%v %v", err, row)
		}
	})
}
