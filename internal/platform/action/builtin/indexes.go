package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/savedquery"
)

// ViewIndex is an index that views want or that was built.
type ViewIndex struct {
	Table   string   `json:"Table" doc:"Logical name of the table"`
	Name    string   `json:"Name"`
	Columns []string `json:"Columns" doc:"In the order of the index"`
	State   string   `json:"State" doc:"proposed, building, built or failed"`
	Views   []string `json:"Views" doc:"Names of the views that it serves"`
	Error   string   `json:"Error,omitempty" doc:"Why it could not be built"`
}

// ViewIndexes are all of them.
type ViewIndexes struct {
	Indexes []ViewIndex `json:"Indexes"`
}

// BuildIndexInput names the index to build.
type BuildIndexInput struct {
	Table   string   `json:"Table" doc:"Logical name of the table"`
	Columns []string `json:"Columns" doc:"Logical names of the columns, in the order of the index"`
}

// IndexBuilding names an index that is being built.
type IndexBuilding struct {
	Name string `json:"Name"`
}

// RemoveIndexInput names the index to remove.
type RemoveIndexInput struct {
	Table string `json:"Table" doc:"Logical name of the table"`
	Name  string `json:"Name" doc:"Of an index that was built by rpt_BuildIndex"`
}

// DefineIndexes declares the actions about indexes of views.
func DefineIndexes(r *action.Registry, x *savedquery.Indexes) {
	action.Define(r, action.Spec{Name: "rpt_RetrieveViewIndexes", Function: true, Description: "Indexes that the saved views of large tables want and that are not there, and those that were built for them. It takes the right to change the data model."},
		func(ctx context.Context, _ action.Call, _ action.Empty) (ViewIndexes, error) {
			list, err := x.List(ctx)
			out := ViewIndexes{Indexes: []ViewIndex{}}
			for _, i := range list {
				out.Indexes = append(out.Indexes, ViewIndex{i.Table, i.Name, i.Columns, string(i.State), append([]string{}, i.Views...), i.Error})
			}
			return out, err
		})
	action.Define(r, action.Spec{Name: "rpt_BuildIndex", Effect: action.Alone, Description: "Begins to build an index on columns of a table, in the background. It takes the right to change the data model."},
		func(ctx context.Context, _ action.Call, in BuildIndexInput) (IndexBuilding, error) {
			name, err := x.Build(ctx, in.Table, in.Columns)
			return IndexBuilding{name}, err
		})
	action.Define(r, action.Spec{Name: "rpt_RemoveIndex", Effect: action.Alone, Description: "Takes an index away that was built for views. It takes the right to change the data model."},
		func(ctx context.Context, _ action.Call, in RemoveIndexInput) (action.Empty, error) {
			return action.Empty{}, x.Remove(ctx, in.Table, in.Name)
		})
}
