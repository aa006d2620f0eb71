package intake_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

// scorer is a model that thinks the same of every lead, or is not there.
type scorer struct {
	ok   bool
	seen map[string]any
}

func (s *scorer) Arrive(_ context.Context, row, visit, extra map[string]any) (intake.Opinion, bool) {
	s.seen = map[string]any{"row": row["lastname"], "page": visit["page"], "job": extra["job"]}
	return intake.Opinion{Propensity: 0.31, Score: 80, Grade: 0, Version: "model 7", Reasons: []intake.Reason{{Text: "Job: manager", Points: 12}}}, s.ok
}

// starts keeps what the flow is started with.
type starts struct{ input map[string]any }

func (s *starts) Start(_ context.Context, _ *sqldb.Tx, _ string, input map[string]any, _ string) error {
	s.input = input
	return nil
}

func (s *starts) Begin(context.Context, *sqldb.Tx, string, map[string]any, string) (id.ID, error) {
	return id.New(), nil
}

// The model in force scores arriving leads; without one, rules do and say so.
func TestModelScoresArrivals(t *testing.T) {
	t.Parallel()
	rules := shipped(t)
	for _, there := range []bool{true, false} {
		model, flows := &scorer{ok: there}, &starts{}
		in := intake.New(intake.Config{Cleaner: cleaner(t), Rules: func() *rule.Set { return rules }, Flows: flows, Scorer: model, Logger: slog.New(slog.DiscardHandler)})
		data := `{"lastname":"Muster","emailaddress1":"m@example.com","job":"manager","context":{"page":"https://example.com/pricing","visitorid":"v-1"}}`
		effect, err := in.Handle(t.Context(), event.Event{Topic: intake.Topic, Source: "/t", ID: "1", Cloud: &cloudevents.Event{Type: intake.Type, Data: []byte(data)}})
		if err != nil {
			t.Fatal(err)
		}
		if err := effect(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(flows.input["lead"])
		var lead struct {
			Score   int64           `json:"msdyn_leadscore"`
			First   int64           `json:"rpt_firstscore"`
			Next    int64           `json:"rpt_nextaction"`
			Version string          `json:"rpt_modelversion"`
			Visitor string          `json:"rpt_visitorid"`
			Reasons []intake.Reason `json:"rpt_reasons"`
		}
		if err := json.Unmarshal(text, &lead); err != nil {
			t.Fatal(err, string(text))
		}
		if lead.Visitor != "v-1" || model.seen["job"] != "manager" || model.seen["row"] != "Muster" {
			t.Errorf("%+v, the model saw %v", lead, model.seen)
		}
		byModel := lead.Score == 80 && lead.First == 80 && lead.Version == "model 7" && lead.Next == intake.FastFollowUp && lead.Reasons[0].Text == "Job: manager" && lead.Reasons[0].Kind == "model"
		byRules := lead.Score != 80 && lead.Version == rules.Version()
		if there && !byModel || !there && !byRules {
			t.Errorf("model %v: %+v", there, lead)
		}
	}
}
