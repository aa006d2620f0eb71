package intake

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

// Actions are the intake's actions, and the check of rules that are written.
type Actions struct {
	Intake *Intake
	Env    func() (*expr.Env, error) // of the rules, as the columns are now
	Clock  clock.Clock
}

// ReplayInput may bring the mended data.
type ReplayInput struct {
	Data string `json:"Data,omitempty" doc:"The event's data, mended; without it the data as kept is tried again"`
}

// Replayed names the lead that a mended event has become.
type Replayed struct {
	LeadID *id.ID `json:"LeadId,omitempty" doc:"The lead; missing where the flow has not got as far yet, or where the caller may not see it"`
}

// RehearseInput is a draft of the rules, and what to try it on.
type RehearseInput struct {
	Rules string `json:"Rules" doc:"JSON array of rules: name, condition, points, setvalues, nextaction, category, order"`
	Days  int    `json:"Days,omitempty" doc:"Leads of so many days back; 30 if not given"`
	Limit int    `json:"Limit,omitempty" doc:"At most so many leads, the newest first; 1,000 if not given, 5,000 at most"`
}

// ValidateInput is a condition.
type ValidateInput struct {
	Condition string `json:"Condition" doc:"CEL expression"`
}

// Validated tells whether a condition can be used.
type Validated struct {
	Valid   bool   `json:"Valid"`
	Message string `json:"Message"`
	Line    int    `json:"Line,omitempty" doc:"Where it is wrong, from 1"`
	Column  int    `json:"Column,omitempty" doc:"Where in the line, in characters from 1"`
}

// Define declares the actions.
func (a Actions) Define(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_ReplayQuarantine", Table: "rpt_quarantine", Effect: action.DB, Right: access.Write,
		Description: "Sends a quarantined event through the intake again, with mended data if given."}, a.replay)
	action.Define(r, action.Spec{Name: "rpt_RehearseRules", Effect: action.Read,
		Description: "Tries a draft of the rules on past leads beside the rules in force; changes nothing."}, a.rehearse)
	action.Define(r, action.Spec{Name: "rpt_ValidateRule", Effect: action.Read,
		Description: "Tells whether a condition can be used, and where it is wrong."}, a.validate)
}

func (a Actions) replay(ctx context.Context, c action.Call, in ReplayInput) (Replayed, error) {
	row, err := c.Tx.Get(ctx, "rpt_quarantine", c.Target, nil, nil)
	if err != nil {
		return Replayed{}, err
	}
	if row.Int("statecode") != 0 {
		return Replayed{}, errs.New(errs.Conflict, "intake.replayed", "this event has been replayed or discarded already")
	}
	data := json.RawMessage(in.Data)
	if in.Data == "" {
		if data, _ = row["rpt_data"].(json.RawMessage); data == nil {
			data = json.RawMessage(row.Text("rpt_raw"))
		}
	}
	created, _ := row["createdon"].(time.Time)
	e := Event{ID: row.Text("rpt_eventid"), Source: row.Text("rpt_source"), Topic: row.Text("rpt_topic"), Time: created, Data: data}
	lead, faults := a.Intake.c.Cleaner.Clean(e)
	if len(faults) > 0 {
		return Replayed{}, errs.InvalidFields("intake.invalid", "the event is still no lead", fields(faults))
	}
	input, err := a.Intake.decide(ctx, lead, e)
	if err != nil {
		return Replayed{}, err
	}
	change := record.Row{"statecode": int64(1)}
	if in.Data != "" {
		change["rpt_data"] = data
	}
	// The version makes two people who replay at once collide, so that it happens once.
	if _, err := c.Tx.Update(ctx, "rpt_quarantine", c.Target, change, record.Match{Version: row.Version()}); err != nil {
		return Replayed{}, err
	}
	run, err := a.Intake.c.Flows.Begin(ctx, c.Tx.SQL(), Flow, input, "quarantine "+c.Target.String())
	if err != nil {
		return Replayed{}, err
	}
	c.Tx.SQL().AfterCommit(func() { a.Intake.c.Metrics.leads.WithLabelValues("replayed").Inc() })
	return leadOf(ctx, c.Tx, run)
}

// leadOf names the lead that a run is about, if the caller may see it.
func leadOf(ctx context.Context, tx *record.Tx, run id.ID) (Replayed, error) {
	row, err := tx.Get(access.AsSystem(ctx, "the lead of a replayed event"), "rpt_flowrun", run, []string{"rpt_regarding"}, nil)
	if err != nil {
		return Replayed{}, err
	}
	lead := row.ID("rpt_regarding")
	if lead == id.Nil {
		return Replayed{}, nil
	}
	_, err = tx.Get(ctx, "lead", lead, []string{"leadid"}, nil)
	if errs.Has(err, errs.NotFound) || errs.Has(err, errs.Forbidden) {
		return Replayed{}, nil
	}
	return Replayed{LeadID: &lead}, err
}

func fields(faults []Fault) []errs.Field {
	out := make([]errs.Field, len(faults))
	for i, f := range faults {
		out[i] = errs.Field{Name: f.Column, Code: f.Code, Message: f.Message}
	}
	return out
}

func (a Actions) validate(_ context.Context, _ action.Call, in ValidateInput) (Validated, error) {
	env, err := a.Env()
	if err != nil {
		return Validated{}, err
	}
	if _, err = env.Compile(in.Condition); err == nil {
		return Validated{Valid: true}, nil
	}
	if wrong, ok := errors.AsType[*expr.InvalidError](err); ok {
		first := wrong.Problems[0]
		return Validated{Message: first.Message, Line: first.Line, Column: first.Column}, nil
	}
	return Validated{Message: expr.Message(err)}, nil
}

// CheckRules is the hook that keeps rules which can't be used from being
// written, and numbers their versions.
func (a Actions) CheckRules() record.Hook {
	check := func(row record.Row) error {
		env, err := a.Env()
		if err != nil {
			return err
		}
		return rule.Check(env, RuleOf(row), func(name string, value any) error {
			c, ok := a.Intake.c.Cleaner.Columns.Column(name)
			if !ok || c.System {
				return errs.New(errs.Invalid, "column.unknown", "there is no such column, or rules can't set it")
			}
			_, err := c.Coerce(value)
			return err
		})
	}
	return record.Hook{Table: "rpt_rule",
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error {
			row["rpt_version"] = int64(1)
			return check(row)
		},
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			merged := record.Row{}
			for k, v := range old {
				merged[k] = v
			}
			for k, v := range change {
				merged[k] = v
			}
			change["rpt_version"] = old.Int("rpt_version") + 1
			return check(merged)
		},
	}
}

// draft is a rule as the editor sends it.
type draft struct {
	ID         id.ID          `json:"id"`
	Name       string         `json:"name"`
	Condition  string         `json:"condition"`
	Points     int64          `json:"points"`
	Set        map[string]any `json:"setvalues"`
	NextAction int64          `json:"nextaction"`
	Category   string         `json:"category"`
	Reason     string         `json:"reason"`
	Order      int64          `json:"order"`
	Version    int64          `json:"version"`
}

// compileDraft refuses a draft of which a rule can't be used.
func (a Actions) compileDraft(text string) (*rule.Set, error) {
	var drafts []draft
	if err := json.Unmarshal([]byte(text), &drafts); err != nil || len(drafts) > 1000 {
		return nil, errs.New(errs.Invalid, "intake.rules", "Rules must be a JSON array of at most 1,000 rules")
	}
	var rules []rule.Rule
	for _, d := range drafts {
		if d.ID == id.Nil {
			d.ID = id.Derive("rpt_rule", d.Name)
		}
		rules = append(rules, rule.Rule{ID: d.ID, Name: d.Name, Condition: d.Condition, Points: d.Points, Set: d.Set, NextAction: d.NextAction,
			Category: d.Category, Reason: d.Reason, Order: d.Order, Version: d.Version})
	}
	env, err := a.Env()
	if err != nil {
		return nil, err
	}
	set, bad := rule.Compile(env, rules)
	if len(bad) > 0 {
		var all []errs.Field
		for _, b := range bad {
			all = append(all, errs.Field{Name: b.Rule.Name, Code: errs.CodeOf(b.Err), Message: expr.Message(b.Err)})
		}
		return nil, errs.InvalidFields("rule.invalid", "some rules can't be used as they stand", all)
	}
	return set, nil
}

// pastLeads reads leads that the caller may see, the newest first.
func pastLeads(ctx context.Context, from record.Reader, since time.Time, limit int) iter.Seq2[record.Row, error] {
	return func(yield func(record.Row, error) bool) {
		q := query.Query{Table: "lead", Order: []query.Order{{Column: "createdon", Desc: true}}, Limit: min(limit, 500),
			Where: query.Compare{Left: query.Path{"createdon"}, Op: query.Ge, Value: since}}
		for left := limit; left > 0; {
			page, err := from.Find(ctx, q)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range page.Rows {
				if left--; !yield(row, nil) || left == 0 {
					return
				}
			}
			if page.Next == nil {
				return
			}
			q.After = page.Next
		}
	}
}
