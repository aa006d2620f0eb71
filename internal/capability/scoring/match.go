package scoring

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/capability/scoring/history"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// usual are columns by which a lead can be found without a mapping that says so.
var usual = [][]string{{"leadid"}, {"rpt_matchkey"}, {"emailaddress1"}}

// runMatch finds what the imported history says of leads that are open now, and
// has those scored of which it says something new. Leads that come later are
// matched by the next run, at the latest by that of the schedule.
func (s *Service) runMatch(ctx context.Context, j *job.Job) error {
	ctx = s.system(ctx, "match")
	if err := s.match(ctx); err != nil {
		return err
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error { return j.Done(tx.SQL()) })
}

func (s *Service) match(ctx context.Context) error {
	keys, err := s.keys(ctx)
	if err != nil {
		return err
	}
	leads, err := s.openKeys(ctx, keys)
	if err != nil || len(leads) == 0 {
		return err
	}
	columns, err := s.attributes(ctx)
	if err != nil {
		return err
	}
	type found struct {
		lead id.ID
		past pastLead
	}
	var some []found
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		err := s.c.Store.Write(ctx, func(tx *record.Tx) error {
			var changed []id.ID
			for _, f := range some {
				fresh, err := s.keepPast(ctx, tx, f.lead, f.past, columns)
				if err != nil {
					return err
				}
				if fresh {
					changed = append(changed, f.lead)
				}
			}
			if s.inForce() == nil {
				return nil
			}
			return s.enqueueLeads(tx.SQL(), changed)
		})
		some = some[:0]
		return err
	}
	for past, err := range s.past(ctx, columns) {
		if err != nil {
			return err
		}
		lead, ok := leads[past.Key]
		if !ok {
			continue
		}
		if some = append(some, found{lead, past}); len(some) == batchWrite {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// keys lists the sets of attributes by which files named their leads.
func (s *Service) keys(ctx context.Context) ([][]string, error) {
	out := append([][]string{}, usual...)
	seen := map[string]bool{"leadid": true, "rpt_matchkey": true, "emailaddress1": true}
	q := query.Query{Table: "rpt_historyimport", Select: []string{"rpt_mapping"}, Where: query.Compare{Left: query.Path{"rpt_status"}, Value: importDone}, Limit: 500}
	page, err := s.c.Store.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, row := range page.Rows {
		var m history.Mapping
		text, _ := row["rpt_mapping"].(json.RawMessage)
		if json.Unmarshal(text, &m) != nil || len(m.Key) == 0 {
			continue
		}
		var names []string
		for _, k := range m.Key {
			name := feature.AnswerName(k)
			if to := m.Columns[k]; to != "" && to != history.Keep && to != history.Skip {
				name = to
			}
			names = append(names, name)
		}
		if id := strings.Join(names, "\x1f"); !seen[id] {
			seen[id] = true
			out = append(out, names)
		}
	}
	return out, nil
}

// openKeys gives the open leads by the keys that files may name them by. Of two
// leads with one key the older stands.
func (s *Service) openKeys(ctx context.Context, keys [][]string) (map[string]id.ID, error) {
	out := map[string]id.ID{}
	q := query.Query{Table: "lead", Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}, Order: []query.Order{{Column: "createdon"}}, Limit: batchPage}
	for {
		page, err := s.c.Store.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			values := feature.Flatten(row)
			for _, names := range keys {
				parts := make([]string, len(names))
				whole := true
				for i, n := range names {
					parts[i] = history.KeyPart(values[n])
					whole = whole && parts[i] != ""
				}
				key := strings.Join(parts, "\x1f")
				if _, taken := out[key]; whole && !taken {
					out[key] = row.ID("leadid")
				}
			}
		}
		if page.Next == nil {
			return out, nil
		}
		q.After = page.Next
	}
}

// keepPast writes what the history says of a lead; fresh tells whether it is new.
func (s *Service) keepPast(ctx context.Context, tx *record.Tx, lead id.ID, past pastLead, columns []string) (fresh bool, err error) {
	values := map[string]string{}
	for i, v := range past.Values {
		if v != "" {
			values[columns[i]] = v
		}
	}
	text, err := query.RawJSON(values)
	if err != nil {
		return false, err
	}
	old, err := tx.GetByKey(ctx, "rpt_leadhistory", map[string]any{"rpt_leadid": lead}, nil, nil)
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return false, err
	}
	if before, ok := old["rpt_values"].(json.RawMessage); ok && equalJSON(before, values) {
		return false, nil
	}
	at := past.At
	if at.IsZero() {
		at = s.c.Clock.Now()
	}
	_, _, err = tx.UpsertByKey(ctx, "rpt_leadhistory", map[string]any{"rpt_leadid": lead}, record.Row{"rpt_name": clip(past.Key, 200), "rpt_values": text, "rpt_at": at.Truncate(time.Microsecond)}, record.Match{})
	return err == nil, err
}

func equalJSON(text json.RawMessage, values map[string]string) bool {
	var was map[string]string
	if json.Unmarshal(text, &was) != nil || len(was) != len(values) {
		return false
	}
	for k, v := range values {
		if was[k] != v {
			return false
		}
	}
	return true
}
