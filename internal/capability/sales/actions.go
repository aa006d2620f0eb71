package sales

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Disqualify says why a lead is closed without a sale.
type Disqualify struct {
	Status *int64 `json:"Status,omitempty" doc:"Status reason: 4 lost, 5 cannot contact, 6 no longer interested, 7 canceled, 8 duplicate, 9 spam or test entry"`
	Reason string `json:"Reason" doc:"Why, in the seller's words"`
	// To whom the business went.
	Competitor *action.Ref `json:"Competitor,omitempty" type:"competitor" doc:"Who got the business, where it is known"`
}

// Define declares the package's actions.
func Define(reg *action.Registry, r Routing) {
	r.define(reg)
	defineCloses(reg, r.Engine.Clock)
	action.Define(reg, action.Spec{Name: "QualifyLead", Table: "lead", Effect: action.DB, Right: access.Write,
		Description: "Closes a lead as qualified and makes an account, a contact and an opportunity of it as asked."}, qualify)
	action.Define(reg, action.Spec{Name: "rpt_RetrieveLeadMatches", Table: "lead", Function: true, Right: access.Read,
		Description: "Looks for accounts, contacts and open opportunities that a lead may belong to, and says what is the same."}, matches)
	action.Define(reg, action.Spec{Name: "rpt_DisqualifyLead", Table: "lead", Effect: action.DB, Right: access.Write,
		Description: "Closes a lead without a sale, with the reason."}, disqualifying{r.Engine.Clock}.do)
	action.Define(reg, action.Spec{Name: "rpt_ReactivateLead", Table: "lead", Effect: action.DB, Right: access.Write,
		Description: "Opens a closed lead again."}, reactivate)
}

// disqualifying closes leads without a sale.
type disqualifying struct{ clock clock.Clock }

func (d disqualifying) do(ctx context.Context, c action.Call, in Disqualify) (action.Empty, error) {
	lead, err := openLead(ctx, c)
	if err != nil {
		return action.Empty{}, err
	}
	reason := reasonLost
	if in.Status != nil && *in.Status != -1 {
		reason = *in.Status
	}
	change := record.Row{"statecode": leadDisqualified, "statuscode": reason, "rpt_disqualifyreason": in.Reason, "rpt_disqualifiedon": d.clock.Now()}
	if in.Competitor != nil && !in.Competitor.IsZero() {
		change["rpt_competitorid"] = in.Competitor.ID
	}
	_, err = c.Tx.Update(ctx, "lead", c.Target, change, record.Match{Version: lead.Version()})
	return action.Empty{}, err
}

func reactivate(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
	lead, err := lockLead(ctx, c)
	if err != nil {
		return action.Empty{}, err
	}
	if lead.Int("statecode") == leadOpen {
		return action.Empty{}, errs.New(errs.Conflict, "sales.lead_open", "the lead is open already")
	}
	_, err = c.Tx.Update(ctx, "lead", c.Target, record.Row{"statecode": leadOpen, "statuscode": reasonNew, "rpt_disqualifyreason": nil, "rpt_disqualifiedon": nil, "rpt_competitorid": nil}, record.Match{Version: lead.Version()})
	return action.Empty{}, err
}
