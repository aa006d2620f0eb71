package audit

import (
	"context"

	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// RulesOutput lists the rules in force.
type RulesOutput struct {
	Rules []Rule `json:"Rules"`
}

// SetRuleInput says how long something is kept.
type SetRuleInput struct {
	Kind  string `json:"Kind" doc:"What is kept, as rpt_RetrieveRetention names it"`
	Table string `json:"Table,omitempty" doc:"Of change rows: one table"`
	Days  int64  `json:"Days" doc:"How long; 0 is for ever, and -1 as it comes with the product, or as for all other tables"`
}

// Define declares the actions about rules.
func (r *Retention) Define(reg *action.Registry, may *access.Control) {
	action.Define(reg, action.Spec{Name: "rpt_RetrieveRetention", Function: true, Description: "How long everything is kept that is not kept for ever."},
		func(ctx context.Context, c action.Call, _ action.Empty) (RulesOutput, error) {
			if err := may.Allow(ctx, "rpt_retention", access.Read); err != nil {
				return RulesOutput{}, err
			}
			rules, err := r.Rules(ctx, c.Reader)
			return RulesOutput{rules}, err
		})
	action.Define(reg, action.Spec{Name: "rpt_SetRetention", Effect: action.DB, Description: "Sets how long something is kept."},
		func(ctx context.Context, c action.Call, in SetRuleInput) (action.Empty, error) {
			return action.Empty{}, r.set(ctx, c.Tx, in)
		})
}

func (r *Retention) set(ctx context.Context, tx *record.Tx, in SetRuleInput) error {
	if err := tx.SQL().Lock("retention"); err != nil {
		return err
	}
	table := query.Node(query.Null{Left: query.Path{"rpt_table"}})
	values := record.Row{"rpt_kind": in.Kind, "rpt_days": in.Days}
	if in.Table != "" {
		table, values["rpt_table"] = query.Compare{Left: query.Path{"rpt_table"}, Value: in.Table}, in.Table
	}
	page, err := tx.Find(ctx, query.Query{Table: "rpt_retention", Where: query.And{query.Compare{Left: query.Path{"rpt_kind"}, Value: in.Kind}, table}})
	if err != nil {
		return err
	}
	for i, row := range page.Rows {
		if i > 0 || in.Days == -1 {
			err = tx.Delete(ctx, "rpt_retention", row.ID("rpt_retentionid"), record.Match{})
		} else {
			_, err = tx.Update(ctx, "rpt_retention", row.ID("rpt_retentionid"), values, record.Match{})
		}
		if err != nil {
			return err
		}
	}
	if len(page.Rows) > 0 || in.Days == -1 {
		return nil
	}
	_, err = tx.Create(ctx, "rpt_retention", values)
	return err
}
