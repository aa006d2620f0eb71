package scoring

import (
	"context"
	"maps"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
)

// Arrival is what the model thinks of a lead that has just come.
type Arrival struct {
	Chance       float64
	Score, Grade int64
	Reasons      []model.Reason
	By           string // as it stands in rpt_modelversion
}

// Arrive scores a lead as it arrives, from what is known by then and without
// asking the database; ok is false where no model is in force. The artifact in
// force is swapped as a whole: a lead is scored by one version, never by two.
func (s *Service) Arrive(ctx context.Context, row, visit, extra map[string]any) (out Arrival, ok bool) {
	set := s.inForce()
	if set == nil {
		s.c.Metrics.arrivals.WithLabelValues("none").Inc()
		return out, false
	}
	values := maps.Clone(row)
	if values == nil {
		values = map[string]any{}
	}
	values["rpt_context"], values["rpt_extra"] = visit, extra
	now := s.c.Clock.Now()
	v := feature.Known(now, now, feature.Flatten(values), nil)
	e := set.Artifact.At()
	got := e.Explain(v)
	out = Arrival{Chance: got.Chance, Reasons: got.Reasons, By: set.Artifact.Version}
	if p, asked := s.ask(ctx, set, e, v); asked {
		out.Chance, out.By = p, byEndpoint
	} else {
		s.c.Metrics.arrivals.WithLabelValues("model").Inc()
	}
	out.Score = set.Scale.Score(out.Chance)
	out.Grade = set.Scale.Grade(out.Score)
	return out, true
}
