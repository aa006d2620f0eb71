package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// bulkRows is how many rows one call of a bulk action writes here.
const bulkRows = 1000

// measureBulk measures rows a second of CreateMultiple: 1,000 rows a
// transaction, by the bulk way and one by one within the same transaction.
func measureBulk(ctx context.Context, s settings, engine string, o *ours, b *strings.Builder) error {
	ctx = access.AsSystem(ctx, "bench")
	ways := map[string]func(tx *record.Tx, rows []record.Row) error{
		"bulk": func(tx *record.Tx, rows []record.Row) error { _, err := tx.CreateMany(ctx, "lead", rows); return err },
		"one by one": func(tx *record.Tx, rows []record.Row) error {
			for _, row := range rows {
				if _, err := tx.Create(ctx, "lead", row); err != nil {
					return err
				}
			}
			return nil
		},
	}
	rates := map[string][]float64{}
	for range s.rounds {
		for name, way := range ways {
			began, n := time.Now(), 0
			for time.Since(began) < s.length {
				rows := make([]record.Row, bulkRows)
				for i := range rows {
					rows[i] = sample(o.n.Add(1))
				}
				if err := o.store.Write(ctx, func(tx *record.Tx) error { return way(tx, rows) }); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				n += bulkRows
			}
			rates[name] = append(rates[name], float64(n)/time.Since(began).Seconds())
		}
	}
	for _, list := range rates {
		slices.Sort(list)
	}
	bulk, single := rates["bulk"][s.rounds/2], rates["one by one"][s.rounds/2]
	line := fmt.Sprintf("| %s | 1 | %d rows a transaction | %.0f | one by one in the transaction: | | %.0f | | | **%.2f** |\n", engine, bulkRows, bulk, single, bulk/single)
	fmt.Fprint(os.Stderr, line)
	b.WriteString(line)
	return nil
}
