package routing

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// present asks the records for what memory does not know yet: who works in a
// pool that it takes to be empty, and whether somebody works at all whom it has
// never heard of. Teams, users and queues are kept in memory apart from each
// other, so that right after they are made one may be known before the other;
// a record that comes just then must not be left with a team of which it seems
// that nobody is there.
func (e *Engine) present(ctx context.Context, tx *record.Tx, d *Decision) error {
	if len(d.pool.members) == 0 && d.pool.id != id.Nil {
		table, column := "teammembership", "teamid"
		if d.pool.id != d.Team {
			table, column = "queuemembership", "queueid"
		}
		found, err := users(ctx, tx, query.Query{Table: table, Select: []string{"systemuserid"}, Where: query.Compare{Left: query.Path{column}, Value: d.pool.id}})
		if err != nil {
			return err
		}
		d.pool.members = found
	}
	var unknown []any
	for _, who := range d.pool.members {
		if !e.Teams.Known(who) {
			unknown = append(unknown, who)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	enabled, err := users(ctx, tx, query.Query{Table: "systemuser", Select: []string{"systemuserid"}, Where: query.And{
		query.In{Left: query.Path{"systemuserid"}, Values: unknown}, query.Compare{Left: query.Path{"isdisabled"}, Op: query.Ne, Value: true}}})
	if err != nil {
		return err
	}
	d.pool.fresh = make(map[id.ID]bool, len(enabled))
	for _, who := range enabled {
		d.pool.fresh[who] = true
	}
	return nil
}

// users reads the column systemuserid of rows.
func users(ctx context.Context, tx *record.Tx, q query.Query) ([]id.ID, error) {
	var out []id.ID
	err := each(ctx, tx, q, func(row record.Row) { out = append(out, row.ID("systemuserid")) })
	return out, err
}
