package transfer

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// StartInput says how an import begins.
type StartInput struct {
	DryRun bool `json:"DryRun,omitempty" doc:"Only tell what would happen"`
}

// Define declares the actions on imports.
func (s *Service) Define(r *action.Registry) {
	on := func(name, doc string) action.Spec {
		return action.Spec{Name: name, Table: "import", Effect: action.DB, Right: access.Read, Description: doc}
	}
	action.Define(r, on("rpt_StartImport", "Imports the files of a draft, or rehearses it."), func(ctx context.Context, c action.Call, in StartInput) (action.Empty, error) {
		return action.Empty{}, s.start(ctx, c.Tx, c.Target, in.DryRun)
	})
	plain := func(name, doc string, do func(context.Context, *record.Tx, operation.Ref) error) {
		action.Define(r, on(name, doc), func(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
			return action.Empty{}, do(ctx, c.Tx, operation.Ref{Table: "import", ID: c.Target})
		})
	}
	k := s.c.Keeper
	plain("rpt_PauseImport", "Has an import rest after the rows at work.", k.Pause)
	plain("rpt_ResumeImport", "Has an import that rests or failed go on where it stopped.", func(ctx context.Context, tx *record.Tx, ref operation.Ref) error {
		return k.Resume(ctx, tx, ref, Kind)
	})
	plain("rpt_CancelImport", "Ends an import after the rows at work; what has been imported stays and can be undone.", k.Cancel)
	plain("rpt_UndoImport", "Takes back all that an import did: rows made are deleted, rows changed get their old values, unless somebody has changed them since.", k.Undo)
}

// Start has a draft imported, or rehearsed.
func (s *Service) Start(ctx context.Context, key id.ID, dry bool) error {
	return s.c.Store.Write(ctx, func(tx *record.Tx) error { return s.start(ctx, tx, key, dry) })
}
