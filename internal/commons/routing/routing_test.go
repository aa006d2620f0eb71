package routing_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func TestTheNarrowestPlaceCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.seller("Ann")
		q := map[string]id.ID{}
		for _, name := range []string{"code", "prefix", "range", "city", "country", "rest", "big", "fallback"} {
			q[name] = e.queue(name, nil)
		}
		rule := func(queue string, more record.Row) record.Row {
			more["name"], more["routedqueueid"] = queue, q[queue]
			return more
		}
		e.activate(e.set(record.Row{"rpt_fallbackqueueid": q["fallback"]},
			rule("code", record.Row{"rpt_postalcode": "10115, 10117"}), rule("prefix", record.Row{"rpt_postalcode": "10*"}), rule("range", record.Row{"rpt_postalcode": "20095-20099"}),
			rule("city", record.Row{"rpt_city": "Berlin, MÜNCHEN"}), rule("country", record.Row{"rpt_country": "fr"}),
			rule("big", record.Row{"sequencenumber": 1, "rpt_condition": "numberofemployees > 1000"}),
			rule("rest", record.Row{"conditionxml": `<filter><condition attribute="companyname" operator="not-null"/></filter>`})))
		for name, c := range map[string]struct {
			lead record.Row
			want string
		}{
			"a code":            {record.Row{"address1_postalcode": "10 115", "address1_city": "Berlin"}, "code"},
			"a beginning":       {record.Row{"address1_postalcode": "10999"}, "prefix"},
			"a range":           {record.Row{"address1_postalcode": "20097"}, "range"},
			"a city":            {record.Row{"address1_city": "münchen", "address1_postalcode": "80331"}, "city"},
			"a country":         {record.Row{"address1_country": "FR", "address1_city": "Lyon"}, "country"},
			"no country at all": {record.Row{"address1_city": "Lyon"}, "country"},
			"before the place":  {record.Row{"address1_postalcode": "10115", "numberofemployees": 2000}, "big"},
			"a filter":          {record.Row{"address1_country": "SE", "companyname": "X"}, "rest"},
			"nothing":           {record.Row{"address1_country": "SE"}, "fallback"},
		} {
			out := e.route(e.lead(c.lead))
			if out["QueueName"] != c.want || out["OwnerType"] != "systemuser" {
				t.Errorf("%s: %v", name, out)
			}
		}
	})
}

// What is written down says who, by which rule and version, and why not the others.
func TestReasons(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ann, ben, cid := e.seller("Ann"), e.seller("Ben"), e.seller("Cid")
		e.seller("Dan")
		q := e.queue("Berlin", nil)
		skill := e.create("characteristic", record.Row{"name": "Mortgages"}).ID("characteristicid")
		for who, c := range map[id.ID]record.Row{ann: {}, ben: {"rpt_capacity": 1}, cid: {"away": true}} {
			away := c["away"] != nil
			delete(c, "away")
			c["name"], c["userid"] = "r", who
			if away {
				cal := e.create("calendar", record.Row{"name": "Cid's"}).ID("calendarid")
				e.create("calendarrule", record.Row{"calendarid": cal, "timecode": 2, "starttime": start.Add(-time.Hour), "duration": 24 * 60})
				c["calendarid"] = cal
			}
			res := e.create("bookableresource", c).ID("bookableresourceid")
			e.create("bookableresourcecharacteristic", record.Row{"resource": res, "characteristic": skill, "rpt_rating": 5})
		}
		e.activate(e.set(nil, record.Row{"name": "Berlin", "rpt_postalcode": "1*", "routedqueueid": q, "rpt_skills": "mortgages:4"}))
		owners := map[id.ID]int{}
		var last id.ID
		for range 4 {
			last = e.lead(record.Row{"address1_postalcode": "10115"})
			e.route(last)
			owners[e.get("lead", last).ID("ownerid")]++
		}
		if owners[ben] != 1 || owners[ann] != 3 {
			t.Errorf("dealt %v; Ann %v Ben %v", owners, ann, ben)
		}
		rows := e.reasons(last)
		if len(rows) != 1 {
			t.Fatalf("%d reasons", len(rows))
		}
		r := rows[0]
		for _, part := range []string{"Berlin", "Ann", "next in turn", "1 without the skills", "1 absent", "1 at capacity"} {
			if !strings.Contains(r.Text("rpt_reason"), part) {
				t.Errorf("%q lacks %q", r.Text("rpt_reason"), part)
			}
		}
		if r.Int("rpt_outcome") != int64(routing.Assigned) || r.Int("rpt_version") != 1 || r.Text("rpt_rulename") != "Berlin" || r.ID("rpt_queueid") != q || r.ID("rpt_assigneeid") != ann || r.ID("ownerid") != ann {
			t.Errorf("%v", r)
		}
		seen := decoded[struct {
			Number int
			Counts map[string]int
			First  []routing.Candidate
		}](t, r["rpt_candidates"])
		if seen.Number != 4 || seen.Counts[routing.Chosen] != 1 || len(seen.First) != 4 || seen.First[0].ID != ann {
			t.Errorf("%+v", seen)
		}
		items := e.find("queueitem", query.Compare{Left: query.Path{"objectid"}, Value: last})
		if len(items) != 1 || items[0].ID("workerid") != ann || items[0].ID("queueid") != q {
			t.Errorf("%v", items)
		}
	})
}

// A rule that fails on one record: the record is kept and waits in the fall-back
// queue, and one person is told, once an hour.
func TestARuleThatFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.seller("Ann")
		boss := e.seller("Boss")
		q, fallback := e.queue("Q", nil), e.queue("Fallback", nil)
		e.activate(e.set(record.Row{"rpt_fallbackqueueid": fallback, "ownerid": boss, "owneridtype": "systemuser"},
			record.Row{"name": "Halves", "rpt_condition": "100 / numberofemployees > 5", "routedqueueid": q}))
		good, bad := e.lead(record.Row{"numberofemployees": 10}), e.lead(record.Row{"numberofemployees": 0})
		if out := e.route(good); out["QueueName"] != "Q" || len(e.find("appnotification", nil)) != 0 {
			t.Errorf("%v", out)
		}
		out := e.route(bad)
		if out["QueueName"] != "Fallback" || e.get("lead", bad).Text("lastname") != "Berg" {
			t.Errorf("%v", out)
		}
		if r := e.reasons(bad); len(r) != 1 || r[0].Int("rpt_outcome") != int64(routing.Failed) || !strings.Contains(r[0].Text("rpt_reason"), "Halves") {
			t.Errorf("%v", r)
		}
		e.route(e.lead(record.Row{"numberofemployees": 0}))
		told := e.find("appnotification", nil)
		if len(told) != 1 || told[0].ID("ownerid") != boss || told[0].ID("rpt_regardingid") != bad {
			t.Errorf("told %v", told)
		}
		e.clock.Advance(2 * time.Hour)
		e.route(e.lead(record.Row{"numberofemployees": 0}))
		if told := e.find("appnotification", nil); len(told) != 2 {
			t.Errorf("told %d times", len(told))
		}
	})
}

// Whoever else is dealt to in between, those who can always take the same
// records get the same number of them, to within one; also where sixteen deal at
// once and a third of them give up.
func TestDealingIsFairAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		var equal []id.ID
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			equal = append(equal, e.seller(name))
		}
		expert := e.seller("expert")
		skill := e.create("characteristic", record.Row{"name": "Ships"}).ID("characteristicid")
		res := e.create("bookableresource", record.Row{"name": "x", "userid": expert}).ID("bookableresourceid")
		e.create("bookableresourcecharacteristic", record.Row{"resource": res, "characteristic": skill})
		q := e.queue("Q", nil)
		e.activate(e.set(nil, record.Row{"name": "All", "routedqueueid": q}, record.Row{"name": "Ships", "rpt_condition": `subject == "ship"`, "routedqueueid": q, "rpt_skills": "Ships"}))
		var leads []id.ID
		for i := range 96 {
			row := record.Row{}
			if i%7 == 0 {
				row["subject"] = "ship"
			}
			leads = append(leads, e.lead(row))
		}
		undo := errors.New("undo")
		var wg sync.WaitGroup
		for w := range 16 {
			wg.Go(func() {
				for i := w; i < len(leads); i += 16 {
					err := e.store.Write(e.ctx, func(tx *record.Tx) error {
						if _, err := e.engine.Route(e.ctx, tx, "lead", leads[i]); err != nil {
							return err
						}
						if i%3 == 1 {
							return undo
						}
						return nil
					})
					if err != nil && !errors.Is(err, undo) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		count, sum := map[id.ID]int{}, 0
		for i, lead := range leads {
			row := e.get("lead", lead)
			given := row.Text("owneridtype") == "systemuser" && row.ID("ownerid") != row.ID("createdby")
			if given == (i%3 == 1) {
				t.Errorf("lead %d: %v", i, row.ID("ownerid"))
			}
			if i%7 == 0 && given && row.ID("ownerid") != expert {
				t.Errorf("a lead for the expert went to another")
			}
			if given {
				count[row.ID("ownerid")]++
				sum++
			}
		}
		least, most := 1<<30, 0
		for _, who := range equal {
			least, most = min(least, count[who]), max(most, count[who])
		}
		if sum != 64 || most-least > 1 || len(count) != 6 {
			t.Errorf("%d dealt, from %d to %d each: %v", sum, least, most, count)
		}
	})
}

func TestLeastLoadedAndCapacity(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ann, ben := e.seller("Ann"), e.seller("Ben")
		q := e.queue("Q", nil)
		e.create("bookableresource", record.Row{"name": "Ben", "userid": ben, "rpt_capacity": 4})
		e.activate(e.set(record.Row{"rpt_allocation": 2}, record.Row{"routedqueueid": q}))
		for range 3 {
			e.lead(record.Row{"ownerid": ann, "owneridtype": "systemuser"})
		}
		e.lead(record.Row{"ownerid": ann, "owneridtype": "systemuser", "statecode": 2, "statuscode": 4}) // closed: no load
		var wg sync.WaitGroup
		for range 12 {
			lead := e.lead(nil)
			wg.Go(func() {
				if err := e.store.Write(e.ctx, func(tx *record.Tx) error { _, err := e.engine.Route(e.ctx, tx, "lead", lead); return err }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		count := map[id.ID]int{}
		for _, row := range e.find("lead", query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}) {
			count[row.ID("ownerid")]++
		}
		if count[ben] != 4 || count[ann] != 3+8 {
			t.Errorf("Ann %d, Ben %d", count[ann], count[ben])
		}
	})
}

// At night nobody is there: records wait, and are dealt in the morning, each once.
func TestWaitingForTheMorning(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ann := e.seller("Ann")
		cal := e.create("calendar", record.Row{"name": "Days"}).ID("calendarid")
		e.create("calendarrule", record.Row{"calendarid": cal, "pattern": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "offset": 8 * 60, "duration": 9 * 60})
		e.create("bookableresource", record.Row{"name": "Ann", "userid": ann, "calendarid": cal})
		q := e.queue("Q", nil)
		e.activate(e.set(nil, record.Row{"routedqueueid": q}))
		e.clock.Advance(12 * time.Hour)
		waits, closed, taken := e.lead(nil), e.lead(nil), e.lead(nil)
		for _, lead := range []id.ID{waits, closed, taken} {
			if out := e.route(lead); out["OwnerId"] != e.team.String() || !strings.Contains(out["Reason"].(string), "1 outside working hours") {
				t.Errorf("%v", out)
			}
		}
		if n, err := e.engine.Sweep(e.ctx, e.store); err != nil || n != 0 || len(e.reasons(waits)) != 1 {
			t.Errorf("at night: %d, %v", n, err)
		}
		if err := e.update("lead", closed, record.Row{"statecode": 2, "statuscode": 4}); err != nil {
			t.Fatal(err)
		}
		bob := e.seller("Bob")
		item := e.find("queueitem", query.Compare{Left: query.Path{"objectid"}, Value: taken})[0].ID("queueitemid")
		if _, err := e.call("PickFromQueue", item, map[string]any{"SystemUser": map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.systemuser", "id": bob.String()}}); err != nil {
			t.Fatal(err)
		}
		if r := e.reasons(taken); len(r) != 2 || r[1].Int("rpt_outcome") != int64(routing.ByHand) && r[0].Int("rpt_outcome") != int64(routing.ByHand) {
			t.Errorf("picked by hand: %v", r)
		}
		e.clock.Advance(12 * time.Hour)
		if n, err := e.engine.Sweep(e.ctx, e.store); err != nil || n != 1 {
			t.Errorf("in the morning: %d, %v", n, err)
		}
		if n, err := e.engine.Sweep(e.ctx, e.store); err != nil || n != 0 {
			t.Errorf("once more: %d, %v", n, err)
		}
		if e.get("lead", waits).ID("ownerid") != ann || e.get("lead", taken).ID("ownerid") == ann || len(e.reasons(waits)) != 2 {
			t.Errorf("dealt to %v", e.get("lead", waits).ID("ownerid"))
		}
	})
}

// Records are routed as they are made, in the same transaction, where the rules say so.
func TestRoutingOnCreation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ann := e.seller("Ann")
		q := e.queue("Cases", nil)
		e.activate(e.set(record.Row{"rpt_table": "incident", "rpt_oncreate": true}, record.Row{"routedqueueid": q, "rpt_condition": `title.startsWith("A")`}))
		account := e.create("account", record.Row{"name": "X"}).ID("accountid")
		made := e.create("incident", record.Row{"title": "Alarm", "customerid": account, "customeridtype": "account"}).ID("incidentid")
		if e.get("incident", made).ID("ownerid") != ann || len(e.find("queueitem", nil)) != 1 || len(e.reasons(made)) != 1 {
			t.Errorf("%v", e.get("incident", made))
		}
		undo := errors.New("undo")
		err := e.store.Write(e.ctx, func(tx *record.Tx) error {
			if _, err := tx.Create(e.ctx, "incident", record.Row{"title": "Again", "customerid": account, "customeridtype": "account"}); err != nil {
				return err
			}
			return undo
		})
		if !errors.Is(err, undo) || len(e.find("rpt_assignment", nil)) != 1 {
			t.Errorf("%v: the reason of what was undone stays", err)
		}
		// Given to another by hand, the reason says so.
		bob := e.seller("Bob")
		if err := e.update("incident", made, record.Row{"ownerid": bob, "owneridtype": "systemuser"}); err != nil {
			t.Fatal(err)
		}
		if r := e.reasons(made); len(r) != 2 {
			t.Errorf("%d reasons", len(r))
		}
		if _, err := e.call("msdyn_ApplyRoutingRuleEntityRecord", id.Nil, map[string]any{"Target": map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.account", "id": account.String()}}); !errs.Has(err, errs.Unsupported) {
			t.Errorf("no rules: %v", err)
		}
	})
}
