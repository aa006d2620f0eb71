package sales

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Routing deals leads out: by the active rule set, or without one to the queue
// of their place and to a seller of its team in turn.
type Routing struct {
	Engine *routing.Engine
}

// Routed says where a lead went.
type Routed struct {
	QueueID     id.ID  `json:"QueueId"`
	QueueItemID id.ID  `json:"QueueItemId"`
	QueueName   string `json:"QueueName"`
	TeamID      id.ID  `json:"TeamId"` // whose turn it is; nil id where the rules have chosen already
	OwnerID     id.ID  `json:"OwnerId"`
	OwnerType   string `json:"OwnerType"`
	Ruled       bool   `json:"Ruled"` // by a rule set
}

// Assigned says who got a lead.
type Assigned struct {
	OwnerID   id.ID  `json:"OwnerId"`
	OwnerType string `json:"OwnerType"`
}

// AssignInput may name the team whose turn it is; without it the team of the
// queue that the lead waits in is taken.
type AssignInput struct {
	TeamID id.ID `json:"TeamId,omitempty" doc:"Team whose next member gets the lead"`
}

func (r Routing) define(reg *action.Registry) {
	action.Define(reg, action.Spec{Name: "rpt_RouteLead", Table: "lead", Effect: action.DB, Description: "Routes a lead by the active rule set: to its queue and a seller. Without a rule set it goes into the queue for its place only: by routing team, postal code, city, country; without such a queue nowhere."}, r.route)
	action.Define(reg, action.Spec{Name: "rpt_AssignLead", Table: "lead", Effect: action.DB, Description: "Gives a lead to the next seller of the queue's team in turn. One that somebody works on, or that a rule set has routed, stays as it is unless a team is named."}, r.assign)
}

func (r Routing) route(ctx context.Context, c action.Call, _ action.Empty) (Routed, error) {
	d, err := r.Engine.Route(ctx, c.Tx, "lead", c.Target)
	if err == nil {
		// The seller has been chosen as well: no team is named, so that rpt_AssignLead leaves it at that.
		return Routed{QueueID: d.Queue, QueueItemID: d.Item, QueueName: d.QueueName, OwnerID: d.Owner, OwnerType: d.OwnerType, Ruled: true}, nil
	}
	if !errors.Is(err, routing.ErrNoRules) {
		return Routed{}, err
	}
	lead, err := c.Tx.Get(ctx, "lead", c.Target, []string{"rpt_routingteam", "address1_country", "address1_city", "address1_postalcode", "ownerid"}, nil)
	if err != nil {
		return Routed{}, err
	}
	out := Routed{OwnerID: lead.ID("ownerid"), OwnerType: lead.Text("owneridtype")}
	to, ok := queue.Pick(r.Engine.Queues(), queue.Place{RoutingTeam: lead.Text("rpt_routingteam"), Country: lead.Text("address1_country"),
		City: lead.Text("address1_city"), PostalCode: lead.Text("address1_postalcode")})
	if !ok {
		return out, nil // it stays where it is, seen by whoever may see leads, rather than being held back
	}
	item, err := queue.Add(ctx, c.Tx, r.Engine.Clock, to.Queue, "lead", c.Target)
	out.QueueID, out.QueueItemID, out.QueueName, out.TeamID = to.Queue, item, to.Name, to.Team
	return out, err
}

func (r Routing) assign(ctx context.Context, c action.Call, in AssignInput) (Assigned, error) {
	team := in.TeamID
	if team == id.Nil {
		var err error
		if team, err = r.teamOf(ctx, c); err != nil {
			return Assigned{}, err
		}
	}
	if team == id.Nil {
		return r.kept(ctx, c)
	}
	d, err := r.Engine.Deal(ctx, c.Tx, "lead", c.Target, team)
	return Assigned{d.Owner, d.OwnerType}, err
}

func (r Routing) kept(ctx context.Context, c action.Call) (Assigned, error) {
	lead, err := c.Tx.Get(ctx, "lead", c.Target, []string{"ownerid"}, nil)
	return Assigned{lead.ID("ownerid"), lead.Text("owneridtype")}, err
}

// teamOf finds the team of the queue that the lead waits in; id.Nil where
// somebody works on it already, or where the rules have left it to the queue.
func (r Routing) teamOf(ctx context.Context, c action.Call) (id.ID, error) {
	page, err := c.Tx.Find(ctx, query.Query{Table: "queueitem", Select: []string{"queueid", "workerid"}, Limit: 1, Order: []query.Order{{Column: "enteredon", Desc: true}},
		Where: query.And{query.Compare{Left: query.Path{"objectid"}, Value: c.Target}, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}}})
	if err != nil || len(page.Rows) == 0 || page.Rows[0].ID("workerid") != id.Nil || r.Engine.Sets().Of("lead") != nil {
		return id.Nil, err
	}
	for _, route := range r.Engine.Queues() {
		if route.Queue == page.Rows[0].ID("queueid") {
			return route.Team, nil
		}
	}
	return id.Nil, nil
}
