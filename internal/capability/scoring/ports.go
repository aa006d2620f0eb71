package scoring

import (
	"context"
	"iter"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Lake is what is read from and written to the lake; *lake.Lake does it.
type Lake interface {
	History(ctx context.Context, table string, columns []string, from, to time.Time) iter.Seq2[lake.Row, error]
	Events(ctx context.Context, topic string, from, to time.Time) iter.Seq2[lake.Event, error]
	Append(ctx context.Context, table string, in lake.Import) (lake.Imported, error)
	Imported(ctx context.Context, table string, columns []string) iter.Seq2[[]any, error]
	ImportedColumns(ctx context.Context, table string) ([]lake.Column, error)
	Columns(ctx context.Context, table string) ([]lake.Column, error)
}

// Caller runs actions of others in a transaction; *action.Registry does it.
type Caller interface {
	CallIn(ctx context.Context, tx *record.Tx, name string, target id.ID, body map[string]any) (map[string]any, error)
}
