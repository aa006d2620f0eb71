package record_test

import (
	"errors"
	"os"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// things is the catalog with the tables of testdata, which have every sort of column.
func things(t testing.TB) *metadata.Catalog {
	t.Helper()
	var texts []string
	for _, name := range []string{"rpt_thing", "rpt_part"} {
		b, err := os.ReadFile("testdata/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b))
	}
	return fixture.With(t, texts...)
}

func (e *env) write(t testing.TB, fn func(tx *record.Tx) error) {
	t.Helper()
	if err := e.store.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestAssociate(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		sys := system(t.Context())
		a, b := e.must(t, "rpt_thing", record.Row{"name": "a"}).ID("rpt_thingid"), e.must(t, "rpt_thing", record.Row{"name": "b"}).ID("rpt_thingid")
		var contacts []id.ID
		for _, name := range []string{"Ann", "Bob", "Cid"} {
			contacts = append(contacts, e.must(t, "contact", record.Row{"lastname": name}).ID("contactid"))
		}
		e.write(t, func(tx *record.Tx) error {
			return errors.Join(tx.Associate(sys, "rpt_thing", a, "rpt_thing_contact", contacts[0]), tx.Associate(sys, "rpt_thing", a, "rpt_thing_contact", contacts[1]),
				tx.Associate(sys, "contact", contacts[1], "rpt_thing_contact", b), tx.Associate(sys, "rpt_thing", a, "rpt_thing_contact", contacts[0]),
				tx.Associate(sys, "rpt_thing", a, "friends", b))
		})
		page, err := e.store.Find(sys, query.Query{Table: "rpt_thing", Select: []string{"name"}, Order: []query.Order{{Column: "name"}}, Expand: []query.Expand{
			{Relation: "rpt_thing_contact", Query: query.Query{Select: []string{"lastname"}, Order: []query.Order{{Column: "lastname", Desc: true}}}},
			{Relation: "friends", Query: query.Query{Select: []string{"name"}}}, {Relation: "friend_of", Query: query.Query{Select: []string{"name"}}}}})
		if err != nil {
			t.Fatal(err)
		}
		names := func(row record.Row, nav, column string) (out string) {
			rows, _ := row[nav].([]record.Row)
			for _, r := range rows {
				if _, leaked := r[query.ViaKey]; leaked {
					t.Error("the key of the intersect table shows")
				}
				out += r.Text(column) + " "
			}
			return out
		}
		first, second := page.Rows[0], page.Rows[1]
		for got, want := range map[string]string{
			names(first, "rpt_thing_contact", "lastname") + "|" + names(first, "friends", "name") + "|" + names(first, "friend_of", "name"):    "Bob Ann |b |",
			names(second, "rpt_thing_contact", "lastname") + "|" + names(second, "friends", "name") + "|" + names(second, "friend_of", "name"): "Bob ||a ",
		} {
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		count := func(where query.Node) int {
			page, err := e.store.Find(sys, query.Query{Table: "contact", Select: []string{"contactid"}, Where: where})
			if err != nil {
				t.Fatal(err)
			}
			return len(page.Rows)
		}
		named := func(name string) query.Node { return query.Compare{Left: query.Path{"name"}, Value: name} }
		for i, c := range []struct {
			where query.Node
			n     int
		}{
			{query.Related{Relation: "rpt_thing_contact"}, 2},
			{query.Related{Relation: "rpt_thing_contact", Where: named("b")}, 1},
			{query.Related{Relation: "rpt_thing_contact", All: true, Where: named("a")}, 2},
			{query.Not{Node: query.Related{Relation: "rpt_thing_contact"}}, 1},
		} {
			if got := count(c.where); got != c.n {
				t.Errorf("condition %d finds %d contacts, want %d", i, got, c.n)
			}
		}
		// The first of each.
		page, err = e.store.Find(sys, query.Query{Table: "rpt_thing", Select: []string{"name"}, Order: []query.Order{{Column: "name"}}, Expand: []query.Expand{
			{Relation: "rpt_thing_contact", Query: query.Query{Select: []string{"lastname"}, Order: []query.Order{{Column: "lastname"}}, Limit: 1}}}})
		if err != nil || names(page.Rows[0], "rpt_thing_contact", "lastname") != "Ann " || names(page.Rows[1], "rpt_thing_contact", "lastname") != "Bob " {
			t.Errorf("first of each: %v, %v", page.Rows, err)
		}
		// Taking apart, and what a deletion takes along.
		e.write(t, func(tx *record.Tx) error {
			return tx.Disassociate(sys, "contact", contacts[0], "rpt_thing_contact", a)
		})
		err = e.store.Write(t.Context(), func(tx *record.Tx) error {
			return tx.Disassociate(sys, "contact", contacts[0], "rpt_thing_contact", a)
		})
		if !errors.Is(err, record.ErrNotFound) {
			t.Errorf("taking apart twice gives %v", err)
		}
		if err := e.delete(sys, "rpt_thing", a); err != nil {
			t.Fatal(err)
		}
		if n := count(query.Related{Relation: "rpt_thing_contact"}); n != 1 {
			t.Errorf("%d contacts are associated after the deletion", n)
		}
		ops := e.ops(t, "rpt_thing_contact")
		created, deleted := ops[changelog.Create], ops[changelog.Delete]
		if created != 3 || deleted != 2 {
			t.Errorf("the log tells of %d made and %d deleted", created, deleted)
		}
	})
}

func TestAssociateNeedsAppendAndAppendTo(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		thing := e.must(t, "rpt_thing", record.Row{"name": "a"}).ID("rpt_thingid")
		contact := e.must(t, "contact", record.Row{"lastname": "Ann"}).ID("contactid")
		team := e.must(t, "team", record.Row{"name": "Team", "businessunitid": e.root}).ID("teamid")
		all := access.Global
		none := e.user(t, "none", e.root, map[string]map[access.Right]access.Depth{"rpt_thing": {access.Read: all, access.Append: all}, "contact": {access.Read: all}})
		some := e.user(t, "some", e.root, map[string]map[access.Right]access.Depth{"rpt_thing": {access.Read: all, access.AppendTo: all}, "contact": {access.Read: all, access.Append: all},
			"team": {access.Read: all, access.AppendTo: all, access.Append: all}, "systemuser": {access.Read: all, access.Append: all, access.AppendTo: all}})
		e.reload(t)
		try := func(user id.ID, table string, key id.ID, nav string, other id.ID) error {
			return e.store.Write(t.Context(), func(tx *record.Tx) error { return tx.Associate(as(t.Context(), user), table, key, nav, other) })
		}
		if err := try(none, "rpt_thing", thing, "rpt_thing_contact", contact); !errs.Has(err, errs.Forbidden) {
			t.Errorf("without Append To: %v", err)
		}
		if err := try(some, "rpt_thing", thing, "rpt_thing_contact", contact); err != nil {
			t.Errorf("with both rights: %v", err)
		}
		if err := try(some, "team", team, "teammembership_association", some); !errs.Has(err, errs.Forbidden) {
			t.Errorf("a membership without the privilege on memberships: %v", err)
		}
		if _, err := e.create(system(t.Context()), "rpt_thing_contact", record.Row{"rpt_thingid": thing, "contactid": contact}); !errs.Has(err, errs.Invalid) {
			t.Errorf("a row of the intersect table by hand: %v", err)
		}
		if err := try(some, "rpt_thing", thing, "rpt_thing_contact", id.New()); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("an unknown row: %v", err)
		}
	})
}
