package transfer_test

import (
	"context"
	"sync/atomic"

	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func queryParts(codes ...any) query.Query {
	return query.Query{Table: "rpt_part", Where: query.In{Left: query.Path{"rpt_code"}, Values: codes}, Order: []query.Order{{Column: "rpt_code"}}}
}

// after gives a hook that does something once, after so many rows.
func (e *env) after(n int64, do func(tx *record.Tx) error) func(context.Context, *record.Tx, record.Row) error {
	var seen atomic.Int64
	return func(_ context.Context, tx *record.Tx, _ record.Row) error {
		if seen.Add(1) == n {
			return do(tx)
		}
		return nil
	}
}
