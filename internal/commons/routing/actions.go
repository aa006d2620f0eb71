package routing

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
)

// Routers name, by table, the action that routes its records where no rule set is active.
type Routers map[string]string

// RuleInput names a record that is to be routed.
type RuleInput struct {
	Target action.Ref `json:"Target" doc:"Record that the routing rules look at"`
}

// Routed says where a record went.
type Routed struct {
	Outcome   int64  `json:"Outcome"` // 1 assigned, 2 waits in its queue, 3 fall-back, 4 a rule failed
	Reason    string `json:"Reason"`
	QueueID   id.ID  `json:"QueueId"`
	QueueName string `json:"QueueName"`
	OwnerID   id.ID  `json:"OwnerId"`
	OwnerType string `json:"OwnerType"`
	RuleName  string `json:"RuleName"`
	Version   int64  `json:"Version"`
}

// actions does what people do with rule sets.
type actions struct {
	engine *Engine
}

// Checked is what a check found.
type Checked struct {
	Faults   int       `json:"Faults"`
	Warnings int       `json:"Warnings"`
	Rules    int       `json:"Rules"`
	Problems []Problem `json:"Problems"`
}

// Define declares the package's actions.
func Define(r *action.Registry, e *Engine, routers Routers) {
	a := &actions{e}
	action.Define(r, action.Spec{Name: "msdyn_ApplyRoutingRuleEntityRecord", Effect: action.DB, Description: "Routes a record by the rules of its table: into its queue, and to somebody who works there."},
		func(ctx context.Context, c action.Call, in RuleInput) (Routed, error) {
			d, err := e.Route(ctx, c.Tx, in.Target.Table, in.Target.ID)
			if name, ok := routers[in.Target.Table]; ok && errors.Is(err, ErrNoRules) {
				_, err = r.CallIn(ctx, c.Tx, name, in.Target.ID, nil)
				return Routed{}, err
			}
			if errors.Is(err, ErrNoRules) {
				return Routed{}, errs.New(errs.Unsupported, "queue.routing", "records of %s have no routing rules", in.Target.Table)
			}
			return d.routed(), err
		})
	action.Define(r, action.Spec{Name: "rpt_CheckRouting", Table: "routingrule", Effect: action.Read, Right: access.Read,
		Description: "Looks for rules of a set that can't be used, contradict one another, are never reached, never hold or lead nowhere."}, a.check)
	action.Define(r, action.Spec{Name: "rpt_RehearseRouting", Table: "routingrule", Effect: action.Read, Right: access.Read,
		Description: "Tries a rule set on past records beside the one in force: who would have got what, and what differs. Writes nothing."}, a.rehearse)
	action.Define(r, action.Spec{Name: "rpt_DraftRouting", Table: "routingrule", Effect: action.DB, Right: access.Read, Description: "Makes a draft with the rules of a version."}, a.draft)
	action.Define(r, action.Spec{Name: "rpt_ActivateRouting", Table: "routingrule", Effect: action.DB, Right: access.Write,
		Description: "Brings a version in force in place of the active one of its table, if the check finds no faults."}, a.activate)
	action.Define(r, action.Spec{Name: "rpt_DeactivateRouting", Table: "routingrule", Effect: action.DB, Right: access.Write, Description: "Takes the active version out of force."}, a.deactivate)
	action.Define(r, action.Spec{Name: "rpt_RollBackRouting", Table: "routingrule", Effect: action.DB, Right: access.Write,
		Description: "Brings the version that was active before the active one in force again."}, a.rollBack)
}

func (d Decision) routed() Routed {
	out := Routed{Outcome: int64(d.Outcome), Reason: d.Reason, QueueID: d.Queue, QueueName: d.QueueName, OwnerID: d.Owner, OwnerType: d.OwnerType}
	if d.Set != nil {
		out.Version = d.Set.Version
	}
	if d.Rule != nil {
		out.RuleName = d.Rule.Name
	}
	return out
}

func (a *actions) check(ctx context.Context, c action.Call, _ action.Empty) (Checked, error) {
	row, err := c.Reader.Get(ctx, "routingrule", c.Target, nil, nil)
	if err != nil {
		return Checked{}, err
	}
	s, bad, err := read(ctx, c.Reader, row, a.engine.Catalog())
	if err != nil {
		return Checked{}, err
	}
	out := Checked{Rules: s.Rules(), Problems: a.engine.Check(s, a.engine.Catalog(), bad)}
	if out.Problems == nil {
		out.Problems = []Problem{}
	}
	for _, p := range out.Problems {
		if p.Level == Fault {
			out.Faults++
		} else {
			out.Warnings++
		}
	}
	return out, nil
}
