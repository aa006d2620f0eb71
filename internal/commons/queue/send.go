package queue

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Send is Add that takes the record out of the other queues that it waits in:
// its item moves, so that what was noted on it stays.
func Send(ctx context.Context, tx *record.Tx, c clock.Clock, queueID id.ID, table string, target id.ID) (id.ID, error) {
	page, err := tx.Find(ctx, query.Query{Table: "queueitem", Order: []query.Order{{Column: "enteredon"}}, Where: query.And{
		query.Compare{Left: query.Path{"objectid"}, Value: target}, query.Compare{Left: query.Path{"statecode"}, Value: waiting}}})
	if err != nil {
		return id.Nil, err
	}
	for _, item := range page.Rows {
		if item.ID("queueid") == queueID {
			continue
		}
		if _, err := (items{c}).move(ctx, tx, item, queueID); err != nil {
			return id.Nil, err
		}
	}
	return Add(ctx, tx, c, queueID, table, target)
}
