package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// CountInput names tables.
type CountInput struct {
	EntityNames []string `json:"EntityNames" doc:"Logical names of tables"`
}

// Counted is how many rows tables have.
type Counted struct {
	EntityRecordCountCollection EntityRecordCountCollection `json:"EntityRecordCountCollection"`
}

// EntityRecordCountCollection is a list of names and one of numbers beside it.
type EntityRecordCountCollection struct {
	Count      int      `json:"Count"`
	IsReadOnly bool     `json:"IsReadOnly"`
	Keys       []string `json:"Keys"`
	Values     []int64  `json:"Values"`
}

const countTables = 100

func (s *Service) defineCounts(r *action.Registry) {
	action.Define(r, action.Spec{Name: "RetrieveTotalRecordCount", Function: true, Description: "How many rows of tables there are that the caller may read, as of now."},
		func(ctx context.Context, c action.Call, in CountInput) (Counted, error) {
			if len(in.EntityNames) == 0 || len(in.EntityNames) > countTables {
				return Counted{}, errs.New(errs.Invalid, "action.input", "EntityNames must hold between 1 and %d names", countTables)
			}
			out := EntityRecordCountCollection{Keys: []string{}, Values: []int64{}}
			for _, name := range in.EntityNames {
				page, err := c.Reader.Find(ctx, query.Query{Table: name, Limit: 1, Count: true})
				if err != nil {
					return Counted{}, err
				}
				out.Keys, out.Values = append(out.Keys, name), append(out.Values, page.Total)
			}
			out.Count = len(out.Keys)
			return Counted{out}, nil
		})
}
