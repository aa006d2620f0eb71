package businessrule_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/businessrule"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const closing = `rule: closing
title: {en: A likely deal has a date}
table: opportunity
branches:
  - when: "closeprobability gt 100"
    then: [{error: {column: closeprobability, message: {en: More than certain is not possible}}}]
  - when: "closeprobability ge 80"
    then: [{require: [estimatedclosedate]}, {set: {opportunityratingcode: 1}}]
otherwise:
  - {default: {opportunityratingcode: 3}}
`

// The store obeys an active rule for every writer, on creating and changing,
// and no longer when it is a draft again.
func TestStoreObeys(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		ctx := access.AsSystem(t.Context(), "test")
		var snap *access.Snapshot
		var rules *businessrule.Set
		current := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: current}
		store := record.New(record.Options{DB: db, Catalog: current, Access: control, Log: changelog.New(db), Clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))})
		store.AddHook(businessrule.Definitions().Check(current))
		store.AddHooks(businessrule.Obey(func() *businessrule.Set { return rules }))
		reload := func() {
			var err error
			if snap, err = access.Load(ctx, db); err != nil {
				t.Fatal(err)
			}
			if rules, err = businessrule.Load(ctx, store, catalog, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
		}
		write := func(fn func(tx *record.Tx) (record.Row, error)) (out record.Row, err error) {
			err = store.Write(ctx, func(tx *record.Tx) error { out, err = fn(tx); return err })
			return out, err
		}
		create := func(table string, row record.Row) (record.Row, error) {
			return write(func(tx *record.Tx) (record.Row, error) { return tx.Create(ctx, table, row) })
		}
		change := func(table string, key id.ID, row record.Row) (record.Row, error) {
			return write(func(tx *record.Tx) (record.Row, error) { return tx.Update(ctx, table, key, row, record.Match{}) })
		}
		reload()
		unit, err := create("businessunit", record.Row{"name": "Head Office"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := create("systemuser", record.Row{"systemuserid": access.SystemUser, "domainname": "system", "businessunitid": unit["businessunitid"]}); err != nil {
			t.Fatal(err)
		}
		if _, err := create("workflow", record.Row{"name": "Bad", "category": businessrule.Category, "clientdata": closing + "  - {set: {nosuch: 1}}\n", "statecode": 1}); errs.CodeOf(err) != "businessrule.definition" {
			t.Errorf("a wrong rule is activated: %v", err)
		}
		rule, err := create("workflow", record.Row{"name": "Closing", "category": businessrule.Category, "clientdata": closing, "statecode": 1})
		if err != nil || rule.Text("uniquename") != "closing" || rule.Text("primaryentity") != "opportunity" {
			t.Fatalf("%v %v", rule, err)
		}
		reload()
		if _, err := create("opportunity", record.Row{"name": "A", "closeprobability": 90}); errs.CodeOf(err) != businessrule.CodeRefused {
			t.Errorf("without a date: %v", err)
		}
		deal, err := create("opportunity", record.Row{"name": "A", "closeprobability": 10})
		if err != nil || deal.Int("opportunityratingcode") != 3 {
			t.Fatalf("%v %v", deal, err)
		}
		key := deal.ID("opportunityid")
		if _, err := change("opportunity", key, record.Row{"closeprobability": 101}); errs.CodeOf(err) != businessrule.CodeRefused || err.Error() == "" {
			t.Errorf("over 100: %v", err)
		}
		got, err := change("opportunity", key, record.Row{"closeprobability": 85, "estimatedclosedate": "2026-12-01T00:00:00Z"})
		if err != nil || got.Int("opportunityratingcode") != 1 || got.Version() != 2 {
			t.Errorf("%v %v", got, err)
		}
		if got, err = change("opportunity", key, record.Row{"closeprobability": 20, "opportunityratingcode": nil}); err != nil || got["opportunityratingcode"] != nil {
			t.Errorf("a default is for new rows: %v %v", got["opportunityratingcode"], err)
		}
		if _, err := change("workflow", rule.ID("workflowid"), record.Row{"statecode": 0}); err != nil {
			t.Fatal(err)
		}
		reload()
		if _, err := change("opportunity", key, record.Row{"closeprobability": 101}); err != nil {
			t.Errorf("a draft is obeyed: %v", err)
		}
	})
}

func TestBadDefinitions(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	head := "rule: r\ntitle: {en: R}\ntable: lead\nbranches:\n"
	for name, text := range map[string]string{
		"no YAML":           "{",
		"unknown field":     head + "  - {if: x}",
		"no title":          "rule: r\ntable: lead\nbranches: [{then: [{hide: [fax]}]}]",
		"unknown table":     "rule: r\ntitle: {en: R}\ntable: nosuch\nbranches: [{then: [{hide: [fax]}]}]",
		"managed table":     "rule: r\ntitle: {en: R}\ntable: activitypointer\nbranches: [{then: [{hide: [subject]}]}]",
		"no actions":        head + "  - {when: \"fax eq null\"}",
		"bad filter":        head + "  - {when: \"fax eq\", then: [{hide: [fax]}]}",
		"unknown column":    head + "  - {then: [{hide: [nosuch]}]}",
		"two things":        head + "  - {then: [{hide: [fax], show: [fax]}]}",
		"read-only":         head + "  - {then: [{set: {msdyn_leadscore: 5}}]}",
		"bad value":         head + "  - {then: [{set: {numberofemployees: many}}]}",
		"error, no text":    head + "  - {then: [{error: {column: fax}}]}",
		"depends on time":   head + "  - {when: \"Microsoft.Dynamics.CRM.Today(PropertyName='createdon')\", then: [{hide: [fax]}]}",
		"depends on user":   head + "  - {when: \"Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')\", then: [{hide: [fax]}]}",
		"related rows":      head + "  - {when: \"Lead_Tasks/any(t:t/subject eq 'x')\", then: [{hide: [fax]}]}",
		"path":              head + "  - {when: \"parentaccountid/name eq 'x'\", then: [{hide: [fax]}]}",
		"unknown scope":     "rule: r\ntitle: {en: R}\ntable: lead\nscope: all\nbranches: [{then: [{hide: [fax]}]}]",
		"wildcards":         head + "  - {when: \"contains(companyname,'A%')\", then: [{hide: [fax]}]}",
		"state set by rule": head + "  - {then: [{set: {statecode: 1}}]}",
	} {
		d, err := businessrule.Parse([]byte(text))
		if err == nil {
			_, err = businessrule.Compile(d, catalog)
		}
		if !errs.Has(err, errs.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(closing)
	catalog := fixture.Catalog(f)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := businessrule.Parse([]byte(text))
		if err != nil {
			return
		}
		if rule, err := businessrule.Compile(d, catalog); err == nil {
			_, _ = businessrule.NewSet(rule).Apply(d.Table, map[string]any{}, true) // must not panic
		}
	})
}
