package flow

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// registry lets steps call the registered actions.
type registry struct {
	actions *action.Registry
	bind    func(tx *sqldb.Tx) *record.Tx
}

// NewCaller gives the Caller for registered actions. Those of effect DB and
// Read join the run's transaction.
func NewCaller(actions *action.Registry, bind func(tx *sqldb.Tx) *record.Tx) Caller {
	return registry{actions, bind}
}

func (r registry) Call(ctx context.Context, tx *sqldb.Tx, name string, target id.ID, input map[string]any) (map[string]any, error) {
	return r.actions.CallIn(ctx, r.bind(tx), name, target, input)
}

// KnownActions gives what a Checker asks about actions.
func KnownActions(actions *action.Registry) func(name string) (bound, ok bool) {
	return func(name string) (bool, bool) {
		info, ok := actions.Find(name)
		return info.Table != "", ok
	}
}

// ValidateInput is a definition.
type ValidateInput struct {
	Definition string `json:"Definition" doc:"Text of a flow's definition, YAML or JSON"`
}

// Validated tells what is wrong with a definition.
type Validated struct {
	Valid    bool      `json:"Valid"`
	Problems []Problem `json:"Problems"`
}

// Problem is one thing that is wrong, and where.
type Problem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Define declares the actions on runs and definitions.
func Define(r *action.Registry, e *Engine) {
	action.Define(r, action.Spec{Name: "rpt_ResumeFlowRun", Table: "rpt_flowrun", Effect: action.DB, Right: access.Write,
		Description: "Lets a failed run of a flow go on from where it failed."},
		func(_ context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
			return action.Empty{}, e.Resume(c.Tx.SQL(), c.Target)
		})
	action.Define(r, action.Spec{Name: "rpt_CancelFlowRun", Table: "rpt_flowrun", Effect: action.DB, Right: access.Write,
		Description: "Ends a run of a flow that is running or waiting."},
		func(_ context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
			return action.Empty{}, e.Cancel(c.Tx.SQL(), c.Target)
		})
	action.Define(r, action.Spec{Name: "rpt_ValidateFlow", Effect: action.Read,
		Description: "Tells all that is wrong with the definition of a flow; changes nothing."},
		func(_ context.Context, _ action.Call, in ValidateInput) (Validated, error) {
			_, err := Compile([]byte(in.Definition), e.o.Checker)
			out := Validated{Valid: err == nil, Problems: []Problem{}}
			var bad *errs.Error
			if errors.As(err, &bad) {
				for _, f := range bad.Fields {
					out.Problems = append(out.Problems, Problem{f.Name, f.Message})
				}
				if len(bad.Fields) == 0 {
					out.Problems = append(out.Problems, Problem{"definition", bad.Message})
				}
			}
			return out, nil
		})
}
