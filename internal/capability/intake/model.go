package intake

import (
	"context"
)

// Opinion is what a trained model thinks of a lead as it arrives.
type Opinion struct {
	Propensity   float64 // calibrated chance to convert
	Score, Grade int64
	Reasons      []Reason
	Version      string // what scored it
}

// kindModel marks a reason that a model gives.
const kindModel = "model"

// judge lets the model in force score the lead in place of the rules' points;
// without one the rules' score stands. What rules decide otherwise (values, next
// action, category) holds in both cases.
func (i *Intake) judge(ctx context.Context, l *Lead, d *Decision, ruled int64) error {
	if i.c.Scorer == nil {
		return nil
	}
	v, ok := i.c.Scorer.Arrive(ctx, l.Row, l.Context, l.Extra)
	if !ok {
		return nil
	}
	d.Propensity, d.Score, d.Grade, d.Version = v.Propensity, v.Score, v.Grade, v.Version
	suppressed := d.NextAction == Suppress
	if !suppressed {
		// The thresholds are those of a score; a chance to convert is on another
		// scale where few leads convert.
		d.NextAction = nextAction(float64(v.Score)/100, ruled)
	}
	d.Reasons = merge(v.Reasons, d.Reasons)
	return i.c.Cleaner.write(l, d)
}

// merge puts the model's strongest reasons before those of rules; the page and
// the reason to contact nobody keep their place.
func merge(model, rules []Reason) []Reason {
	var out []Reason
	for _, r := range rules {
		if r.Kind == "decision" {
			out = append(out, r)
		}
	}
	for _, r := range model[:min(len(model), maxReasons/2)] {
		r.Kind = kindModel
		out = append(out, r)
	}
	for _, r := range rules {
		if r.Kind != "decision" && len(out) < maxReasons {
			out = append(out, r)
		}
	}
	return out
}
