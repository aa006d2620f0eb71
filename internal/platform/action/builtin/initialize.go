package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/odata"
)

// InitializeInput names a record and the table of one to come.
type InitializeInput struct {
	EntityMoniker    action.Ref `json:"EntityMoniker" doc:"Record whose values are taken over"`
	TargetEntityName string     `json:"TargetEntityName" doc:"Logical name of the table of the new record"`
	TargetFieldType  string     `json:"TargetFieldType,omitempty" doc:"All, ValidForCreate, ValidForUpdate or ValidForRead"`
}

func (s *Service) defineInitialize(r *action.Registry) {
	action.Define(r, action.Spec{Name: "InitializeFrom", Function: true, Description: "The values with which a new record of a table begins that comes out of another record; nothing is written."},
		func(ctx context.Context, c action.Call, in InitializeInput) (odata.Typed, error) {
			switch in.TargetFieldType {
			case "", "All", "ValidForCreate", "ValidForUpdate", "ValidForRead", "0", "1", "2", "3":
			default:
				return odata.Typed{}, errs.New(errs.Invalid, "action.input", "TargetFieldType is All, ValidForCreate, ValidForUpdate or ValidForRead")
			}
			row, err := c.Reader.Get(ctx, in.EntityMoniker.Table, in.EntityMoniker.ID, nil, nil)
			if err != nil {
				return odata.Typed{}, err
			}
			values, err := Map(ctx, s.catalog(), c.Reader, in.EntityMoniker.Table, row, in.TargetEntityName)
			if err != nil {
				return odata.Typed{}, err
			}
			out := odata.Typed{Table: in.TargetEntityName, Row: values, Columns: []string{}, New: true}
			t, _ := s.catalog().Table(in.TargetEntityName)
			for _, column := range t.Columns {
				if _, has := values[column.Name]; has {
					out.Columns = append(out.Columns, column.Name)
				}
			}
			return out, nil
		})
}
