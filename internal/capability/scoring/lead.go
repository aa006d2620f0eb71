package scoring

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// longest is the widest window over which what a person did is counted.
const longest = 28 * day

// view gives what is known of a lead now: its columns, answers and context, what
// files of history say of it, and what its visitor did.
func (s *Service) view(ctx context.Context, from record.Reader, row record.Row, now time.Time) (feature.View, error) {
	known := map[string]string{}
	past, err := from.GetByKey(ctx, "rpt_leadhistory", map[string]any{"rpt_leadid": row.ID("leadid")}, []string{"rpt_values"}, nil)
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return feature.View{}, err
	}
	if err == nil {
		known = valuesOf(past)
	}
	var events []feature.Event
	if visitor := row.Text("rpt_visitorid"); visitor != "" {
		if events, err = s.recent(ctx, from, visitor, now); err != nil {
			return feature.View{}, err
		}
	}
	return lookAt(row, known, events, now), nil
}

// lookAt puts together what is known. What the lead itself says counts before
// what a file said of it.
func lookAt(row record.Row, known map[string]string, events []feature.Event, now time.Time) feature.View {
	values := maps.Clone(known)
	if values == nil {
		values = map[string]string{}
	}
	for name, v := range feature.Flatten(row) {
		if v != "" || values[name] == "" {
			values[name] = v
		}
	}
	created, _ := row["createdon"].(time.Time)
	return feature.Known(now, created, values, events)
}

func valuesOf(past record.Row) map[string]string {
	out := map[string]string{}
	if text, ok := past["rpt_values"].(json.RawMessage); ok {
		_ = json.Unmarshal(text, &out) // written by match.go
	}
	return out
}

// recent reads what a visitor did in the widest window.
func (s *Service) recent(ctx context.Context, from record.Reader, visitor string, now time.Time) ([]feature.Event, error) {
	page, err := from.Find(ctx, query.Query{Table: "rpt_interaction", Select: []string{"rpt_type", "rpt_page", "rpt_seconds", "rpt_occurredon", "createdon"}, Limit: maxEvents,
		Order: []query.Order{{Column: "rpt_occurredon", Desc: true}},
		Where: query.And{query.Compare{Left: query.Path{"rpt_visitorid"}, Value: visitor}, query.Compare{Left: query.Path{"rpt_occurredon"}, Op: query.Ge, Value: now.Add(-longest)}}})
	if err != nil {
		return nil, err
	}
	var out []feature.Event
	for _, row := range page.Rows {
		out = append(out, eventOf(row))
	}
	return out, nil
}

func eventOf(row record.Row) feature.Event {
	at, _ := row["rpt_occurredon"].(time.Time)
	e := feature.Event{At: at, Type: row.Text("rpt_type"), Page: row.Text("rpt_page")}
	if n, ok := row["rpt_seconds"].(query.Number); ok {
		e.Seconds = min(max(n.Float(), 0), 3600)
	}
	return e
}

// isOpen tells whether a lead can be scored.
func isOpen(row record.Row) bool { return row.Int("statecode") == 0 && row.ID("leadid") != id.Nil }
