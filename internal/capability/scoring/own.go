package scoring

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// The states of a lead that tell what became of it.
const (
	leadOpen         = "0"
	leadQualified    = "1"
	leadDisqualified = "2"
	contacted        = "2" // statuscode
)

// moments after its arrival at which a lead serves as an example, as long as it
// was open then: a score is asked for at all of them.
var moments = []time.Duration{0, day, 7 * day, 28 * day}

// maxEvents bounds what is kept of one visitor.
const maxEvents = 500

// ownLead is the history of one lead, as the lake kept it.
type ownLead struct {
	line      *feature.Timeline
	created   time.Time // when the lake first saw it
	contacted time.Time
	closed    time.Time
	converted time.Time
	reason    string // for which it is closed; "" while it is open, or qualified
}

// ownColumns are the columns of leads that are read from the lake.
func ownColumns(features []feature.Feature, has []lake.Column) []string {
	want := []string{"statecode", "statuscode", "createdon", "rpt_context", "rpt_extra", "rpt_visitorid"}
	for _, f := range features {
		if f.Of != "" && !slices.Contains(want, f.Of) {
			want = append(want, f.Of)
		}
	}
	return slices.DeleteFunc(want, func(c string) bool {
		return !slices.ContainsFunc(has, func(l lake.Column) bool { return l.Name == c })
	})
}

// addOwn adds our own leads: each at a few moments of its life, with what was
// known at the moment, and whether it converted within the horizon after it.
func (s *Service) addOwn(ctx context.Context, l *learning) error {
	has, err := s.c.Lake.Columns(ctx, "lead")
	if err != nil {
		return err
	}
	columns := ownColumns(l.frame.Features, has)
	visits, err := s.visits(ctx, columns, has)
	if err != nil {
		return err
	}
	left := make([]string, len(l.setup.LeftOut))
	for i, reason := range l.setup.LeftOut {
		left[i] = strconv.FormatInt(reason, 10)
	}
	changed := map[string]int{}
	leads := 0
	for key, lead := range s.lives(ctx, columns, visits, &err) {
		if !l.takes(key.String()) {
			continue
		}
		if lead.reason != "" && slices.Contains(left, lead.reason) {
			l.leftOut++
			continue
		}
		leads++
		s.example(l, lead)
		if lead.contacted.IsZero() {
			continue
		}
		for i := range l.frame.Features {
			f := &l.frame.Features[i]
			if f.Op == feature.OpAttribute && slices.ContainsFunc(lead.line.Changes(f.Of), lead.contacted.Before) {
				changed[f.Name]++
			}
		}
	}
	for name, n := range changed {
		if share := float64(n) / float64(leads); n >= 20 && share >= 0.2 {
			l.hints = append(l.hints, feature.Hint{Name: name, Why: "changes_after", Positive: share})
		}
	}
	return err
}

// example adds the moments of one lead.
func (s *Service) example(l *learning, lead ownLead) {
	for i, after := range moments {
		at := lead.created.Add(after + time.Microsecond)
		if i > 0 && (at.After(l.now) || !lead.closed.IsZero() && !lead.closed.After(at)) {
			return
		}
		yes, ok := feature.Outcome(at, lead.converted, l.setup.Horizon, l.now)
		if !ok {
			l.open++
			return
		}
		l.frame.Add(lead.line.Before(at), at.UnixMicro(), yes)
	}
}

// lives gives the leads of the lake with their histories.
func (s *Service) lives(ctx context.Context, columns []string, visits map[string][]feature.Event, failed *error) func(func(id.ID, ownLead) bool) {
	return func(yield func(id.ID, ownLead) bool) {
		var at id.ID
		var rows []lake.Row
		for row, err := range s.c.Lake.History(ctx, "lead", columns, time.Time{}, time.Time{}) {
			if err != nil {
				*failed = err
				return
			}
			if row.ID != at && len(rows) > 0 {
				if lead, ok := lifeOf(rows, columns, visits); ok && !yield(at, lead) {
					return
				}
				rows = rows[:0]
			}
			at = row.ID
			rows = append(rows, row)
		}
		if len(rows) > 0 {
			if lead, ok := lifeOf(rows, columns, visits); ok {
				yield(at, lead)
			}
		}
	}
}

// lifeOf makes facts of a lead's versions. A lead that was deleted is none.
func lifeOf(rows []lake.Row, columns []string, visits map[string][]feature.Event) (ownLead, bool) {
	lead := ownLead{created: rows[0].At}
	arrived := rows[0].At
	var facts []feature.Fact
	before := map[string]string{}
	visitor := ""
	for _, row := range rows {
		if row.Op == changelog.Delete {
			return lead, false
		}
		values := map[string]any{}
		for i, c := range columns {
			if i < len(row.Values) {
				values[c] = row.Values[i]
			}
		}
		if t, ok := values["createdon"].(time.Time); ok && t.Before(arrived) {
			arrived = t
		}
		now := feature.Flatten(values)
		for name, v := range now {
			if before[name] != v {
				facts = append(facts, feature.Fact{At: row.At, Name: name, Value: v})
			}
		}
		for name := range before {
			if _, still := now[name]; !still {
				facts = append(facts, feature.Fact{At: row.At, Name: name})
			}
		}
		if v := now["rpt_visitorid"]; v != "" {
			visitor = v
		}
		lead.mark(row.At, now, before)
		lead.reason = ""
		if now["statecode"] == leadDisqualified {
			lead.reason = now["statuscode"]
		}
		before = now
	}
	lead.line = feature.NewTimeline(arrived, facts, visits[visitor])
	return lead, true
}

func (l *ownLead) mark(at time.Time, now, before map[string]string) {
	if now["statuscode"] == contacted && l.contacted.IsZero() {
		l.contacted = at
	}
	if now["statecode"] == before["statecode"] {
		return
	}
	switch now["statecode"] {
	case leadOpen:
		l.closed = time.Time{}
	case leadQualified:
		l.closed = at
		if l.converted.IsZero() {
			l.converted = at
		}
	default:
		l.closed = at
	}
}

// visits reads what the visitors behind leads did.
func (s *Service) visits(ctx context.Context, columns []string, has []lake.Column) (map[string][]feature.Event, error) {
	out := map[string][]feature.Event{}
	if !slices.Contains(columns, "rpt_visitorid") || !slices.ContainsFunc(has, func(c lake.Column) bool { return c.Name == "rpt_visitorid" }) {
		return out, nil
	}
	for row, err := range s.c.Lake.History(ctx, "lead", []string{"rpt_visitorid"}, time.Time{}, time.Time{}) {
		if err != nil {
			return nil, err
		}
		if len(row.Values) > 0 {
			if v, _ := row.Values[0].(string); v != "" {
				out[v] = nil
			}
		}
	}
	if len(out) == 0 {
		return out, nil
	}
	for e, err := range s.c.Lake.Events(ctx, Topic, time.Time{}, time.Time{}) {
		if err != nil {
			return nil, err
		}
		visitor, done, ok := visitOf(e.Data, e.Type, e.Time, e.At)
		if list, known := out[visitor]; ok && known && len(list) < maxEvents {
			out[visitor] = append(list, done)
		}
	}
	return out, nil
}

// visitOf reads what a visitor did out of an event.
func visitOf(data []byte, kind string, happened, stored time.Time) (visitor string, e feature.Event, ok bool) {
	var in struct {
		Page, VisitorID string
		Seconds         *float64
	}
	if json.Unmarshal(data, &in) != nil || in.VisitorID == "" {
		return "", e, false
	}
	e = feature.Event{At: happened, Type: kind, Page: in.Page}
	// What was stored later than it says it happened was known only then.
	if stored.After(e.At) {
		e.At = stored
	}
	if in.Seconds != nil {
		e.Seconds = min(max(*in.Seconds, 0), 3600)
	}
	return in.VisitorID, e, true
}
