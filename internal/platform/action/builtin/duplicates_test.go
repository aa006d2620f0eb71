package builtin_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/duplicate"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// rules are an organisation's duplicate rules, kept fresh by hand.
type rules struct {
	e      *env
	now    atomic.Pointer[duplicate.Rules]
	engine *duplicate.Engine
	pub    *duplicate.Publisher
}

func withRules(e *env) *rules {
	r := &rules{e: e}
	r.engine = &duplicate.Engine{Rules: r.now.Load, Catalog: e.control.Catalog}
	e.store.AddHooks(r.engine.Hook)
	r.pub = &duplicate.Publisher{Store: e.store, Catalog: e.control.Catalog, Jobs: e.jobs, Clock: e.clock}
	e.own.DefineDuplicates(e.actions, r.engine, r.pub)
	return r
}

func (r *rules) load() {
	r.e.t.Helper()
	now, err := duplicate.Load(r.e.system(), r.e.store, r.e.control.Catalog(), slog.New(slog.DiscardHandler))
	if err != nil {
		r.e.t.Fatal(err)
	}
	r.now.Store(now)
}

// rule makes a rule and publishes it.
func (r *rules) rule(row record.Row, conditions ...record.Row) id.ID {
	r.e.t.Helper()
	return r.publish(func() id.ID {
		row["name"] = "rule"
		key := r.e.must("duplicaterule", row).ID("duplicateruleid")
		for _, c := range conditions {
			c["regardingobjectid"] = key
			r.e.must("duplicaterulecondition", c)
		}
		if _, err := r.e.call(r.e.system(), "PublishDuplicateRule", id.Nil, map[string]any{"DuplicateRuleId": key.String()}); err != nil {
			r.e.t.Fatal(err)
		}
		return key
	})
}

// publish has a rule made and waits until it is in force.
func (r *rules) publish(begin func() id.ID) id.ID {
	r.e.t.Helper()
	key := begin()
	r.load()
	runner := job.NewRunner(job.Options{Queue: r.e.jobs, Poll: time.Millisecond, Lease: 1000 * time.Hour})
	runner.Handle(duplicate.Kind, r.pub.Handler())
	if err := runner.Start(r.e.t.Context()); err != nil {
		r.e.t.Fatal(err)
	}
	for {
		row, err := r.e.store.Get(r.e.system(), "duplicaterule", key, nil, nil)
		if err != nil {
			r.e.t.Fatal(err)
		}
		if row.Int("statuscode") == duplicate.Published {
			break
		}
		r.e.clock.Advance(time.Second)
		time.Sleep(2 * time.Millisecond)
	}
	if err := runner.Stop(r.e.t.Context()); err != nil {
		r.e.t.Fatal(err)
	}
	r.load()
	return key
}

func found(err error) (out []string) {
	var e *errs.Error
	if errors.As(err, &e) && e.Code == "duplicate.found" {
		for _, f := range e.Fields {
			out = append(out, f.Name+" "+f.Message)
		}
	}
	return out
}

// A published rule finds rows that were there before and rows that came after,
// by its operators, and only those that one may read.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		r := withRules(e)
		user, _ := e.user("user", holding{[]string{"contact", "lead"}, every, access.Basic})
		old := e.must("contact", record.Row{"lastname": "Møller  Berg", "mobilephone": "+49 30 1234567", "ownerid": user, "owneridtype": "systemuser"}).ID("contactid")
		hidden := e.must("contact", record.Row{"lastname": "møller berg", "mobilephone": "1234567"}).ID("contactid")
		e.must("contact", record.Row{"lastname": "Møller Berg"}) // without a number it is like no other
		key := r.rule(record.Row{"baseentityname": "lead", "matchingentityname": "contact"},
			record.Row{"baseattributename": "lastname", "matchingattributename": "lastname", "ignoreblankvalues": true},
			record.Row{"baseattributename": "telephone1", "matchingattributename": "mobilephone", "operatorcode": 2, "operatorparam": 7, "ignoreblankvalues": true})
		find := func(row map[string]any) []string {
			t.Helper()
			row["@odata.type"] = "Microsoft.Dynamics.CRM.lead"
			out, err := e.call(as(t.Context(), user), "RetrieveDuplicates", id.Nil, map[string]any{"BusinessEntity": row, "MatchingEntityName": "contact"})
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, v := range out["value"].([]any) {
				ids = append(ids, v.(odata.Typed).Row.ID("contactid").String())
			}
			return ids
		}
		if got := find(map[string]any{"lastname": "MØLLER BERG", "telephone1": "0301234567"}); len(got) != 1 || got[0] != old.String() {
			t.Errorf("found %v, want %s and not %s", got, old, hidden)
		}
		for name, row := range map[string]map[string]any{"another name": {"lastname": "Berg", "telephone1": "1234567"}, "another number": {"lastname": "møller berg", "telephone1": "1234568"}, "blank": {"lastname": "møller berg"}} {
			if got := find(row); len(got) != 0 {
				t.Errorf("%s: found %v", name, got)
			}
		}
		fresh := e.must("contact", record.Row{"lastname": "Neu", "mobilephone": "7654321", "ownerid": user, "owneridtype": "systemuser"}).ID("contactid")
		if got := find(map[string]any{"lastname": "neu", "telephone1": "7654321"}); len(got) != 1 || got[0] != fresh.String() {
			t.Errorf("made since: %v", got)
		}
		err := e.store.Write(e.system(), func(tx *record.Tx) error {
			if _, err := tx.Update(e.system(), "contact", fresh, record.Row{"lastname": "Alt"}, record.Match{}); err != nil {
				return err
			}
			return tx.Delete(e.system(), "contact", old, record.Match{})
		})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := find(map[string]any{"lastname": "neu", "telephone1": "7654321"}), find(map[string]any{"lastname": "møller berg", "telephone1": "1234567"}); len(a) != 0 || len(b) != 0 {
			t.Errorf("changed %v, deleted %v", a, b)
		}
		if _, err := e.call(e.system(), "UnpublishDuplicateRule", id.Nil, map[string]any{"DuplicateRuleId": key.String()}); err != nil {
			t.Fatal(err)
		}
		r.load()
		if got := find(map[string]any{"lastname": "alt", "telephone1": "7654321"}); len(got) != 0 {
			t.Errorf("after it is out of force: %v", got)
		}
		for name, c := range map[string]record.Row{
			"no column": {"baseattributename": "shoesize", "matchingattributename": "lastname"}, "no number of characters": {"baseattributename": "lastname", "matchingattributename": "lastname", "operatorcode": 1},
			"a date of a text": {"baseattributename": "lastname", "matchingattributename": "lastname", "operatorcode": 3},
		} {
			bad := e.must("duplicaterule", record.Row{"name": "bad", "baseentityname": "lead", "matchingentityname": "contact"}).ID("duplicateruleid")
			c["regardingobjectid"] = bad
			e.must("duplicaterulecondition", c)
			if _, err := e.call(e.system(), "PublishDuplicateRule", id.Nil, map[string]any{"DuplicateRuleId": bad.String()}); errs.CodeOf(err) != "duplicate.rule" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Where detection is asked for, a write that would make a duplicate is refused
// with the ids of the others, also where two come at the same moment.
func TestDetectionOnWriting(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		r := withRules(e)
		first := e.must("lead", record.Row{"lastname": "A", "emailaddress1": "a@example.com"}).ID("leadid")
		closed := e.must("lead", record.Row{"lastname": "C", "emailaddress1": "c@example.com", "statuscode": 4}).ID("leadid")
		r.rule(record.Row{"baseentityname": "lead", "matchingentityname": "lead", "excludeinactiverecords": true}, record.Row{"baseattributename": "emailaddress1", "matchingattributename": "emailaddress1", "ignoreblankvalues": true})
		ctx := duplicate.WithDetection(e.system())
		if _, err := e.create(ctx, "lead", record.Row{"lastname": "B", "emailaddress1": "A@example.com "}); len(found(err)) != 1 || found(err)[0] != "lead "+first.String() {
			t.Errorf("%v", err)
		}
		if _, err := e.create(e.system(), "lead", record.Row{"lastname": "B", "emailaddress1": "a@example.com"}); err != nil {
			t.Errorf("not asked for: %v", err)
		}
		if _, err := e.create(ctx, "lead", record.Row{"lastname": "C", "emailaddress1": "c@example.com"}); err != nil {
			t.Errorf("like one that is closed (%s): %v", closed, err)
		}
		other := e.must("lead", record.Row{"lastname": "D", "emailaddress1": "d@example.com"}).ID("leadid")
		change := func(row record.Row) error {
			return e.store.Write(ctx, func(tx *record.Tx) error {
				_, err := tx.Update(ctx, "lead", other, row, record.Match{})
				return err
			})
		}
		if err := change(record.Row{"emailaddress1": "a@example.com"}); len(found(err)) != 2 {
			t.Errorf("by a change: %v", err)
		}
		if err := change(record.Row{"lastname": "E"}); err != nil {
			t.Errorf("a change of something else: %v", err)
		}
		var made atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := e.create(ctx, "lead", record.Row{"lastname": "X", "emailaddress1": "x@example.com"})
				if err == nil {
					made.Add(1)
				} else if len(found(err)) != 1 {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if made.Load() != 1 {
			t.Errorf("%d of the same were made at once", made.Load())
		}
	})
}

// Rows of an import have their keys behind it; a key that a later change has
// written stays. Rules that the platform makes publish themselves.
func TestKeysComeBehindAnImport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		r := withRules(e)
		e.store.AddHook(r.pub.Shipped())
		r.publish(func() id.ID {
			rule := e.must("duplicaterule", record.Row{"name": "shipped", "baseentityname": "lead", "matchingentityname": "lead", "statecode": 0, "statuscode": duplicate.Publishing}).ID("duplicateruleid")
			e.must("duplicaterulecondition", record.Row{"regardingobjectid": rule, "baseattributename": "emailaddress1", "matchingattributename": "emailaddress1", "operatorcode": 100000000})
			return rule
		})
		log := changelog.New(e.db)
		behind := &duplicate.Behind{Engine: r.engine, DB: e.db, Store: e.store, Log: log, Clock: e.clock, Logger: slog.New(slog.DiscardHandler)}
		follower := behind.Follower()
		step := func() {
			t.Helper()
			if _, err := log.Through(e.system()); err != nil {
				t.Fatal(err)
			}
			for {
				n, err := follower.Step(e.system())
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					return
				}
			}
		}
		step()
		bulk := changelog.WithSource(record.InBulk(e.system()), changelog.Source{Channel: changelog.Import})
		var made []record.Row
		if err := e.store.Write(bulk, func(tx *record.Tx) (err error) {
			made, err = tx.CreateMany(bulk, "lead", []record.Row{{"lastname": "A", "emailaddress1": "a@example.com"}, {"lastname": "B", "emailaddress1": "b@example.com"}, {"lastname": "C"}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		change := func(ctx context.Context, n int, email string) {
			t.Helper()
			if err := e.store.Write(ctx, func(tx *record.Tx) error {
				_, err := tx.Update(ctx, "lead", made[n].ID("leadid"), record.Row{"emailaddress1": email}, record.Match{})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		asked := func(email string) []string {
			_, err := e.create(duplicate.WithDetection(e.system()), "lead", record.Row{"lastname": "X", "emailaddress1": email})
			if err == nil {
				t.Errorf("%s: nothing was found", email)
			}
			return found(err)
		}
		change(e.system(), 1, "later@example.com")
		step()
		for n, email := range []string{"a@example.com", "later@example.com"} {
			if got := asked(email); len(got) != 1 || got[0] != "lead "+made[n].ID("leadid").String() {
				t.Errorf("%s: %v", email, got)
			}
		}
		if _, err := e.create(duplicate.WithDetection(e.system()), "lead", record.Row{"lastname": "B", "emailaddress1": "b@example.com"}); err != nil {
			t.Errorf("like what a row no longer says: %v", err)
		}
		// Between an import's change and its key the old key is not believed.
		change(bulk, 0, "new@example.com")
		if _, err := e.create(duplicate.WithDetection(e.system()), "lead", record.Row{"lastname": "A", "emailaddress1": "a@example.com"}); err != nil {
			t.Errorf("by an old key: %v", err)
		}
		step()
		if got := asked("new@example.com"); len(got) != 1 {
			t.Errorf("by a change of an import: %v", got)
		}
	})
}

// Of two records the one that stays takes the chosen values and what hangs on
// the other, which is closed.
func TestMerge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		withRules(e)
		if c, _ := e.control.Catalog().Table("account"); c != nil {
			if _, has := c.Column("masterid"); !has {
				t.Skip("accounts have no column masterid in this catalog")
			}
		}
		user, role := e.user("user", holding{[]string{"account", "contact", "lead"}, every, access.Basic})
		ctx := as(t.Context(), user)
		own := func(table string, row record.Row) id.ID {
			row["ownerid"], row["owneridtype"] = user, "systemuser"
			return e.must(table, row).ID(table + "id")
		}
		stays, goes := own("account", record.Row{"name": "Stays"}), own("account", record.Row{"name": "Goes", "telephone1": "5"})
		contact := own("contact", record.Row{"lastname": "Berg", "parentcustomerid": goes, "parentcustomeridtype": "account"})
		task := e.must("task", record.Row{"subject": "Call", "regardingobjectid": goes, "regardingobjectidtype": "account"}).ID("activityid")
		body := map[string]any{"Target": ref("account", stays), "Subordinate": ref("account", goes), "UpdateContent": map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.account", "telephone1": "5"}}
		if _, err := e.call(ctx, "Merge", id.Nil, body); !errs.Has(err, errs.Forbidden) {
			t.Errorf("without the privilege: %v", err)
		}
		e.general(role, access.Merge)
		strange := e.must("account", record.Row{"name": "Strange"}).ID("accountid")
		if _, err := e.call(ctx, "Merge", id.Nil, map[string]any{"Target": ref("account", stays), "Subordinate": ref("account", strange)}); !errs.Has(err, errs.NotFound) {
			t.Errorf("with one that is not seen: %v", err)
		}
		if _, err := e.call(ctx, "Merge", id.Nil, body); err != nil {
			t.Fatal(err)
		}
		get := func(table string, key id.ID) record.Row {
			row, err := e.store.Get(e.system(), table, key, nil, nil)
			if err != nil {
				t.Fatal(table, err)
			}
			return row
		}
		if row := get("account", goes); row.ID("masterid") != stays || row["merged"] != true || row.Int("statecode") != 1 {
			t.Errorf("the one that goes: %v", row)
		}
		if get("account", stays).Text("telephone1") != "5" || get("contact", contact).ID("parentcustomerid") != stays || get("task", task).ID("regardingobjectid") != stays {
			t.Errorf("%v %v %v", get("account", stays), get("contact", contact), get("task", task))
		}
		if n := e.count("activitypointer", query.Compare{Left: query.Path{"regardingobjectid"}, Value: stays}); n != 1 {
			t.Errorf("%d on the timeline", n)
		}
		for name, b := range map[string]map[string]any{"again": body, "itself": {"Target": ref("account", stays), "Subordinate": ref("account", stays)}, "two tables": {"Target": ref("account", stays), "Subordinate": ref("contact", contact)}} {
			if _, err := e.call(ctx, "Merge", id.Nil, b); !errs.Has(err, errs.Conflict) && !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
