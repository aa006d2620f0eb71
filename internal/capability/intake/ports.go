package intake

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Flows begins runs of flows.
type Flows interface {
	// Start begins a run within the transaction. The key makes it happen once.
	Start(ctx context.Context, tx *sqldb.Tx, flow string, input map[string]any, key string) error
	// Begin is Start that gives the run's id.
	Begin(ctx context.Context, tx *sqldb.Tx, flow string, input map[string]any, key string) (id.ID, error)
}

// Store opens transactions on records and binds them to running ones;
// *record.Store does.
type Store interface {
	record.Reader
	Bind(tx *sqldb.Tx) *record.Tx
}

// Scorer gives the view of a trained model; ok is false where none is in force.
type Scorer interface {
	Arrive(ctx context.Context, row, visit, extra map[string]any) (v Opinion, ok bool)
}
