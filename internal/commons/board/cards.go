package board

import (
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// cardsAtOnce is how many records' instances are read in one query.
const cardsAtOnce = 500

// cards tells what the cards know of their process. Where the instances may not
// be read the cards know nothing, and can't be moved.
func (b *Boards) cards(ctx context.Context, t *metadata.Table, layout *way, columns []Column) error {
	if layout.process == nil {
		return nil
	}
	var keys []any
	column := map[id.ID]*Column{}
	for i := range columns {
		columns[i].Cards = map[id.ID]Card{}
		for _, row := range columns[i].Rows {
			key := row.ID(t.ID)
			keys, column[key] = append(keys, key), &columns[i]
		}
	}
	instances, ok := b.Catalog().Table(layout.process.Instance)
	if !ok {
		return nil
	}
	lookup := layout.process.Lookup
	for some := range slices.Chunk(keys, cardsAtOnce) {
		q := query.Query{Table: instances.Name, Select: []string{instances.ID, lookup, "statuscode", "activestagestartedon", "rpt_stalledon"},
			Where: query.In{Left: query.Path{lookup}, Values: some}, Order: []query.Order{{Column: "createdon"}}}
		for {
			page, err := b.Records.Find(ctx, q)
			if errs.Has(err, errs.Forbidden) {
				return nil
			}
			if err != nil {
				return err
			}
			for _, row := range page.Rows {
				// The latest one of a record's instances comes last and stays.
				c := Card{Instance: row.ID(instances.ID), State: row.Int("statuscode")}
				c.Entered, _ = row["activestagestartedon"].(time.Time)
				c.Stalled, _ = row["rpt_stalledon"].(time.Time)
				column[row.ID(lookup)].Cards[row.ID(lookup)] = c
			}
			if page.Next == nil {
				break
			}
			q.After = page.Next
		}
	}
	return nil
}
