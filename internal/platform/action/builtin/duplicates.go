package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/duplicate"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// DuplicatesInput asks for the rows that count as the same as a record.
type DuplicatesInput struct {
	BusinessEntity     action.Entity `json:"BusinessEntity" doc:"A record, which need not be there yet"`
	MatchingEntityName string        `json:"MatchingEntityName" doc:"Logical name of the table to look in"`
	PagingInfo         *PagingInfo   `json:"PagingInfo,omitempty"`
}

// DuplicatesOutput lists them.
type DuplicatesOutput struct {
	Value []odata.Typed `json:"value"`
}

// DuplicateRuleInput names a rule.
type DuplicateRuleInput struct {
	DuplicateRuleID id.ID `json:"DuplicateRuleId"`
}

// PublishOutput names the job that makes the keys.
type PublishOutput struct {
	JobID id.ID `json:"JobId"`
}

// MergeInput makes one record of two.
type MergeInput struct {
	Target                 action.Ref    `json:"Target" doc:"Record that stays"`
	Subordinate            action.Ref    `json:"Subordinate" doc:"Record that goes into it"`
	UpdateContent          action.Entity `json:"UpdateContent,omitempty" doc:"Values that the record which stays takes over"`
	PerformParentingChecks bool          `json:"PerformParentingChecks,omitempty" doc:"Refuse records of different parents"`
}

// UndoMergeOutput tells what came back and what did not.
type UndoMergeOutput struct {
	Values   int        `json:"Values" doc:"Values that are as they were before"`
	Children int        `json:"Children" doc:"Records that hang on the record that went again"`
	Kept     []KeptItem `json:"Kept" doc:"What was left as it is"`
}

// KeptItem is something that undoing left as it is.
type KeptItem struct {
	Table  string `json:"Table"`
	ID     id.ID  `json:"Id"`
	Column string `json:"Column"`
	Reason string `json:"Reason" doc:"changed, gone or refused"`
}

// DefineDuplicates declares what is done about duplicates.
func (s *Service) DefineDuplicates(r *action.Registry, e *duplicate.Engine, p *duplicate.Publisher) {
	action.Define(r, action.Spec{Name: "RetrieveDuplicates", Function: true, Description: "The records that count as the same as a record, by the published rules."},
		func(ctx context.Context, c action.Call, in DuplicatesInput) (DuplicatesOutput, error) {
			row := in.BusinessEntity.Row
			if in.BusinessEntity.ID != id.Nil {
				there, err := c.Reader.Get(ctx, in.BusinessEntity.Table, in.BusinessEntity.ID, nil, nil)
				if err != nil {
					return DuplicatesOutput{}, err
				}
				for name, v := range row {
					there[name] = v
				}
				row = there
			}
			rows, err := e.Find(ctx, c.Reader, in.BusinessEntity.Table, row, in.MatchingEntityName, nil)
			if err != nil {
				return DuplicatesOutput{}, err
			}
			out := DuplicatesOutput{Value: []odata.Typed{}}
			from, to := 0, len(rows)
			if page := in.PagingInfo; page != nil && page.Count > 0 {
				from = min(len(rows), max(0, page.PageNumber-1)*page.Count)
				to = min(len(rows), from+page.Count)
			}
			for _, row := range rows[from:to] {
				out.Value = append(out.Value, odata.Typed{Table: in.MatchingEntityName, Row: row})
			}
			return out, nil
		})
	action.Define(r, action.Spec{Name: "PublishDuplicateRule", Effect: action.DB, Privilege: access.PublishDuplicate, Description: "Puts a duplicate rule in force, once the rows that are there have been gone through."},
		func(ctx context.Context, c action.Call, in DuplicateRuleInput) (PublishOutput, error) {
			key, err := p.Publish(ctx, c.Tx, in.DuplicateRuleID)
			return PublishOutput{key}, err
		})
	action.Define(r, action.Spec{Name: "UnpublishDuplicateRule", Effect: action.DB, Privilege: access.PublishDuplicate, Description: "Takes a duplicate rule out of force."},
		func(ctx context.Context, c action.Call, in DuplicateRuleInput) (action.Empty, error) {
			return action.Empty{}, p.Unpublish(ctx, c.Tx, in.DuplicateRuleID)
		})
	action.Define(r, action.Spec{Name: "rpt_ScanDuplicates", Table: "duplicaterule", Effect: action.DB, Privilege: access.PublishDuplicate, Description: "Looks through a whole table for duplicates by a published rule, in the background; what is found becomes rows of duplicaterecord."},
		func(ctx context.Context, c action.Call, _ action.Empty) (PublishOutput, error) {
			key, err := p.Scan(ctx, c.Tx, c.Target)
			return PublishOutput{key}, err
		})
	action.Define(r, action.Spec{Name: "Merge", Effect: action.DB, Privilege: access.Merge, Description: "Makes one record of two: what hangs on the one that goes moves to the one that stays."}, s.merge)
	action.Define(r, action.Spec{Name: "rpt_UndoMerge", Table: "rpt_merge", Effect: action.DB, Privilege: access.Merge, Description: "Takes a merge back; what was changed since is left as it is and told of."}, s.undoMerge)
}

func (s *Service) merge(ctx context.Context, c action.Call, in MergeInput) (action.Empty, error) {
	if in.Target.Table != in.Subordinate.Table {
		return action.Empty{}, errs.New(errs.Invalid, "merge.table", "Target and Subordinate must belong to one table")
	}
	m := duplicate.Merging{Table: in.Target.Table, Stays: in.Target.ID, Goes: in.Subordinate.ID, CheckParents: in.PerformParentingChecks}
	if in.UpdateContent.Sent() {
		if in.UpdateContent.Table != in.Target.Table {
			return action.Empty{}, errs.New(errs.Invalid, "merge.table", "UpdateContent must be of the table of Target")
		}
		m.Update = record.Row{}
		t, _ := s.catalog().Table(in.Target.Table)
		for name, v := range in.UpdateContent.Row {
			if name != t.ID {
				m.Update[name] = v
			}
		}
	}
	_, err := duplicate.Merge(ctx, c.Tx, s.catalog(), m)
	return action.Empty{}, err
}

func (s *Service) undoMerge(ctx context.Context, c action.Call, _ action.Empty) (UndoMergeOutput, error) {
	undone, err := duplicate.Undo(ctx, c.Tx, s.catalog(), c.Target, s.o.Clock.Now())
	out := UndoMergeOutput{Values: undone.Values, Children: undone.Children, Kept: []KeptItem{}}
	for _, k := range undone.Kept {
		out.Kept = append(out.Kept, KeptItem{k.Table, k.Record, k.Column, k.Reason})
	}
	return out, err
}
