package sales_test

import (
	"sync"
	"testing"

	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// queueOf makes a queue for postal codes, worked by the team.
func (e *env) queueOf(name, code string, team id.ID) id.ID {
	e.t.Helper()
	row := record.Row{"name": name, "rpt_postalcodes": []any{code}}
	if team != id.Nil {
		row["rpt_teamid"] = team
	}
	key := e.create("queue", row).ID("queueid")
	routes, err := queue.Load(e.ctx, e.store)
	if err != nil {
		e.t.Fatal(err)
	}
	e.routes.Store(&routes)
	return key
}

func (e *env) system(name string, lead id.ID, body map[string]any) (map[string]any, error) {
	return e.actions.Call(e.ctx, name, lead, body)
}

func TestRouteAndAssign(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.create("teammembership", record.Row{"teamid": e.team, "systemuserid": e.sella})
		e.reload()
		ulm := e.queueOf("Ulm", "89", e.team)
		e.queueOf("Bonn", "53", id.Nil)
		lead := e.lead(e.lena, record.Row{"lastname": "Berg", "address1_postalcode": "89073"})
		out, err := e.system("rpt_RouteLead", lead, nil)
		if err != nil || out["QueueId"] != ulm.String() || out["QueueName"] != "Ulm" || out["TeamId"] != e.team.String() || e.count("queueitem") != 1 {
			t.Fatalf("routed: %v, %v", out, err)
		}
		if out, err = e.system("rpt_AssignLead", lead, nil); err != nil || out["OwnerId"] != e.sella.String() || out["OwnerType"] != "systemuser" {
			t.Errorf("assigned: %v, %v", out, err)
		}
		if row := e.get("lead", lead); row.ID("ownerid") != e.sella || row.Version() != 2 {
			t.Errorf("lead: %v", row)
		}
		// Once more changes nothing.
		if _, err := e.system("rpt_RouteLead", lead, nil); err != nil || e.count("queueitem") != 1 {
			t.Errorf("%v, %d items", err, e.count("queueitem"))
		}
		if _, err := e.system("rpt_AssignLead", lead, nil); err != nil || e.get("lead", lead).Version() != 2 {
			t.Errorf("%v, version %d", err, e.get("lead", lead).Version())
		}
		if _, err := e.system("rpt_RouteLead", id.New(), nil); !errs.Has(err, errs.NotFound) {
			t.Errorf("no such lead: %v", err)
		}
	})
}

func TestAssignWhereNobodyIs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		// No queue takes it: it stays with its owner, and that is no error.
		lead := e.lead(e.lena, record.Row{"lastname": "Berg", "address1_postalcode": "89073"})
		if out, err := e.system("rpt_RouteLead", lead, nil); err != nil || out["QueueId"] != id.Nil.String() || e.count("queueitem") != 0 {
			t.Errorf("routed: %v, %v", out, err)
		}
		if out, err := e.system("rpt_AssignLead", lead, nil); err != nil || out["OwnerId"] != e.lena.String() || e.get("lead", lead).Version() != 1 {
			t.Errorf("assigned: %v, %v", out, err)
		}
		// A team without members keeps it itself.
		e.queueOf("Ulm", "89", e.team)
		if _, err := e.system("rpt_RouteLead", lead, nil); err != nil {
			t.Fatal(err)
		}
		if out, err := e.system("rpt_AssignLead", lead, nil); err != nil || out["OwnerId"] != e.team.String() || out["OwnerType"] != "team" {
			t.Errorf("assigned: %v, %v", out, err)
		}
		if row := e.get("lead", lead); row.ID("ownerid") != e.team || row.Text("owneridtype") != "team" {
			t.Errorf("lead: %v", row)
		}
	})
}

// Leads that are assigned at the same time are dealt out evenly.
func TestAssignAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		people := []id.ID{e.sella, e.lena, e.user("third", nil)}
		for _, p := range people {
			e.create("teammembership", record.Row{"teamid": e.team, "systemuserid": p})
		}
		e.reload()
		const leads = 30
		var keys []id.ID
		for range leads {
			keys = append(keys, e.create("lead", record.Row{"lastname": "x"}).ID("leadid"))
		}
		var wg sync.WaitGroup
		for _, key := range keys {
			wg.Go(func() {
				if _, err := e.system("rpt_AssignLead", key, map[string]any{"TeamId": e.team.String()}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		count := map[id.ID]int{}
		for _, key := range keys {
			count[e.get("lead", key).ID("ownerid")]++
		}
		for _, p := range people {
			if count[p] != leads/len(people) {
				t.Errorf("dealt %v", count)
				break
			}
		}
	})
}
