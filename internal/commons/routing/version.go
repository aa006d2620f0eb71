package routing

import (
	"context"
	"fmt"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Drafted names a new draft.
type Drafted struct {
	RoutingRuleID id.ID `json:"RoutingRuleId"`
	Version       int64 `json:"Version"`
	Rules         int   `json:"Rules"`
}

// ActivateInput says whether warnings are accepted.
type ActivateInput struct {
	AcceptWarnings bool `json:"AcceptWarnings,omitempty" doc:"Activate although the check has warnings"`
}

// Activation says what is in force now.
type Activation struct {
	Version  int64 `json:"Version"`
	Previous id.ID `json:"Previous"` // the version that was active before; nil id for none
}

// copied are the columns that a new draft takes over.
var copied = struct{ head, rule []string }{
	[]string{"name", "description", "rpt_table", "rpt_allocation", "rpt_fallbackqueueid", "rpt_oncreate", "rpt_citycolumn", "rpt_postalcolumn", "rpt_countrycolumn"},
	[]string{"name", "description", "sequencenumber", "rpt_country", "rpt_city", "rpt_postalcode", "conditionxml", "rpt_condition", "routedqueueid", "assignobjectid", "assignobjectidtype", "rpt_skills", "rpt_allocation"},
}

// draft makes a draft with the rules of a version.
func (a *actions) draft(ctx context.Context, c action.Call, _ action.Empty) (Drafted, error) {
	from, err := c.Tx.Get(ctx, "routingrule", c.Target, nil, nil)
	if err != nil {
		return Drafted{}, err
	}
	row := record.Row{}
	for _, name := range copied.head {
		row[name] = from[name]
	}
	made, err := c.Tx.Create(ctx, "routingrule", row)
	if err != nil {
		return Drafted{}, err
	}
	if _, err := c.Tx.Update(access.Elevate(ctx, "what a draft was made of"), "routingrule", made.ID("routingruleid"), record.Row{"rpt_baseid": c.Target}, record.Match{}); err != nil {
		return Drafted{}, err
	}
	rules, err := items(ctx, c.Tx, c.Target)
	if err != nil {
		return Drafted{}, err
	}
	fresh := make([]record.Row, len(rules))
	for i, rule := range rules {
		fresh[i] = record.Row{"routingruleid": made.ID("routingruleid")}
		for _, name := range copied.rule {
			if rule[name] != nil {
				fresh[i][name] = rule[name]
			}
		}
	}
	_, err = c.Tx.CreateMany(ctx, "routingruleitem", fresh)
	return Drafted{made.ID("routingruleid"), made.Int("rpt_version"), len(rules)}, err
}

// activate brings a version in force in place of the one that is: a draft that
// stands the check, or one that was active before, which is rolling back.
func (a *actions) activate(ctx context.Context, c action.Call, in ActivateInput) (Activation, error) {
	row, err := c.Tx.Demand(ctx, "routingrule", c.Target, access.Write)
	if err != nil {
		return Activation{}, err
	}
	if row.Int("statecode") == active {
		return Activation{}, errs.New(errs.Conflict, "routing.active", "this version is active already")
	}
	s, bad, err := read(ctx, c.Tx, row, c.Tx.Catalog())
	if err != nil {
		return Activation{}, err
	}
	problems := a.engine.Check(s, c.Tx.Catalog(), bad)
	if err := refuse(problems, in.AcceptWarnings); err != nil {
		return Activation{}, err
	}
	return a.put(ctx, c, row, nil)
}

// refuse turns problems into an error.
func refuse(problems []Problem, accept bool) error {
	faults, warnings := 0, 0
	var fields []errs.Field
	for _, p := range problems {
		if p.Level == Fault {
			faults++
		} else {
			warnings++
		}
		if (p.Level == Fault || !accept) && len(fields) < 50 {
			fields = append(fields, errs.Field{Name: p.Name, Code: p.Code, Message: p.Message})
		}
	}
	switch {
	case faults > 0:
		return errs.InvalidFields("routing.faults", fmt.Sprintf("the rule set has %d faults and can't be activated", faults), fields)
	case warnings > 0 && !accept:
		return errs.InvalidFields("routing.warnings", fmt.Sprintf("the rule set has %d warnings: accept them to activate it", warnings), fields)
	}
	return nil
}

// put makes a version the active one of its table, since a moment; nil is now.
func (a *actions) put(ctx context.Context, c action.Call, row record.Row, since any) (Activation, error) {
	table := row.Text("rpt_table")
	if err := c.Tx.SQL().Lock("routing rules of " + table); err != nil {
		return Activation{}, err
	}
	page, err := c.Tx.Find(access.Elevate(ctx, "the active routing rules"), query.Query{Table: "routingrule", Where: query.And{
		query.Compare{Left: query.Path{"rpt_table"}, Value: table}, query.Compare{Left: query.Path{"statecode"}, Value: active}}})
	if err != nil {
		return Activation{}, err
	}
	out := Activation{Version: row.Int("rpt_version")}
	now, within := a.engine.Clock.Now(), switching(ctx) // when a version was active is the platform's to say
	if since == nil {
		since = now // the very moment at which the other one ends, by which rolling back finds it
	}
	for _, other := range page.Rows {
		out.Previous = other.ID("routingruleid")
		if _, err := c.Tx.Update(within, "routingrule", out.Previous, record.Row{"statecode": draft, "rpt_deactivatedon": now}, record.Match{}); err != nil {
			return Activation{}, err
		}
	}
	_, err = c.Tx.Update(within, "routingrule", c.Target, record.Row{"statecode": active, "rpt_activatedon": since, "rpt_deactivatedon": nil}, record.Match{})
	return out, err
}

// rollBack brings the version that was active before this one in force again.
// It was checked when it was activated, and is not again: what is wrong since is
// better than being kept from going back.
func (a *actions) rollBack(ctx context.Context, c action.Call, _ action.Empty) (Activation, error) {
	row, err := c.Tx.Demand(ctx, "routingrule", c.Target, access.Write)
	if err != nil {
		return Activation{}, err
	}
	if row.Int("statecode") != active {
		return Activation{}, errs.New(errs.Conflict, "routing.inactive", "only the active version can be rolled back")
	}
	page, err := c.Tx.Find(ctx, query.Query{Table: "routingrule", Limit: 1, Order: []query.Order{{Column: "rpt_deactivatedon", Desc: true}}, Where: query.And{
		query.Compare{Left: query.Path{"rpt_table"}, Value: row.Text("rpt_table")}, query.Compare{Left: query.Path{"rpt_deactivatedon"}, Op: query.Le, Value: row["rpt_activatedon"]},
		query.Compare{Left: query.Path{"statecode"}, Value: draft}}})
	if err != nil {
		return Activation{}, err
	}
	if len(page.Rows) == 0 {
		return Activation{}, errs.New(errs.Conflict, "routing.first", "there is no earlier version to go back to")
	}
	c.Target = page.Rows[0].ID("routingruleid")
	// It keeps the time of its own activation, so that what was before it is found as well.
	return a.put(ctx, c, page.Rows[0], page.Rows[0]["rpt_activatedon"])
}

// deactivate takes the active version out of force: the table's records are not routed by rules any more.
func (a *actions) deactivate(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
	row, err := c.Tx.Demand(ctx, "routingrule", c.Target, access.Write)
	if err != nil {
		return action.Empty{}, err
	}
	if row.Int("statecode") != active {
		return action.Empty{}, errs.New(errs.Conflict, "routing.inactive", "the version is not active")
	}
	_, err = c.Tx.Update(switching(ctx), "routingrule", c.Target, record.Row{"statecode": draft, "rpt_deactivatedon": a.engine.Clock.Now()}, record.Match{})
	return action.Empty{}, err
}
