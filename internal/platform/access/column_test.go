package access_test

import (
	"fmt"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// secretive is an organisation in which a column of leads is secured: reader
// may read it by a profile, writer reads and sets it by a team's profile.
type secretive struct {
	unit, plain, reader, writer, boss, lead id.ID
}

func settleSecrets(t *testing.T, e *env) secretive {
	t.Helper()
	s := secretive{unit: id.New(), plain: id.New(), reader: id.New(), writer: id.New(), boss: id.New(), lead: id.New()}
	role, all, team, reads, writes := id.New(), id.New(), id.New(), id.New(), id.New()
	e.reload(t.Context(), t)
	ctx := access.AsSystem(t.Context(), "test")
	err := e.store.Write(ctx, func(tx *record.Tx) error {
		var failed error
		create := func(table string, row record.Row) {
			if _, err := tx.Create(ctx, table, row); err != nil && failed == nil {
				failed = fmt.Errorf("%s: %w", table, err)
			}
		}
		create("businessunit", record.Row{"businessunitid": s.unit, "name": "unit"})
		create("role", record.Row{"roleid": role, "name": "seller"})
		create("role", record.Row{"roleid": all, "name": "everything secured"})
		for _, right := range []access.Right{access.Read, access.Write, access.Create, access.Append, access.AppendTo} {
			create("roleprivileges", record.Row{"roleid": role, "rpt_table": access.EveryTable, "accessright": int64(right), "privilegedepthmask": int64(access.Global)})
		}
		create("roleprivileges", record.Row{"roleid": all, "rpt_table": access.AllColumns, "accessright": int64(access.General), "privilegedepthmask": int64(access.Global)})
		create("team", record.Row{"teamid": team, "name": "team", "businessunitid": s.unit})
		for name, who := range map[string]id.ID{"plain": s.plain, "reader": s.reader, "writer": s.writer, "boss": s.boss} {
			create("systemuser", record.Row{"systemuserid": who, "domainname": name, "fullname": name, "businessunitid": s.unit})
			create("systemuserroles", record.Row{"systemuserid": who, "roleid": role})
		}
		create("systemuserroles", record.Row{"systemuserid": s.boss, "roleid": all})
		create("teammembership", record.Row{"systemuserid": s.writer, "teamid": team})
		create("fieldsecurityprofile", record.Row{"fieldsecurityprofileid": reads, "name": "reads"})
		create("fieldsecurityprofile", record.Row{"fieldsecurityprofileid": writes, "name": "writes"})
		create("fieldpermission", record.Row{"fieldsecurityprofileid": reads, "entityname": dossier, "attributelogicalname": fixtureSecret, "canread": int64(4)})
		create("fieldpermission", record.Row{"fieldsecurityprofileid": writes, "entityname": dossier, "attributelogicalname": fixtureSecret, "canread": int64(4), "cancreate": int64(4), "canupdate": int64(4)})
		if err := tx.Associate(ctx, "systemuser", s.reader, "systemuserprofiles_association", reads); err != nil {
			return err
		}
		if err := tx.Associate(ctx, "team", team, "teamprofiles_association", writes); err != nil {
			return err
		}
		create(dossier, record.Row{"rpt_dossierid": s.lead, "rpt_name": "Keen", fixtureSecret: "0815", "ownerid": s.plain, "owneridtype": "systemuser"})
		return failed
	})
	if err != nil {
		t.Fatal(err)
	}
	e.reload(t.Context(), t)
	return s
}

const (
	dossier       = "rpt_dossier"
	fixtureSecret = "rpt_secret"
)

// dossiers is a table with a secured column.
const dossiers = `
table: rpt_dossier
set: rpt_dossiers
label: {en: Dossier}
plural: {en: Dossiers}
id: rpt_dossierid
name: rpt_name
ownership: user
columns:
  - {name: rpt_name, type: text, max: 100, label: {en: Name}}
  - {name: rpt_secret, type: text, max: 100, label: {en: Secret}, secured: true}
  - {name: rpt_above, type: lookup, targets: [rpt_dossier], collection: rpt_dossier_below, label: {en: Above}}
`

func TestSecuredColumns(t *testing.T) {
	t.Parallel()
	eachOf(t, fixture.With(t, dossiers), func(t *testing.T, e *env) {
		s := settleSecrets(t, e)
		for name, want := range map[string]struct {
			who          id.ID
			reads, gives bool
		}{"nobody's profile": {s.plain, false, false}, "a reader's": {s.reader, true, false}, "a team's": {s.writer, true, true}, "a privilege for all": {s.boss, true, true}} {
			ctx := as(t.Context(), want.who)
			row, err := e.store.Get(ctx, dossier, s.lead, nil, nil)
			if err != nil || (row.Text(fixtureSecret) == "0815") != want.reads || row.Text("rpt_name") != "Keen" {
				t.Errorf("%s: reads %q, %v", name, row.Text(fixtureSecret), err)
			}
			shows := func(what string, q query.Query) {
				t.Helper()
				_, err := e.store.Find(ctx, q)
				if want.reads != (err == nil) || err != nil && !errs.Has(err, errs.Forbidden) {
					t.Errorf("%s: %s: %v", name, what, err)
				}
			}
			is := query.Compare{Left: query.Path{fixtureSecret}, Value: "0815"}
			shows("filter", query.Query{Table: dossier, Where: is})
			shows("sort", query.Query{Table: dossier, Order: []query.Order{{Column: fixtureSecret}}})
			shows("count", query.Query{Table: dossier, Where: query.Not{Node: query.Null{Left: query.Path{fixtureSecret}}}, Count: true})
			shows("group", query.Query{Table: dossier, Group: &query.Group{Keys: []query.Key{{Column: fixtureSecret, Name: "g"}}}})
			shows("through a collection", query.Query{Table: dossier, Where: query.Related{Relation: "rpt_dossier_below", Where: is}})
			page, err := e.store.Find(ctx, query.Query{Table: dossier, Select: []string{"rpt_name"}, Links: []query.Link{{Alias: "same", Table: dossier, From: "rpt_dossierid", To: "rpt_dossierid", Select: []string{fixtureSecret}}}})
			if err != nil || len(page.Rows) != 1 || (page.Rows[0].Text("same."+fixtureSecret) == "0815") != want.reads {
				t.Errorf("%s: a linked row: %v, %v", name, page.Rows, err)
			}
			write := func(what string, f func(tx *record.Tx) error) {
				t.Helper()
				if err := e.try(ctx, f); want.gives != (err == nil) || err != nil && errs.CodeOf(err) != "access.column" {
					t.Errorf("%s: %s: %v", name, what, err)
				}
			}
			write("create", func(tx *record.Tx) error {
				_, err := tx.Create(ctx, dossier, record.Row{"rpt_name": "new", fixtureSecret: "1"})
				return err
			})
			write("update", func(tx *record.Tx) error {
				_, err := tx.Update(ctx, dossier, s.lead, record.Row{fixtureSecret: "1"}, record.Match{})
				return err
			})
			write("empty it", func(tx *record.Tx) error {
				_, err := tx.Update(ctx, dossier, s.lead, record.Row{fixtureSecret: nil}, record.Match{})
				return err
			})
			if err := e.try(ctx, func(tx *record.Tx) error {
				_, err := tx.Update(ctx, dossier, s.lead, record.Row{"rpt_name": "other"}, record.Match{})
				return err
			}); err != nil {
				t.Errorf("%s: another column: %v", name, err)
			}
		}
		// Who acts on behalf of a reader without a profile of its own reads nothing.
		delegate := access.With(t.Context(), access.Principal{Kind: access.User, ID: s.reader, Delegate: s.plain})
		if row, err := e.store.Get(delegate, dossier, s.lead, nil, nil); err != nil || row.Text(fixtureSecret) != "" {
			t.Errorf("on behalf: %q, %v", row.Text(fixtureSecret), err)
		}
	})
}

func TestExplain(t *testing.T) {
	t.Parallel()
	eachOf(t, fixture.With(t, dossiers), func(t *testing.T, e *env) {
		s := settleSecrets(t, e)
		subject := access.Subject{Table: dossier, Owner: s.plain, Unit: s.unit}
		if holders := e.control.Holders(subject, access.Read); len(holders) != 4 || holders[0].Name != "boss" || holders[0].Reasons[0].Depth != access.Global || len(holders[0].Reasons[0].Roles) == 0 || holders[0].Reasons[0].Roles[0].Name == "" {
			t.Errorf("%+v", holders)
		}
		if holders := e.control.Holders(subject, access.Delete); len(holders) != 0 {
			t.Errorf("nobody may delete, and yet %+v", holders)
		}
		if reasons, missing := e.control.Explain(s.plain, subject, access.Delete); len(reasons) != 0 || missing == "" {
			t.Errorf("%v, %q", reasons, missing)
		}
		if _, missing := e.control.Explain(id.New(), subject, access.Read); missing == "" {
			t.Error("an unknown user has no reason and lacks nothing")
		}
	})
}
