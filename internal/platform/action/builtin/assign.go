package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// AssignInput gives a record to another owner.
type AssignInput struct {
	Target   action.Ref `json:"Target" doc:"Record that gets another owner"`
	Assignee action.Ref `json:"Assignee" type:"principal" doc:"User or team that owns it from now on"`
}

// SetStateInput sets state and status reason.
type SetStateInput struct {
	EntityMoniker action.Ref `json:"EntityMoniker" doc:"The record"`
	State         int64      `json:"State" doc:"Value of statecode"`
	Status        int64      `json:"Status" doc:"Value of statuscode; -1 for the state's default"`
}

func (s *Service) defineAssign(r *action.Registry) {
	action.Define(r, action.Spec{Name: "Assign", Effect: action.DB, Description: "Gives a record to another user or team."},
		func(ctx context.Context, c action.Call, in AssignInput) (action.Empty, error) {
			t, ok := s.catalog().Table(in.Target.Table)
			if !ok || !t.Owned() {
				return action.Empty{}, errs.New(errs.Invalid, "assign.table", "rows of %s have no owner", in.Target.Table)
			}
			_, err := c.Tx.Update(ctx, in.Target.Table, in.Target.ID, record.Row{"ownerid": in.Assignee.ID, "owneridtype": in.Assignee.Table}, record.Match{MustExist: true})
			return action.Empty{}, err
		})
	action.Define(r, action.Spec{Name: "SetState", Effect: action.DB, Description: "Sets the status and the status reason of a record."},
		func(ctx context.Context, c action.Call, in SetStateInput) (action.Empty, error) {
			t, ok := s.catalog().Table(in.EntityMoniker.Table)
			if !ok || !t.Stateful() {
				return action.Empty{}, errs.New(errs.Invalid, "state.table", "rows of %s have no status", in.EntityMoniker.Table)
			}
			change := record.Row{"statecode": in.State}
			if in.Status != -1 {
				change["statuscode"] = in.Status
			}
			_, err := c.Tx.Update(ctx, in.EntityMoniker.Table, in.EntityMoniker.ID, change, record.Match{MustExist: true})
			return action.Empty{}, err
		})
}
