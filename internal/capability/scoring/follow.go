package scoring

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// window is how long several changes of one lead are gathered into one score.
const window = 250 * time.Millisecond

// onChanges has leads scored whose changes matter.
func (s *Service) onChanges(_ context.Context, events []event.Event) (event.Effect, error) {
	set := s.inForce()
	if set == nil {
		return nil, nil
	}
	var leads []id.ID
	seen := map[id.ID]bool{}
	for _, e := range events {
		if c := e.Change; c != nil && !seen[c.Record] && matters(set, c) {
			seen[c.Record] = true
			leads = append(leads, c.Record)
		}
	}
	if len(leads) == 0 {
		return nil, nil
	}
	return func(_ context.Context, tx *sqldb.Tx) error { return s.enqueueLeads(tx, leads) }, nil
}

// matters tells whether a change may change the score: a lead is new, or a column
// changed that the model reads. What scoring itself writes is never one of them.
func matters(set *Setup, c *changelog.Change) bool {
	if c.Table != "lead" || c.Op == changelog.Delete {
		return false
	}
	if c.Op == changelog.Create {
		return true
	}
	var after map[string]json.RawMessage
	if json.Unmarshal(c.After, &after) != nil {
		return false
	}
	for name := range after {
		if set.inputs[name] || name == "statecode" {
			return true
		}
	}
	return false
}

// enqueueLeads makes a job for each lead, due when the window is over: what
// changes until then is in the score.
func (s *Service) enqueueLeads(tx *sqldb.Tx, leads []id.ID) error {
	now := s.c.Clock.Now()
	slot := now.UnixNano()/int64(window) + 1
	due := time.Unix(0, slot*int64(window))
	for _, lead := range leads {
		if _, err := s.c.Queue.Enqueue(tx, job.Spec{Kind: jobLead, Key: fmt.Sprintf("%s %d", lead, slot), Due: due, Payload: leadPayload{lead}}); err != nil {
			return err
		}
	}
	return nil
}

// onInteractions has leads scored whose visitors did something.
func (s *Service) onInteractions(ctx context.Context, events []event.Event) (event.Effect, error) {
	if s.inForce() == nil {
		return nil, nil
	}
	var visitors []any
	seen := map[string]bool{}
	for _, e := range events {
		if e.Cloud == nil {
			continue
		}
		if v, _, ok := visitOf(e.Cloud.Data, e.Cloud.Type, e.Cloud.Time, e.At); ok && !seen[v] {
			seen[v] = true
			visitors = append(visitors, v)
		}
	}
	if len(visitors) == 0 {
		return nil, nil
	}
	page, err := s.c.Store.Find(s.system(ctx, "visitors"), query.Query{Table: "lead", Select: []string{"leadid"}, Limit: len(visitors) * 2, Where: query.And{
		query.In{Left: query.Path{"rpt_visitorid"}, Values: visitors}, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}}})
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	leads := make([]id.ID, len(page.Rows))
	for i, row := range page.Rows {
		leads[i] = row.ID("leadid")
	}
	return func(_ context.Context, tx *sqldb.Tx) error { return s.enqueueLeads(tx, leads) }, nil
}
