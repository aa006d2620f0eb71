package workflow

import (
	"context"
	"log/slog"
	"maps"

	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Check is the hook that keeps definitions of a kind which can't be used from
// being activated, and takes from the others what rows tell of them. A draft
// may be wrong.
func (k Kind) Check(catalog func() *metadata.Catalog) record.Hook {
	admit := func(whole, change record.Row) error {
		if !k.Has(whole) {
			return nil
		}
		d, err := k.Read(whole.Text("clientdata"), catalog())
		if err != nil {
			if whole.Int("statecode") == Activated {
				return err
			}
			return nil
		}
		for column, v := range map[string]string{"uniquename": d.Name, "primaryentity": d.Table} {
			if v != "" && whole.Text(column) != v {
				change[column] = v
			}
		}
		if d.Order != nil && whole["processorder"] != *d.Order {
			change["processorder"] = *d.Order
		}
		return nil
	}
	return record.Hook{Table: Table,
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error {
			if k.Has(row) && row.Text("rpt_solution") == "" {
				row["rpt_solution"] = customise.DefaultSolution
			}
			return admit(row, row)
		},
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			whole := maps.Clone(old)
			maps.Copy(whole, change)
			return admit(whole, change)
		},
	}
}

// Active reads what use makes of each active row of a kind. A row that can't be
// used is logged and left out; it harms no other.
func Active[T any](ctx context.Context, r record.Reader, k Kind, logger *slog.Logger, use func(row record.Row) (T, error)) ([]T, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	var is query.Node = query.Compare{Left: query.Path{"category"}, Value: k.Category}
	if k.Empty {
		is = query.Or{is, query.Null{Left: query.Path{"category"}}}
	}
	q := query.Query{Table: Table, Where: query.And{query.Compare{Left: query.Path{"statecode"}, Value: int64(Activated)}, is}}
	var out []T
	for {
		page, err := r.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			v, err := use(row)
			if err != nil {
				logger.Warn("an active "+k.Called+" can't be used and is left out", "name", row.Text("name"), "error", err)
				continue
			}
			out = append(out, v)
		}
		if page.Next == nil {
			return out, nil
		}
		q.After = page.Next
	}
}
