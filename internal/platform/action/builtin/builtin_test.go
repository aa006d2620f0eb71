package builtin_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action/builtin"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func TestAssignAndSetState(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		user, _ := e.user("user", holding{[]string{"lead"}, every, access.Basic})
		lead := e.must("lead", record.Row{"lastname": "Berg"}).ID("leadid")
		if _, err := e.call(as(t.Context(), user), "Assign", id.Nil, map[string]any{"Target": ref("lead", lead), "Assignee": ref("systemuser", user)}); !errs.Has(err, errs.NotFound) {
			t.Errorf("takes what it can't see: %v", err)
		}
		if _, err := e.call(e.system(), "Assign", id.Nil, map[string]any{"Target": ref("lead", lead), "Assignee": ref("systemuser", user)}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.call(as(t.Context(), user), "SetState", id.Nil, map[string]any{"EntityMoniker": ref("lead", lead), "State": 2, "Status": 5}); err != nil {
			t.Fatal(err)
		}
		row, err := e.store.Get(e.system(), "lead", lead, nil, nil)
		if err != nil || row.ID("ownerid") != user || row.Int("statecode") != 2 || row.Int("statuscode") != 5 {
			t.Errorf("%v %v", row, err)
		}
		for name, body := range map[string]map[string]any{"no pair": {"EntityMoniker": ref("lead", lead), "State": 0, "Status": 5}, "no state": {"EntityMoniker": ref("team", id.New()), "State": 0, "Status": -1}} {
			if _, err := e.call(e.system(), "SetState", id.Nil, body); !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestHistory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		user, role := e.user("user", holding{[]string{"lead"}, every, access.Basic})
		lead := e.must("lead", record.Row{"lastname": "Berg", "ownerid": user, "owneridtype": "systemuser", "budgetamount": 5}).ID("leadid")
		ctx := as(t.Context(), user)
		for _, name := range []string{"B", "C", "D"} {
			err := e.store.Write(ctx, func(tx *record.Tx) error {
				_, err := tx.Update(ctx, "lead", lead, record.Row{"lastname": name}, record.Match{})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		body := map[string]any{"Target": ref("lead", lead)}
		if _, err := e.call(ctx, "RetrieveRecordChangeHistory", id.Nil, body); !errs.Has(err, errs.Forbidden) {
			t.Errorf("without the privilege: %v", err)
		}
		e.general(role, access.ReadRecordHistory)
		read := func(name string, body map[string]any) (list []any, all map[string]any) {
			t.Helper()
			out, err := e.call(ctx, name, id.Nil, body)
			if err != nil {
				t.Fatal(err)
			}
			all = out["AuditDetailCollection"].(map[string]any)
			return all["AuditDetails"].([]any), all
		}
		list, _ := read("RetrieveRecordChangeHistory", body)
		newest := list[0].(map[string]any)
		after, before := newest["NewValue"].(odata.Typed), newest["OldValue"].(odata.Typed)
		if len(list) != 4 || after.Row.Text("lastname") != "D" || before.Row.Text("lastname") != "C" || list[3].(map[string]any)["OldValue"] != nil {
			t.Errorf("%d: %v %v", len(list), after, before)
		}
		if list, _ := read("RetrieveAttributeChangeHistory", map[string]any{"Target": ref("lead", lead), "AttributeLogicalName": "budgetamount"}); len(list) != 1 {
			t.Errorf("of one column %d", len(list))
		}
		page, all := read("RetrieveRecordChangeHistory", map[string]any{"Target": ref("lead", lead), "PagingInfo": map[string]any{"Count": 3}})
		rest, end := read("RetrieveRecordChangeHistory", map[string]any{"Target": ref("lead", lead), "PagingInfo": map[string]any{"Count": 3, "PagingCookie": all["PagingCookie"]}})
		if len(page) != 3 || all["MoreRecords"] != true || len(rest) != 1 || end["MoreRecords"] != false {
			t.Errorf("pages of %d and %d", len(page), len(rest))
		}
		key := newest["AuditRecord"].(map[string]any)["auditid"]
		out, err := e.call(ctx, "RetrieveAuditDetails", id.Nil, map[string]any{"AuditId": key})
		if err != nil || out["AuditDetail"].(map[string]any)["NewValue"].(odata.Typed).Row.Text("lastname") != "D" {
			t.Errorf("%v %v", out, err)
		}
		stranger, strangers := e.user("stranger", holding{[]string{"lead"}, every, access.Basic})
		e.general(strangers, access.ReadRecordHistory)
		for name, body := range map[string]map[string]any{"RetrieveRecordChangeHistory": body, "RetrieveAuditDetails": {"AuditId": key}} {
			if _, err := e.call(as(t.Context(), stranger), name, id.Nil, body); !errs.Has(err, errs.NotFound) {
				t.Errorf("%s of a record that is not seen: %v", name, err)
			}
		}
		if _, err := e.call(ctx, "RetrieveAuditDetails", id.Nil, map[string]any{"AuditId": id.New().String()}); !errs.Has(err, errs.NotFound) {
			t.Errorf("no such change: %v", err)
		}
	})
}

func TestCountsAndOrganisation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		user, _ := e.user("user", holding{[]string{"lead"}, every, access.Basic})
		e.must("lead", record.Row{"lastname": "A"})
		e.must("lead", record.Row{"lastname": "B", "ownerid": user, "owneridtype": "systemuser"})
		out, err := e.call(as(t.Context(), user), "RetrieveTotalRecordCount", id.Nil, map[string]any{"EntityNames": []any{"lead"}})
		counts, _ := out["EntityRecordCountCollection"].(map[string]any)
		if err != nil || counts["Keys"].([]any)[0] != "lead" || counts["Values"].([]any)[0] != json.Number("1") {
			t.Errorf("%v %v", out, err)
		}
		if _, err := e.call(as(t.Context(), user), "RetrieveTotalRecordCount", id.Nil, map[string]any{"EntityNames": []any{"account"}}); !errs.Has(err, errs.Forbidden) {
			t.Errorf("without the right: %v", err)
		}
		if out, err := e.call(as(t.Context(), user), "RetrieveVersion", id.Nil, nil); err != nil || out["Version"] != builtin.WebAPIVersion {
			t.Errorf("%v %v", out, err)
		}
		if out, err := e.call(as(t.Context(), user), "RetrieveCurrentOrganization", id.Nil, map[string]any{"AccessType": "Default"}); err != nil || out["Detail"].(map[string]any)["State"] != "Enabled" {
			t.Errorf("%v %v", out, err)
		}
	})
}

func TestInitializeFrom(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		pair := e.must("entitymap", record.Row{"sourceentityname": "lead", "targetentityname": "opportunity"}).ID("entitymapid")
		for i, m := range [][2]string{{"subject", "name"}, {"companyname", "name"}, {"leadid", "originatingleadid"}, {"ownerid", "ownerid"}, {"budgetamount", "budgetamount"}, {"shoesize", "description"}} {
			e.must("attributemap", record.Row{"entitymapid": pair, "sourceattributename": m[0], "targetattributename": m[1], "rpt_order": i})
		}
		user, _ := e.user("user", holding{[]string{"lead"}, every, access.Basic})
		lead := e.must("lead", record.Row{"lastname": "Berg", "companyname": "Berg Ltd", "budgetamount": 5, "ownerid": user, "owneridtype": "systemuser"}).ID("leadid")
		body := map[string]any{"EntityMoniker": ref("lead", lead), "TargetEntityName": "opportunity", "TargetFieldType": "ValidForCreate"}
		out, err := e.call(as(t.Context(), user), "InitializeFrom", id.Nil, body)
		row := out[odata.EntityResult].(odata.Typed).Row
		if err != nil || row.Text("name") != "Berg Ltd" || row.ID("originatingleadid") != lead || row.ID("ownerid") != user || row.Text("owneridtype") != "systemuser" || row["budgetamount"] == nil {
			t.Errorf("%v %v", row, err)
		}
		stranger, _ := e.user("stranger", holding{[]string{"lead"}, every, access.Basic})
		if _, err := e.call(as(t.Context(), stranger), "InitializeFrom", id.Nil, body); !errs.Has(err, errs.NotFound) {
			t.Errorf("of a record that is not seen: %v", err)
		}
	})
}

// A bulk deletion goes on in the background with the caller's rights, counts
// what it could not delete, and ends.
func TestBulkDelete(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		user, role := e.user("user", holding{[]string{"lead", "asyncoperation", "bulkdeleteoperation"}, every, access.Basic})
		e.general(role, access.BulkDelete)
		for i := range 230 {
			owner := user
			if i%23 == 0 {
				owner = access.SystemUser
			}
			e.must("lead", record.Row{"lastname": "Old", "ownerid": owner, "owneridtype": "systemuser"})
		}
		e.must("lead", record.Row{"lastname": "Kept", "ownerid": user, "owneridtype": "systemuser"})
		body := func(more map[string]any) map[string]any {
			out := map[string]any{"JobName": "Old leads", "QuerySet": []any{map[string]any{"EntityName": "lead", "ColumnSet": map[string]any{"AllColumns": true}, "Criteria": map[string]any{"FilterOperator": "And",
				"Conditions": []any{map[string]any{"AttributeName": "lastname", "Operator": "BeginsWith", "Values": []any{map[string]any{"Value": "ol", "Type": "System.String"}}}}}}}, "ToRecipients": []any{}, "CCRecipients": []any{}, "RecurrencePattern": "", "SendEmailNotification": false}
			for k, v := range more {
				out[k] = v
			}
			return out
		}
		ctx := as(t.Context(), user)
		out, err := e.call(ctx, "BulkDelete", id.Nil, body(nil))
		if err != nil {
			t.Fatal(err)
		}
		key, err := id.Parse(out["JobId"].(string))
		if err != nil {
			t.Fatal(err)
		}
		runner := job.NewRunner(job.Options{Queue: job.NewQueue(e.db, e.clock), Poll: time.Millisecond, Lease: 1000 * time.Hour})
		runner.Handle(builtin.BulkDeleteKind, e.own.BulkDeletes())
		if err := runner.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer runner.Stop(t.Context())
		for {
			row, err := e.store.Get(ctx, "asyncoperation", key, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if row.Int("statecode") == 3 {
				if row.Int("statuscode") != 30 || row["completedon"] == nil || row["startedon"] == nil {
					t.Errorf("ended as %v", row)
				}
				break
			}
			e.clock.Advance(time.Second)
			time.Sleep(2 * time.Millisecond)
		}
		page, err := e.store.Find(ctx, query.Query{Table: "bulkdeleteoperation"})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].Int("successcount") != 220 || page.Rows[0].Int("failurecount") != 0 {
			t.Errorf("%v %v", page.Rows, err)
		}
		if n := e.count("lead", nil); n != 11 { // those of others and the one kept
			t.Errorf("%d are left", n)
		}
		for name, c := range map[string]struct {
			more map[string]any
			kind errs.Kind
		}{
			"no queries":       {map[string]any{"QuerySet": []any{}}, errs.Invalid},
			"unknown table":    {map[string]any{"QuerySet": []any{map[string]any{"EntityName": "shoe"}}}, errs.Invalid},
			"unknown column":   {map[string]any{"QuerySet": []any{map[string]any{"EntityName": "lead", "Criteria": map[string]any{"Conditions": []any{map[string]any{"AttributeName": "size", "Operator": "Null"}}}}}}, errs.Invalid},
			"unknown operator": {map[string]any{"QuerySet": []any{map[string]any{"EntityName": "lead", "Criteria": map[string]any{"Conditions": []any{map[string]any{"AttributeName": "lastname", "Operator": "Smells"}}}}}}, errs.Unsupported},
			"again and again":  {map[string]any{"RecurrencePattern": "FREQ=DAILY"}, errs.Unsupported},
			"no right":         {map[string]any{"QuerySet": []any{map[string]any{"EntityName": "account"}}}, errs.Forbidden},
		} {
			if _, err := e.call(ctx, "BulkDelete", id.Nil, body(c.more)); !errs.Has(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		nobody, _ := e.user("nobody", holding{[]string{"lead"}, every, access.Basic})
		if _, err := e.call(as(t.Context(), nobody), "BulkDelete", id.Nil, body(nil)); !errs.Has(err, errs.Forbidden) {
			t.Errorf("without the privilege: %v", err)
		}
	})
}
