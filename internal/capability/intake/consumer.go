package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

// Names on the outside.
const (
	Topic    = "leads"
	Type     = "lead.created"
	Flow     = "lead-upsert"
	Consumer = "intake"
)

// Config is what intake needs.
type Config struct {
	Cleaner *Cleaner
	Rules   func() *rule.Set // in force
	Flows   Flows
	Store   Store
	Scorer  Scorer // nil: rules score
	Logger  *slog.Logger
	Metrics *Metrics
}

// Intake consumes the topic "leads".
type Intake struct{ c Config }

// New makes the intake.
func New(c Config) *Intake {
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return &Intake{c}
}

// Subscription gives the intake's subscription to a log. Leads with one match
// key are handled in the order of their arrival.
func (i *Intake) Subscription(log event.Log) event.Subscription {
	return event.Subscription{Consumer: Consumer, Log: log, Handle: i.Handle, Key: orderKey}
}

func orderKey(e event.Event) string {
	var data struct {
		Email any `json:"emailaddress1"`
	}
	if e.Cloud == nil || json.Unmarshal(e.Cloud.Data, &data) != nil {
		return ""
	}
	email, _ := data.Email.(string)
	if a, ok := ParseEmail(email); ok {
		return a.Key
	}
	return ""
}

// Handle works out what an event becomes: the start of the flow, or a row in quarantine.
func (i *Intake) Handle(ctx context.Context, e event.Event) (event.Effect, error) {
	ctx = changelog.WithSource(ctx, changelog.Source{Channel: changelog.Event})
	ctx = changelog.WithOrigin(access.AsSystem(ctx, "intake"), fmt.Sprintf("event %s %d", e.Topic, e.Seq))
	in := Event{ID: e.ID, Source: e.Source, Topic: e.Topic, Time: e.At, Data: json.RawMessage(e.Cloud.Data)}
	if e.Cloud.Type != Type {
		return i.quarantine(ctx, in, e, []Fault{{"", "event.type", "events of this topic are of type " + Type}}), nil
	}
	lead, faults := i.c.Cleaner.Clean(in)
	if len(faults) > 0 {
		return i.quarantine(ctx, in, e, faults), nil
	}
	input, err := i.decide(ctx, lead, in)
	if err != nil {
		return nil, err
	}
	i.c.Metrics.leads.WithLabelValues("accepted").Inc()
	return func(_ context.Context, tx *sqldb.Tx) error {
		return i.c.Flows.Start(ctx, tx, Flow, input, e.Source+" "+e.ID)
	}, nil
}

// decide scores the lead and gives the input of the flow.
func (i *Intake) decide(ctx context.Context, lead *Lead, in Event) (map[string]any, error) {
	d, err := i.c.Cleaner.Decide(ctx, lead, i.c.Rules())
	if err != nil {
		return nil, err
	}
	if err := i.judge(ctx, lead, &d, d.ruled); err != nil {
		return nil, err
	}
	for _, f := range d.Failed {
		i.c.Logger.Warn("a rule could not be evaluated", "rule", f.Name, "error", f.Err)
		i.c.Metrics.failed.WithLabelValues(f.Name).Inc()
	}
	for _, f := range d.Refused {
		i.c.Logger.Warn("a rule sets a value that its column refuses", "column", f.Column, "code", f.Code)
		i.c.Metrics.failed.WithLabelValues(f.Column).Inc()
	}
	return flowInput(lead, in), nil
}

// flowInput is the lead as the flow sees it; the engine makes its values plain.
func flowInput(lead *Lead, in Event) map[string]any {
	return map[string]any{
		"lead": lead.Row, "context": lead.Context,
		// Identities can be longer than columns; whole they are in the inbox.
		"event": map[string]any{"id": short(in.ID, 200), "source": short(in.Source, 500), "topic": in.Topic, "time": in.Time},
	}
}

// quarantine keeps an event that is no lead as it stands.
func (i *Intake) quarantine(ctx context.Context, in Event, e event.Event, faults []Fault) event.Effect {
	i.c.Metrics.leads.WithLabelValues("quarantined").Inc()
	for _, f := range faults {
		i.c.Metrics.faults.WithLabelValues(f.Code).Inc()
	}
	return func(_ context.Context, tx *sqldb.Tx) error {
		reasons, err := query.RawJSON(faults)
		if err != nil {
			return err
		}
		row := record.Row{"rpt_name": short(titleOf(in), 300), "rpt_topic": in.Topic, "rpt_source": short(in.Source, 1024), "rpt_eventid": short(in.ID, 1024),
			"rpt_reasons": reasons, "rpt_seq": int64(e.Seq)}
		for column, v := range payload(e.Cloud) {
			row[column] = v
		}
		_, err = i.c.Store.Bind(tx).Create(ctx, "rpt_quarantine", row)
		return err
	}
}

// editable is the largest document that the JSON column holds.
const editable = 256 << 10

// payload gives the event's data as a JSON document that can be mended, or else
// as raw text, made storable.
func payload(c *cloudevents.Event) record.Row {
	if len(c.Data) <= editable && json.Valid(c.Data) {
		return record.Row{"rpt_data": json.RawMessage(c.Data)}
	}
	return record.Row{"rpt_raw": storable(c.Data)}
}

// titleOf names a quarantined event by what can be read of the person, else by its identity.
func titleOf(in Event) string {
	var data map[string]any
	if json.Unmarshal(in.Data, &data) == nil {
		var parts []string
		for _, column := range []string{"firstname", "lastname", "companyname", "emailaddress1"} {
			if s, ok := data[column].(string); ok && s != "" && len(parts) < 2 {
				parts = append(parts, line(s))
			}
		}
		if len(parts) > 0 {
			return strings.Join(parts, " ")
		}
	}
	return in.Source + " " + in.ID
}
