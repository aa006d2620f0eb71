package worklist

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/action"
)

// ListInput says what is asked of a work list.
type ListInput struct {
	Table string     `json:"Table,omitempty" doc:"Logical name of the one table that is wanted; all that take part without it"`
	Until *time.Time `json:"Until,omitempty" doc:"The end of the person's day; without it, the end of the day in UTC"`
	Top   int64      `json:"Top,omitempty" doc:"How many records, at most 200; 100 without it"`
}

// ListOutput is a work list.
type ListOutput struct {
	Items string `json:"Items"` // JSON: records in order, with their next steps
	Total int64  `json:"Total"` // the person's open records in all
}

// Define declares the package's actions.
func (s *Service) Define(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_RetrieveWorkList", Effect: action.Read,
		Description: "Gives the caller's open records in the order in which they should be worked, each with its next step, when it is due, and why it stands there."}, s.retrieve)
	action.Define(r, action.Spec{Name: "rpt_CompleteStep", Effect: action.DB,
		Description: "Closes the step that was done about a record, or notes a call that was made, and plans the step that follows."}, s.done)
}

func (s *Service) retrieve(ctx context.Context, c action.Call, in ListInput) (ListOutput, error) {
	who, err := user(ctx)
	if err != nil {
		return ListOutput{}, err
	}
	ask := Ask{Table: in.Table, Top: int(in.Top)}
	if ask.Top <= 0 {
		ask.Top = DefaultTop
	}
	ask.Top = min(ask.Top, MaxTop)
	if in.Until != nil {
		ask.Until = *in.Until
	} else {
		ask.Until = s.Clock.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	}
	list, err := s.list(ctx, c.Reader, who, ask)
	if err != nil {
		return ListOutput{}, err
	}
	text, err := json.Marshal(list.Items)
	if err != nil {
		return ListOutput{}, errs.Wrap(err, errs.Internal, "worklist.items", "the list has no JSON form")
	}
	return ListOutput{string(text), list.Total}, nil
}
