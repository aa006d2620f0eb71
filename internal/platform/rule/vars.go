package rule

import (
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Vars gives what conditions can read of a table's records: its columns by
// logical name.
func Vars(t *metadata.Table) []expr.Var {
	out := make([]expr.Var, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = expr.Var{Name: c.Name, Kind: kind(c)}
	}
	return out
}

func kind(c *metadata.Column) expr.Kind {
	switch c.Type().Shape(c).Kind {
	case query.Text, query.Memo, query.ID, query.Day:
		return expr.Text
	case query.Int:
		return expr.Whole
	case query.Fixed:
		return expr.Number
	case query.Bool:
		return expr.Bool
	case query.Time:
		return expr.Time
	}
	return expr.Dyn
}
