package routing

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// considered is what a reason keeps of the candidates.
type considered struct {
	Number int            `json:"number"`
	Counts map[string]int `json:"counts"` // by verdict
	First  []Candidate    `json:"first"`  // whoever was chosen, and the first of the others
}

// summary keeps who was chosen and as many of the others as are listed.
func summary(list []Candidate) considered {
	c := considered{Number: len(list), Counts: map[string]int{}, First: []Candidate{}}
	for _, one := range list {
		c.Counts[one.Verdict]++
		if one.Verdict == Chosen {
			c.First = append([]Candidate{one}, c.First...)
		} else if len(c.First) < listed {
			c.First = append(c.First, one)
		}
	}
	return c
}

// writeDown keeps the reason of a decision, and tells somebody where a rule failed.
func (e *Engine) writeDown(ctx context.Context, tx *record.Tx, row record.Row, d *Decision) error {
	if d.Outcome == Failed {
		if err := e.tell(ctx, tx, d); err != nil {
			return err
		}
	}
	candidates, err := query.RawJSON(summary(d.candidates))
	if err != nil {
		return err
	}
	out := record.Row{"rpt_regarding": d.Record, "rpt_regardingtype": d.Table, "rpt_outcome": int64(d.Outcome), "rpt_reason": clip(d.Reason, 3999), "rpt_candidates": candidates, "rpt_waiting": d.nobody}
	name := d.QueueName
	if d.Set != nil {
		out["rpt_routingruleid"], out["rpt_version"] = d.Set.ID, d.Set.Version
	}
	rule := d.Rule
	if d.failure != nil {
		rule = d.failure.Rule
	}
	if rule != nil {
		out["rpt_ruleid"], out["rpt_rulename"] = rule.ID, clip(rule.Name, 199)
	}
	if d.Queue != id.Nil {
		out["rpt_queueid"] = d.Queue
	}
	if d.Owner != id.Nil {
		out["ownerid"], out["owneridtype"] = d.Owner, d.OwnerType
		out["rpt_assigneeid"], out["rpt_assigneeidtype"] = d.Owner, d.OwnerType
		if who := e.People().name(d.Owner); who != "" {
			name = who
		}
	}
	if name == "" {
		name = "No queue"
	}
	out["rpt_name"] = clip(name, 299)
	_, err = tx.Create(ctx, "rpt_assignment", out)
	return err
}

// quiet is how long nobody is told again that the same rule fails.
const quiet = time.Hour

// tell lets the owner of the rule set know that a rule fails.
func (e *Engine) tell(ctx context.Context, tx *record.Tx, d *Decision) error {
	told, err := tx.Find(ctx, query.Query{Table: "rpt_assignment", Select: []string{"rpt_assignmentid"}, Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{"rpt_ruleid"}, Value: d.failure.Rule.ID}, query.Compare{Left: query.Path{"rpt_outcome"}, Value: int64(Failed)},
		query.Compare{Left: query.Path{"createdon"}, Op: query.Gt, Value: e.Clock.Now().Add(-quiet)}}})
	if err != nil || len(told.Rows) > 0 {
		return err
	}
	people := e.Teams.Members(d.Set.Owner)
	if len(people) == 0 && e.Teams.Known(d.Set.Owner) && d.Set.Owner != access.SystemUser {
		people = []id.ID{d.Set.Owner}
	}
	for _, who := range people {
		_, err := notify.Send(ctx, tx, who, notify.Input{Title: clip("A routing rule fails: "+d.failure.Rule.Name, 99), Body: clip(d.Reason+" The record is kept and waits in "+orNone(d.QueueName)+".", 999),
			RegardingID: d.Record, RegardingType: d.Table})
		if err != nil {
			return err
		}
	}
	return nil
}

func orNone(name string) string {
	if name == "" {
		return "no queue"
	}
	return quoted(name)
}
