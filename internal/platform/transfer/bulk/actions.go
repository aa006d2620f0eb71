package bulk

import (
	"context"

	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// Define declares the actions on bulk changes.
func (s *Service) Define(r *action.Registry) {
	k := s.c.Keeper
	plain := func(name, doc string, do func(context.Context, *record.Tx, operation.Ref) error) {
		action.Define(r, action.Spec{Name: name, Table: Table, Effect: action.DB, Right: access.Read, Description: doc}, func(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
			return action.Empty{}, do(ctx, c.Tx, operation.Ref{Table: Table, ID: c.Target})
		})
	}
	plain("rpt_PauseBulk", "Has a bulk change rest after the rows at work.", k.Pause)
	plain("rpt_ResumeBulk", "Has a bulk change that rests or failed go on where it stopped.", func(ctx context.Context, tx *record.Tx, ref operation.Ref) error {
		return k.Resume(ctx, tx, ref, Kind)
	})
	plain("rpt_CancelBulk", "Ends a bulk change after the rows at work; what has been changed stays and can be undone.", k.Cancel)
	plain("rpt_UndoBulk", "Takes back a bulk change: old values are put back and deleted rows return, unless somebody has changed them since.", k.Undo)
}
