package intake

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

// Rehearsed is what a draft of the rules would have done.
type Rehearsed struct {
	Checked int      `json:"Checked"` // leads looked at
	Matched int      `json:"Matched"` // that some rule of the draft holds for
	Changed int      `json:"Changed"` // that would be treated differently
	Errors  int      `json:"Errors"`  // on which a rule of the draft fails
	Samples []Sample `json:"Samples"`
}

// Sample is one lead that would be treated differently.
type Sample struct {
	LeadID      id.ID    `json:"leadid"`
	FullName    string   `json:"fullname"`
	CompanyName string   `json:"companyname"`
	Before      Verdict  `json:"before"`
	After       Verdict  `json:"after"`
	Hits        []string `json:"hits"` // rules of the draft that hold
}

// Verdict is what a set of rules makes of a lead.
type Verdict struct {
	Propensity  float64 `json:"propensity"`
	Score       int64   `json:"score"`
	NextAction  int64   `json:"nextaction"`
	RoutingTeam string  `json:"routingteam,omitempty"`
	Category    string  `json:"category,omitempty"`
}

const (
	rehearseDays  = 30
	rehearseLimit = 1000
	rehearseMost  = 5000
	sampleMax     = 50
)

func (a Actions) rehearse(ctx context.Context, c action.Call, in RehearseInput) (Rehearsed, error) {
	after, err := a.compileDraft(in.Rules)
	if err != nil {
		return Rehearsed{}, err
	}
	days, limit := in.Days, in.Limit
	if days <= 0 {
		days = rehearseDays
	}
	if limit <= 0 {
		limit = rehearseLimit
	}
	out := Rehearsed{Samples: []Sample{}}
	companies := map[id.ID]string{}
	cases := func(yield func(rule.Case, error) bool) {
		for row, err := range pastLeads(ctx, c.Reader, a.Clock.Now().AddDate(0, 0, -days), min(limit, rehearseMost)) {
			companies[row.ID("leadid")] = row.Text("companyname")
			if !yield(rule.Case{ID: row.ID("leadid"), Name: row.Text("fullname"), Vars: PastVars(row)}, err) {
				return
			}
		}
	}
	report, err := rule.Rehearse(ctx, a.Intake.c.Rules(), after, cases, sampleMax)
	if err != nil {
		return Rehearsed{}, err
	}
	out.Checked, out.Changed, out.Errors = report.Cases, report.Changed, report.Failed
	out.Matched = report.Matched
	for _, d := range report.Differences {
		s := Sample{LeadID: d.ID, FullName: d.Name, CompanyName: companies[d.ID], Before: verdict(d.Before), After: verdict(d.After), Hits: []string{}}
		for _, h := range d.After.Hits {
			s.Hits = append(s.Hits, h.Name)
		}
		out.Samples = append(out.Samples, s)
	}
	return out, nil
}

func verdict(o rule.Outcome) Verdict {
	p := Propensity(o.Points)
	team, _ := o.Set["rpt_routingteam"].(string)
	return Verdict{Propensity: p, Score: Score(p), NextAction: nextAction(p, o.NextAction), RoutingTeam: team, Category: o.Category}
}
