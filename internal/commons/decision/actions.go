package decision

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// DecideInput names a record that is to be decided on.
type DecideInput struct {
	Target   action.Ref  `json:"Target" doc:"The record"`
	Decision *action.Ref `json:"Decision,omitempty" type:"rpt_decision" doc:"The decision set; by default the only active one of the table"`
}

// DecideOutput is the decision.
type DecideOutput struct {
	CheckID id.ID `json:"CheckId" doc:"Id of the decision, a row of rpt_decisioncheck"`
	Outcome int64 `json:"Outcome" doc:"1 passed, 2 referred, 3 failed"`
}

// Define declares the actions.
func (s *Service) Define(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_Decide", Effect: action.Alone, Description: "Decides on a record by the version of a decision set in force: asks the services that it needs, and keeps inputs, outcome, reasons and what would make it pass. The caller must be allowed to write the record."}, s.decideNow)
	action.Define(r, action.Spec{Name: "rpt_RequestDecision", Effect: action.DB, Description: "Has a record decided on in the background, as flows do."}, s.decideLater)
	action.Define(r, action.Spec{Name: "rpt_RequestOverride", Table: "rpt_decisioncheck", Effect: action.DB, Right: access.Read, Description: "Asks for a decision not to stand, with the reason. The caller must be allowed to write the record."}, s.requestOverride)
	action.Define(r, action.Spec{Name: "rpt_SettleOverride", Table: "rpt_decisioncheck", Effect: action.DB, Right: access.Write, Description: "Approves or rejects an override that another person asked for."}, s.settleOverride)
	action.Define(r, action.Spec{Name: "rpt_ExamineDecision", Effect: action.Read, Description: "Examines the definition of a decision set: what is wrong with it, what contradicts itself, is never reached or is not covered."}, s.examine)
	action.Define(r, action.Spec{Name: "rpt_ActivateDecision", Table: "rpt_decisionversion", Effect: action.DB, Right: access.Write, Description: "Puts a version in force within its dates. One that contradicts itself is refused, one with warnings unless they are accepted."}, s.activate)
	action.Define(r, action.Spec{Name: "rpt_RollBackDecision", Table: "rpt_decision", Effect: action.DB, Right: access.Write, Description: "Retires the version in force, so that the one before is in force again."}, s.rollBack)
	action.Define(r, action.Spec{Name: "rpt_CopyDecisionVersion", Table: "rpt_decisionversion", Effect: action.DB, Right: access.Create, Description: "Makes a draft of a version, to be changed."}, s.copyVersion)
	action.Define(r, action.Spec{Name: "rpt_RehearseDecision", Table: "rpt_decisionversion", Effect: action.Read, Right: access.Read, Description: "Tries a version on past records or decisions, and shows what it decides differently from the one in force. Nothing is written."}, s.rehearse)
	action.Define(r, action.Spec{Name: "rpt_TryDecision", Table: "rpt_decisionversion", Effect: action.Read, Right: access.Read, Description: "Decides by a version on values made up. Nothing is written, no service is asked."}, s.try)
}

// target finds the set that decides on a record.
func (s *Service) target(ctx context.Context, from record.Reader, in DecideInput) (work, error) {
	w := work{Table: in.Target.Table, Record: in.Target.ID}
	where := query.And{eq("rpt_table", w.Table), eq("statecode", int64(0))}
	if in.Decision != nil && !in.Decision.IsZero() {
		where = append(where, eq("rpt_decisionid", in.Decision.ID))
	}
	page, err := from.Find(s.system(ctx, "set of a table"), query.Query{Table: "rpt_decision", Select: []string{"rpt_decisionid"}, Where: where, Limit: 2})
	if err != nil {
		return w, err
	}
	if len(page.Rows) != 1 {
		return w, errs.InvalidFields("decision.set", "name the decision set", []errs.Field{{Name: "Decision", Code: "required", Message: "the table has no active decision set of that name, or several of them"}})
	}
	w.Decision = page.Rows[0].ID("rpt_decisionid")
	return w, nil
}

func (s *Service) decideNow(ctx context.Context, c action.Call, in DecideInput) (DecideOutput, error) {
	w, err := s.target(ctx, c.Reader, in)
	if err != nil {
		return DecideOutput{}, err
	}
	got, err := s.decide(ctx, w, nil)
	return DecideOutput{got.check, int64(got.outcome)}, err
}

func (s *Service) decideLater(ctx context.Context, c action.Call, in DecideInput) (action.Empty, error) {
	w, err := s.target(ctx, c.Tx, in)
	if err != nil {
		return action.Empty{}, err
	}
	if _, err := c.Tx.Demand(ctx, w.Table, w.Record, access.Write); err != nil {
		return action.Empty{}, err
	}
	return action.Empty{}, s.enqueue(c.Tx, w)
}
