package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// RollupInput names a roll-up column of a record.
type RollupInput struct {
	Target    action.Ref `json:"Target" doc:"The record"`
	FieldName string     `json:"FieldName" doc:"Logical name of the roll-up column"`
}

// RolledUp is what a roll-up came out as.
type RolledUp struct {
	Value any   `json:"Value"`
	State int64 `json:"State"`
}

func (s *Service) defineRollups(r *action.Registry) {
	action.Define(r, action.Spec{Name: "CalculateRollupField", Effect: action.DB, Description: "Works a roll-up column of a record out now, instead of in the background."},
		func(ctx context.Context, c action.Call, in RollupInput) (RolledUp, error) {
			row, err := c.Tx.CalculateRollup(ctx, in.Target.Table, in.Target.ID, in.FieldName)
			if err != nil {
				return RolledUp{}, err
			}
			if row == nil {
				return RolledUp{}, record.ErrNotFound
			}
			return RolledUp{row[in.FieldName], row.Int(metadata.RollupState(in.FieldName))}, nil
		})
}
