package sales_test

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/capability/sales"
	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// By an active rule set a lead is routed and given to a seller in one step; the
// step of the flow that would give it to the team's next leaves it at that.
func TestRouteByRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for _, who := range []id.ID{e.sella, e.lena} {
			e.create("teammembership", record.Row{"teamid": e.team, "systemuserid": who})
		}
		e.reload()
		ulm, desk := e.queueOf("Ulm", "99", e.team), e.queueOf("Desk", "98", e.team)
		onlyQueue := routing.ToQueue
		set, bad := routing.Compile(routing.Head{Name: "Leads", Table: "lead", Version: 3, Allocation: routing.InTurn, Postal: "address1_postalcode", City: "address1_city", Country: "address1_country"},
			[]routing.Rule{{ID: id.New(), Name: "Ulm", Sequence: 1, Cities: []string{"ulm"}, Queue: ulm}, {ID: id.New(), Name: "Desk", Sequence: 2, Queue: desk, Allocation: &onlyQueue}}, e.catalog)
		if len(bad) > 0 {
			t.Fatal(bad)
		}
		actions := action.New(e.control, e.store)
		sales.Define(actions, sales.Routing{Engine: &routing.Engine{Sets: func() *routing.Sets { return routing.NewSets(set) }, People: func() *routing.People { return nil },
			Queues: func() []queue.Route { return *e.routes.Load() }, Catalog: e.control.Catalog, Teams: e.control, Clock: clock.NewFake(start)}})
		// What the lead upsert flow does: route, then assign with the team that routing names.
		flow := func(lead id.ID) (routed, assigned map[string]any) {
			t.Helper()
			routed, err := actions.Call(e.ctx, "rpt_RouteLead", lead, nil)
			if err != nil {
				t.Fatal(err)
			}
			assigned, err = actions.Call(e.ctx, "rpt_AssignLead", lead, map[string]any{"TeamId": routed["TeamId"]})
			if err != nil {
				t.Fatal(err)
			}
			return routed, assigned
		}
		count := map[any]int{}
		for range 4 {
			lead := e.create("lead", record.Row{"lastname": "Berg", "address1_city": "Ulm"}).ID("leadid")
			routed, assigned := flow(lead)
			if routed["QueueName"] != "Ulm" || routed["TeamId"] != id.Nil.String() || routed["Ruled"] != true || assigned["OwnerId"] != routed["OwnerId"] || assigned["OwnerType"] != "systemuser" {
				t.Errorf("routed %v, assigned %v", routed, assigned)
			}
			if row := e.get("lead", lead); row.ID("ownerid").String() != assigned["OwnerId"] || row.Version() != 2 {
				t.Errorf("%v", row)
			}
			count[assigned["OwnerId"]]++
		}
		if len(count) != 2 || count[e.sella.String()] != 2 {
			t.Errorf("dealt %v", count)
		}
		// What the rules leave to the queue is not dealt out by the flow either.
		lead := e.create("lead", record.Row{"lastname": "Berg", "address1_city": "Bonn"}).ID("leadid")
		if routed, assigned := flow(lead); routed["QueueName"] != "Desk" || assigned["OwnerId"] != e.team.String() || assigned["OwnerType"] != "team" {
			t.Errorf("routed %v, assigned %v", routed, assigned)
		}
	})
}
