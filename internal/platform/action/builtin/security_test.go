package builtin_test

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action/builtin"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Sharing gives what it says, no more than the giver holds, and ends.
func TestShares(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		owner, _ := e.user("owner", holding{[]string{"lead"}, []access.Right{access.Read, access.Write, access.Share, access.Create}, access.Basic})
		other, _ := e.user("other", holding{[]string{"lead"}, every, access.Basic})
		lead := e.must("lead", record.Row{"lastname": "Berg", "ownerid": owner, "owneridtype": "systemuser"}).ID("leadid")
		mine, theirs := as(t.Context(), owner), as(t.Context(), other)
		share := func(mask string) map[string]any {
			return map[string]any{"Target": ref("lead", lead), "PrincipalAccess": map[string]any{"Principal": ref("systemuser", other), "AccessMask": mask}}
		}
		rightsOf := func(user id.ID) any {
			out, err := e.call(e.system(), "RetrievePrincipalAccess", user, map[string]any{"Target": ref("lead", lead)})
			if err != nil {
				t.Fatal(err)
			}
			return out["AccessRights"]
		}
		if _, err := e.store.Get(theirs, "lead", lead, nil, nil); !errs.Has(err, errs.NotFound) || rightsOf(other) != "None" {
			t.Errorf("before: %v %v", err, rightsOf(other))
		}
		if _, err := e.call(theirs, "GrantAccess", id.Nil, share("ReadAccess")); !errs.Has(err, errs.NotFound) {
			t.Errorf("a stranger shares: %v", err)
		}
		if _, err := e.call(mine, "GrantAccess", id.Nil, share("ReadAccess, DeleteAccess")); errs.CodeOf(err) != "share.exceeds" {
			t.Errorf("more than the owner holds: %v", err)
		}
		if _, err := e.call(mine, "GrantAccess", id.Nil, share("ReadAccess")); err != nil {
			t.Fatal(err)
		}
		if _, err := e.store.Get(theirs, "lead", lead, nil, nil); err != nil || rightsOf(other) != "ReadAccess" {
			t.Errorf("after: %v %v", err, rightsOf(other))
		}
		if _, err := e.call(mine, "GrantAccess", id.Nil, share("WriteAccess")); err != nil || rightsOf(other) != "ReadAccess, WriteAccess" {
			t.Errorf("further: %v %v", err, rightsOf(other))
		}
		if _, err := e.call(mine, "ModifyAccess", id.Nil, share("ReadAccess")); err != nil || rightsOf(other) != "ReadAccess" {
			t.Errorf("modified: %v %v", err, rightsOf(other))
		}
		out, err := e.call(theirs, "RetrieveSharedPrincipalsAndAccess", id.Nil, map[string]any{"Target": ref("lead", lead)})
		list, _ := out["PrincipalAccesses"].([]any)
		if err != nil || len(list) != 1 || list[0].(map[string]any)["AccessMask"] != "ReadAccess" {
			t.Errorf("%v %v", out, err)
		}
		if _, err := e.call(mine, "RevokeAccess", id.Nil, map[string]any{"Target": ref("lead", lead), "Revokee": ref("systemuser", other)}); err != nil || rightsOf(other) != "None" || e.count("principalobjectaccess", nil) != 0 {
			t.Errorf("revoked: %v %v", err, rightsOf(other))
		}
		for name, mask := range map[string]string{"unknown": "FlyAccess", "empty": ","} {
			_, err := e.call(mine, "GrantAccess", id.Nil, share(mask))
			if name == "unknown" != errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Whoever may change roles gives no more than he holds, by whatever way.
func TestNobodyGivesMoreThanHeHolds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		roles := []string{"role", "roleprivileges", "systemuserroles", "teamroles", "teammembership", "team", "systemuser"}
		clerk, clerkRole := e.user("clerk", holding{roles, every, access.Global}, holding{[]string{"lead"}, []access.Right{access.Read}, access.Local})
		strong := e.role("strong", holding{[]string{"lead"}, []access.Right{access.Read}, access.Global})
		weak := e.role("weak", holding{[]string{"lead"}, []access.Right{access.Read}, access.Basic})
		team := e.must("team", record.Row{"name": "Strong", "businessunitid": e.unit}).ID("teamid")
		e.must("teamroles", record.Row{"teamid": team, "roleid": strong})
		ctx := as(t.Context(), clerk)
		give := func(name string) map[string]any {
			return map[string]any{"Privileges": []any{map[string]any{"PrivilegeName": name, "Depth": "Local"}}}
		}
		for name, do := range map[string]func() error{
			"a privilege by the action": func() error { _, err := e.call(ctx, "AddPrivilegesRole", clerkRole, give("prvDeleteLead")); return err },
			"a general privilege": func() error {
				_, err := e.call(ctx, "AddPrivilegesRole", clerkRole, give(access.ActOnBehalf))
				return err
			},
			"a privilege by the table": func() error {
				_, err := e.create(ctx, "roleprivileges", record.Row{"roleid": clerkRole, "rpt_table": "lead", "accessright": int64(access.Delete), "privilegedepthmask": int64(access.Basic)})
				return err
			},
			"a wider depth by an update": func() error {
				page, err := e.store.Find(e.system(), query.Query{Table: "roleprivileges", Where: query.And{query.Compare{Left: query.Path{"roleid"}, Value: clerkRole}, query.Compare{Left: query.Path{"rpt_table"}, Value: "lead"}}})
				if err != nil || len(page.Rows) != 1 {
					t.Fatal(err, len(page.Rows))
				}
				return e.store.Write(ctx, func(tx *record.Tx) error {
					_, err := tx.Update(ctx, "roleprivileges", page.Rows[0].ID("roleprivilegesid"), record.Row{"privilegedepthmask": int64(access.Global)}, record.Match{})
					return err
				})
			},
			"a role": func() error {
				_, err := e.create(ctx, "systemuserroles", record.Row{"systemuserid": clerk, "roleid": strong})
				return err
			},
			"a role of a team": func() error {
				_, err := e.create(ctx, "teamroles", record.Row{"teamid": e.must("team", record.Row{"name": "T" + id.New().String(), "businessunitid": e.unit}).ID("teamid"), "roleid": strong})
				return err
			},
			"a team": func() error {
				_, err := e.call(ctx, "AddMembersTeam", team, map[string]any{"Members": []any{ref("systemuser", clerk)}})
				return err
			},
			"a team, by the table": func() error {
				_, err := e.create(ctx, "teammembership", record.Row{"teamid": team, "systemuserid": clerk})
				return err
			},
		} {
			if err := do(); errs.CodeOf(err) != "access.exceeds" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := e.create(ctx, "systemuserroles", record.Row{"systemuserid": clerk, "roleid": weak}); err != nil {
			t.Errorf("a role within bounds: %v", err)
		}
		if _, err := e.call(ctx, "AddPrivilegesRole", weak, give("prvReadLead")); err != nil {
			t.Errorf("a privilege within bounds: %v", err)
		}
	})
}

func TestRolesAndTeams(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		user, role := e.user("user")
		privileges := func(call string, target id.ID, body map[string]any) map[any]any {
			out, err := e.call(e.system(), call, target, body)
			if err != nil {
				t.Fatal(call, err)
			}
			found := map[any]any{}
			for _, p := range out["RolePrivileges"].([]any) {
				found[p.(map[string]any)["PrivilegeName"]] = p.(map[string]any)["Depth"]
			}
			return found
		}
		of := func() map[any]any {
			return privileges("RetrieveRolePrivilegesRole", id.Nil, map[string]any{"RoleId": role.String()})
		}
		add := map[string]any{"Privileges": []any{map[string]any{"PrivilegeName": "prvReadLead", "Depth": "Local"}, map[string]any{"PrivilegeId": builtin.PrivilegeID("prvWriteLead").String(), "Depth": "Basic"}, map[string]any{"PrivilegeName": "prvReadRole", "Depth": "Basic"}}}
		if _, err := e.call(e.system(), "AddPrivilegesRole", role, add); err != nil {
			t.Fatal(err)
		}
		if got := of(); len(got) != 3 || got["prvReadLead"] != "Local" || got["prvWriteLead"] != "Basic" || got["prvReadrole"] != "Global" && got["prvReadRole"] != "Global" {
			t.Errorf("added: %v", got)
		}
		if got := privileges("RetrieveUserPrivileges", user, nil); got["prvReadLead"] != "Local" {
			t.Errorf("of the user: %v", got)
		}
		if _, err := e.call(e.system(), "ReplacePrivilegesRole", role, map[string]any{"Privileges": []any{map[string]any{"PrivilegeName": "prvReadLead", "Depth": "Deep"}, map[string]any{"PrivilegeName": "prvMerge", "Depth": "Global"}}}); err != nil {
			t.Fatal(err)
		}
		if got := of(); len(got) != 2 || got["prvReadLead"] != "Deep" || got["prvMerge"] != "Global" {
			t.Errorf("replaced: %v", got)
		}
		if _, err := e.call(e.system(), "RemovePrivilegeRole", role, map[string]any{"PrivilegeId": builtin.PrivilegeID("prvMerge").String()}); err != nil || len(of()) != 1 {
			t.Errorf("removed: %v %v", err, of())
		}
		for name, p := range map[string]map[string]any{"unknown": {"PrivilegeName": "prvFlyLead", "Depth": "Local"}, "depth": {"PrivilegeName": "prvReadLead", "Depth": "Sideways"}} {
			if _, err := e.call(e.system(), "AddPrivilegesRole", role, map[string]any{"Privileges": []any{p}}); !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		team := e.must("team", record.Row{"name": "Sales", "businessunitid": e.unit}).ID("teamid")
		members := map[string]any{"Members": []any{ref("systemuser", user)}}
		for range 2 { // the second time it changes nothing
			if _, err := e.call(e.system(), "AddMembersTeam", team, members); err != nil || len(e.control.Members(team)) != 1 {
				t.Errorf("%v %v", err, e.control.Members(team))
			}
		}
		if _, err := e.call(as(t.Context(), user), "RemoveMembersTeam", team, members); !errs.Has(err, errs.Forbidden) {
			t.Errorf("without the right: %v", err)
		}
		if _, err := e.call(e.system(), "RemoveMembersTeam", team, members); err != nil || len(e.control.Members(team)) != 0 {
			t.Errorf("%v %v", err, e.control.Members(team))
		}
	})
}

// Who acts on behalf of another does only what both may, and the log says so.
func TestOnBehalf(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		leads := []string{"lead"}
		strong, _ := e.user("strong", holding{leads, every, access.Global})
		weak, _ := e.user("weak", holding{leads, []access.Right{access.Read, access.Write, access.Create, access.Append}, access.Basic})
		blind, _ := e.user("blind", holding{[]string{"account"}, every, access.Global})
		own := e.must("lead", record.Row{"lastname": "Own", "ownerid": strong, "owneridtype": "systemuser"}).ID("leadid")
		other := e.must("lead", record.Row{"lastname": "Other", "ownerid": access.SystemUser, "owneridtype": "systemuser"}).ID("leadid")
		behalf := func(of, by id.ID) access.Principal { return access.Principal{Kind: access.User, ID: of, Delegate: by} }
		sees := func(p access.Principal) int64 {
			page, err := e.store.Find(access.With(t.Context(), p), query.Query{Table: "lead", Count: true})
			if err != nil {
				return -1
			}
			return page.Total
		}
		for name, c := range map[string]struct {
			p    access.Principal
			want int64
		}{
			"the strong one":              {access.Principal{Kind: access.User, ID: strong}, 2},
			"weak for strong":             {behalf(strong, weak), 1}, // own rows of the strong one, no further
			"strong for weak":             {behalf(weak, strong), 0}, // what weak may see
			"blind for strong":            {behalf(strong, blind), -1},
			"strong for blind":            {behalf(blind, strong), -1},
			"somebody unknown for strong": {behalf(strong, id.New()), -1},
		} {
			if got := sees(c.p); got != c.want {
				t.Errorf("%s sees %d, want %d", name, got, c.want)
			}
		}
		ctx := access.With(t.Context(), behalf(strong, weak))
		err := e.store.Write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, "lead", own, record.Match{}) })
		if !errs.Has(err, errs.Forbidden) {
			t.Errorf("weak deletes for strong: %v", err)
		}
		err = e.store.Write(ctx, func(tx *record.Tx) error {
			_, err := tx.Update(ctx, "lead", other, record.Row{"lastname": "X"}, record.Match{})
			return err
		})
		if err == nil {
			t.Error("weak changes a row for strong that it could not reach")
		}
		made, err := e.create(ctx, "lead", record.Row{"lastname": "New"})
		if err != nil || made.ID("createdby") != strong || made.ID("createdonbehalfby") != weak || made.ID("ownerid") != strong {
			t.Errorf("%v %v", made, err)
		}
		out, err := e.call(e.system(), "RetrieveRecordChangeHistory", id.Nil, map[string]any{"Target": ref("lead", made.ID("leadid"))})
		if err != nil {
			t.Fatal(err)
		}
		first := out["AuditDetailCollection"].(map[string]any)["AuditDetails"].([]any)[0].(map[string]any)["AuditRecord"].(map[string]any)
		if first["_userid_value"] != strong.String() || first["_callinguserid_value"] != weak.String() {
			t.Errorf("audit %v", first)
		}
	})
}
