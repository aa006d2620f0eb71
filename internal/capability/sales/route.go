package sales

import (
	"context"

	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Routing deals leads out: to a queue by place, to a seller of its team in turn.
type Routing struct {
	Routes func() []queue.Route // hot configuration
	Teams  Teams
	Clock  clock.Clock
}

// Routed says where a lead went.
type Routed struct {
	QueueID     id.ID  `json:"QueueId"`
	QueueItemID id.ID  `json:"QueueItemId"`
	QueueName   string `json:"QueueName"`
	TeamID      id.ID  `json:"TeamId"`
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
	action.Define(reg, action.Spec{Name: "rpt_RouteLead", Table: "lead", Effect: action.DB, Description: "Puts a lead into the queue for its place: by routing team, postal code, city, country. Without such a queue it does nothing."}, r.route)
	action.Define(reg, action.Spec{Name: "rpt_AssignLead", Table: "lead", Effect: action.DB, Description: "Gives a lead to the next seller of the queue's team in turn."}, r.assign)
}

func (r Routing) route(ctx context.Context, c action.Call, _ action.Empty) (Routed, error) {
	lead, err := c.Tx.Get(ctx, "lead", c.Target, []string{"rpt_routingteam", "address1_country", "address1_city", "address1_postalcode"}, nil)
	if err != nil {
		return Routed{}, err
	}
	to, ok := queue.Pick(r.Routes(), queue.Place{RoutingTeam: lead.Text("rpt_routingteam"), Country: lead.Text("address1_country"),
		City: lead.Text("address1_city"), PostalCode: lead.Text("address1_postalcode")})
	if !ok {
		return Routed{}, nil // it stays where it is, seen by whoever may see leads, rather than being held back
	}
	item, err := queue.Add(ctx, c.Tx, r.Clock, to.Queue, "lead", c.Target)
	return Routed{QueueID: to.Queue, QueueItemID: item, QueueName: to.Name, TeamID: to.Team}, err
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
	members, err := r.members(ctx, c, team)
	if err != nil {
		return Assigned{}, err
	}
	who, ok, err := queue.Deal(c.Tx.SQL(), "team "+team.String(), members)
	if err != nil {
		return Assigned{}, err
	}
	owner := Assigned{who, "systemuser"}
	if !ok {
		owner = Assigned{team, "team"} // a team without members keeps the lead itself
	}
	_, err = c.Tx.Update(ctx, "lead", c.Target, record.Row{"ownerid": owner.OwnerID, "owneridtype": owner.OwnerType}, record.Match{})
	return owner, err
}

// members lists who works in a team: from memory, and where that knows of
// nobody, as of a team made a moment ago, from the records.
func (r Routing) members(ctx context.Context, c action.Call, team id.ID) ([]id.ID, error) {
	if known := r.Teams.Members(team); len(known) > 0 {
		return known, nil
	}
	page, err := c.Tx.Find(ctx, query.Query{Table: "teammembership", Select: []string{"systemuserid"}, Where: query.And{
		query.Compare{Left: query.Path{"teamid"}, Value: team}, query.Compare{Left: query.Path{"systemuserid", "isdisabled"}, Op: query.Ne, Value: true}}})
	if err != nil {
		return nil, err
	}
	out := make([]id.ID, len(page.Rows))
	for i, row := range page.Rows {
		out[i] = row.ID("systemuserid")
	}
	return out, nil
}

func (r Routing) kept(ctx context.Context, c action.Call) (Assigned, error) {
	lead, err := c.Tx.Get(ctx, "lead", c.Target, []string{"ownerid"}, nil)
	return Assigned{lead.ID("ownerid"), lead.Text("owneridtype")}, err
}

// teamOf finds the team of the queue that the lead waits in.
func (r Routing) teamOf(ctx context.Context, c action.Call) (id.ID, error) {
	page, err := c.Tx.Find(ctx, query.Query{Table: "queueitem", Select: []string{"queueid"}, Limit: 1, Order: []query.Order{{Column: "enteredon", Desc: true}},
		Where: query.And{query.Compare{Left: query.Path{"objectid"}, Value: c.Target}, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}}})
	if err != nil || len(page.Rows) == 0 {
		return id.Nil, err
	}
	for _, route := range r.Routes() {
		if route.Queue == page.Rows[0].ID("queueid") {
			return route.Team, nil
		}
	}
	return id.Nil, nil
}
