package businessrule

import (
	"context"
	"maps"

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
