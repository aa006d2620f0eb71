package customise

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

type writingKey struct{}

// writing marks what this package writes itself.
func writing(ctx context.Context) context.Context { return context.WithValue(ctx, writingKey{}, true) }

// guardRows keeps the rows of definitions from being written as such: they are
// changed through the metadata, which lays them in the database, too.
func guardRows() record.Hook {
	check := func(ctx context.Context) error {
		if ctx.Value(writingKey{}) == nil {
			return errs.New(errs.Forbidden, "customise.direct", "definitions are changed through EntityDefinitions or a solution, not as rows")
		}
		return nil
	}
	return record.Hook{Table: definitions,
		BeforeCreate: func(ctx context.Context, _ *record.Tx, _ record.Row) error { return check(ctx) },
		BeforeUpdate: func(ctx context.Context, _ *record.Tx, _, _ record.Row) error { return check(ctx) },
		BeforeDelete: func(ctx context.Context, _ *record.Tx, _ record.Row) error { return check(ctx) },
	}
}
