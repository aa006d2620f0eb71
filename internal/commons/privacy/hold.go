package privacy

import (
	"context"
	"fmt"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// holds reads the legal holds in force over rows, with their reasons.
func (s *Service) holds(ctx context.Context) (map[id.ID]string, error) {
	now := s.o.Clock.Now()
	out := map[id.ID]string{}
	q := query.Query{Table: "rpt_legalhold", Limit: record.MaxPage, Where: query.And{query.Compare{Left: query.Path{"statecode"}, Value: int64(0)},
		query.Or{query.Null{Left: query.Path{"rpt_until"}}, query.Compare{Left: query.Path{"rpt_until"}, Op: query.Gt, Value: now}}}}
	for {
		page, err := s.o.Store.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			out[row.ID("rpt_recordid")] = "legal hold: " + row.Text("rpt_name")
		}
		if q.After = page.Next; page.Next == nil {
			return out, nil
		}
	}
}

// retained says why a row must stay, "" if nothing makes it.
func (s *Service) retained(t *metadata.Table, row record.Row) string {
	if t.Privacy == nil || t.Privacy.Retain == nil {
		return ""
	}
	made, _ := row["createdon"].(time.Time)
	until := made.AddDate(t.Privacy.Retain.Years, 0, 0)
	if !s.o.Clock.Now().Before(until) {
		return ""
	}
	return fmt.Sprintf("kept until %s: %s", until.Format(time.DateOnly), t.Privacy.Retain.Reason)
}
