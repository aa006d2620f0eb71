package flow

import (
	"context"
	"log/slog"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
)

// Definitions is how flows are kept as rows of workflow. A row without a category, of
// an earlier version, is a flow, too.
func Definitions(check *Checker) workflow.Kind {
	return workflow.Kind{Category: 5, Folder: "flows", Called: "flow", Empty: true, Read: func(text string, catalog *metadata.Catalog) (workflow.Definition, error) {
		var with Checker
		if check != nil {
			with = *check
		}
		with.Catalog = func() *metadata.Catalog { return catalog }
		p, err := Compile([]byte(text), &with)
		if err != nil {
			return workflow.Definition{}, err
		}
		return workflow.Definition{Name: p.Name, Title: p.Title}, nil
	}}
}

// Versions is the hook that raises the version of a definition with every change of it.
func Versions() record.Hook {
	return record.Hook{Table: workflow.Table,
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error {
			row["rpt_version"] = int64(1)
			return nil
		},
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			if _, edited := change["clientdata"]; edited {
				change["rpt_version"] = old.Int("rpt_version") + 1
			}
			return nil
		},
	}
}

// Load reads the active flows. One that can't be used is logged and left out.
func Load(ctx context.Context, r record.Reader, check *Checker, logger *slog.Logger) (*Set, error) {
	programs, err := workflow.Active(ctx, r, Definitions(check), logger, func(row record.Row) (*Program, error) { return FromRow(row, check) })
	if err != nil {
		return nil, err
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
	return record.Row{"name": p.Title, "uniquename": p.Name, "clientdata": string(text), "statecode": int64(workflow.Activated)}, nil
}
