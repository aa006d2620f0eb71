package flow

import (
	"context"
	"log/slog"
	"maps"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// activated is the statecode of a flow that is in force.
const activated = 1

// category is that of flows among the rows of workflow; a row without one, of an
// earlier version, is a flow, too. Business rules and processes have others.
const category = 5

func isFlow(row record.Row) bool { return row["category"] == nil || row.Int("category") == category }

// CheckDefinitions is the hook that keeps definitions which can't be used from
// being activated, and raises the version with every change of a definition. A
// draft may be wrong.
func CheckDefinitions(check *Checker) record.Hook {
	return record.Hook{Table: "workflow",
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error {
			row["rpt_version"] = int64(1)
			return admit(row, row, check)
		},
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			whole := maps.Clone(old)
			maps.Copy(whole, change)
			if _, edited := change["clientdata"]; edited {
				change["rpt_version"] = old.Int("rpt_version") + 1
			}
			return admit(whole, change, check)
		},
	}
}

// admit checks a flow that is activated and takes its unique name from the definition.
func admit(whole, change record.Row, check *Checker) error {
	if !isFlow(whole) {
		return nil
	}
	p, err := Compile([]byte(whole.Text("clientdata")), check)
	if err != nil {
		if whole.Int("statecode") == activated {
			return err
		}
		return nil
	}
	if whole.Text("uniquename") != p.Name {
		change["uniquename"] = p.Name
	}
	return nil
}

// Load reads the active flows. One that can't be used is logged and left out;
// it harms no other.
func Load(ctx context.Context, r record.Reader, check *Checker, logger *slog.Logger) (*Set, error) {
	page, err := r.Find(ctx, query.Query{Table: "workflow", Where: query.And{query.Compare{Left: query.Path{"statecode"}, Value: int64(activated)},
		query.Or{query.Compare{Left: query.Path{"category"}, Value: int64(category)}, query.Null{Left: query.Path{"category"}}}}})
	if err != nil {
		return nil, err
	}
	var programs []*Program
	for _, row := range page.Rows {
		p, err := FromRow(row, check)
		if err != nil {
			if logger != nil {
				logger.Warn("an active flow can't be used and is left out", "flow", row.Text("name"), "error", err)
			}
			continue
		}
		programs = append(programs, p)
	}
	return NewSet(programs...), nil
}

// FromRow compiles the definition in a row of workflow.
func FromRow(row record.Row, check *Checker) (*Program, error) {
	p, err := Compile([]byte(row.Text("clientdata")), check)
	if err != nil {
		return nil, err
	}
	p.ID, p.Version = row.ID("workflowid"), row.Int("rpt_version")
	if p.Version == 0 {
		return nil, errs.New(errs.Invalid, "flow.invalid", "the flow has no version")
	}
	return p, nil
}

// RowOf gives the row of an active flow for a definition, for seeding.
func RowOf(text []byte) (record.Row, error) {
	p, err := Compile(text, nil)
	if err != nil {
		return nil, err
	}
	return record.Row{"name": p.Title, "uniquename": p.Name, "clientdata": string(text), "statecode": int64(activated)}, nil
}
