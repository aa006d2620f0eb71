package duplicate

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Engine keeps keys, finds duplicates and refuses them where that is asked for.
type Engine struct {
	Rules   func() *Rules
	Catalog func() *metadata.Catalog
}

// ErrFound means that a row counts as the same as one that is there. Its fields
// name the rows: the table, and the id as the message.
var ErrFound = errs.New(errs.Conflict, "duplicate.found", "a record like this one is there already")

type detectionKey struct{}

// WithDetection has writes refused that would make duplicates.
func WithDetection(ctx context.Context) context.Context {
	return context.WithValue(ctx, detectionKey{}, true)
}

func detecting(ctx context.Context) bool {
	on, _ := ctx.Value(detectionKey{}).(bool)
	return on
}

// Hook takes part in the writing of every table. A hook is not told its table,
// so the row's primary id tells it.
