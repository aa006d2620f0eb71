package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// RollupInput names a roll-up column of a record.
type RollupInput struct {
	Target    action.Ref `json:"Target" doc:"The record"`
	FieldName string     `json:"FieldName" doc:"Logical name of the roll-up column"`
}

func (s *Service) defineRollups(r *action.Registry) {
	action.Define(r, action.Spec{Name: "CalculateRollupField", Function: true, Effect: action.DB, Description: "Works a roll-up column of a record out now, instead of in the background."},
		func(ctx context.Context, c action.Call, in RollupInput) (odata.Typed, error) {
			row, err := c.Tx.CalculateRollup(ctx, in.Target.Table, in.Target.ID, in.FieldName)
			if err != nil {
				return odata.Typed{}, err
			}
			if row == nil {
				return odata.Typed{}, record.ErrNotFound
			}
			return odata.Typed{Table: in.Target.Table, Row: row, Columns: []string{in.FieldName, metadata.RollupDate(in.FieldName), metadata.RollupState(in.FieldName)}}, nil
		})
}
