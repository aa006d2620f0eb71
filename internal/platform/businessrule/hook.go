package businessrule

import (
	"context"
	"maps"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Obey gives, for a table, the hook by which the store obeys the rules in force.
func Obey(rules func() *Set) func(table string) record.Hook {
	return func(table string) record.Hook {
		return record.Hook{Table: table,
			BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error {
				values, err := rules().Apply(table, row, true)
				maps.Copy(row, values)
				return err
			},
			BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
				set := rules()
				if len(set.Of(table)) == 0 {
					return nil
				}
				whole := maps.Clone(old)
				maps.Copy(whole, change)
				values, err := set.Apply(table, whole, false)
				maps.Copy(change, values)
				return err
			},
		}
	}
}

// CheckDefinitions is the hook that keeps rules which can't be used from being
// activated. A draft may be wrong.
func CheckDefinitions(catalog func() *metadata.Catalog) record.Hook {
	admit := func(whole, change record.Row) error {
		if whole.Int("category") != Category {
			return nil
		}
		rule, err := compile(whole.Text("clientdata"), catalog())
		if err != nil {
			if whole.Int("statecode") == activated {
				return err
			}
			return nil
		}
		for column, v := range map[string]string{"uniquename": rule.Name, "primaryentity": rule.Table} {
			if whole.Text(column) != v {
				change[column] = v
			}
		}
		return nil
	}
	return record.Hook{Table: "workflow",
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return admit(row, row) },
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			whole := maps.Clone(old)
			maps.Copy(whole, change)
			return admit(whole, change)
		},
	}
}
