package solution

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// tablesOf lists the tables on which a role has any privilege.
func tablesOf(ctx context.Context, r record.Reader, role id.ID) (map[string]bool, error) {
	out := map[string]bool{}
	q := query.Query{Table: "roleprivileges", Select: []string{"rpt_table"}, Where: query.Compare{Left: query.Path{"roleid"}, Value: role}}
	for {
		page, err := r.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			out[row.Text("rpt_table")] = true
		}
		if page.Next == nil {
			return out, nil
		}
		q.After = page.Next
	}
}
