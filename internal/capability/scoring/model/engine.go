package model

import (
	"math"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
)

// predictor is a model of either kind: log-odds of a row, and the exact part of
// each input in them.
type predictor interface {
	Margin(row []float64) float64
	ExplainInto(row, contributions []float64) (base float64)
}

// Engine scores leads: features, a model, its calibration, and what its inputs
// mean. It is safe for concurrent use once opened.
type Engine struct {
	Features    []feature.Feature `json:"features"`
	Kind        string            `json:"kind"` // gbdt, logistic, lightgbm, xgboost
	Text        string            `json:"text"` // the model's file: LightGBM text, XGBoost JSON, or our JSON of a regression
	Calibration *Calibration      `json:"calibration,omitempty"`
	Segments    []Segments        `json:"segments"`
	Rate        float64           `json:"rate"` // of success among the leads learned from

	model predictor
}

// Scored is what an engine thinks of a lead.
type Scored struct {
	Chance  float64 // calibrated
	Reasons []Reason
}

// Open reads the model out of its text. It is called once, before the engine is shared.
func (e *Engine) Open() (err error) {
	for i := range e.Features {
		e.Features[i].Prepare()
	}
	if e.model == nil {
		e.model, err = e.read()
	}
	return err
}

// Row gives the inputs of a lead, in the order of the features.
func (e *Engine) Row(v feature.View) []float64 {
	row := make([]float64, len(e.Features))
	for i := range e.Features {
		row[i] = e.Features[i].Input(v)
	}
	return row
}

// Score gives the chance of a lead to convert, without reasons.
func (e *Engine) Score(v feature.View) float64 { return e.chance(e.model.Margin(e.Row(v))) }

// Explain gives the chance with its reasons.
func (e *Engine) Explain(v feature.View) Scored {
	row := e.Row(v)
	contributions := make([]float64, len(e.Features))
	e.model.ExplainInto(row, contributions)
	return Scored{Chance: e.chance(e.model.Margin(row)), Reasons: e.reasons(v, row, contributions)}
}

// Effects gives the exact part of each feature in the log-odds of a row.
func (e *Engine) Effects(row, contributions []float64) { e.model.ExplainInto(row, contributions) }

func (e *Engine) chance(margin float64) float64 {
	return min(max(e.Calibration.Apply(margin), 1e-6), 1-1e-6)
}

// Plain gives the inputs as people and other programs have them: words and
// numbers by the names of the features, nil where nothing is known.
func (e *Engine) Plain(v feature.View) (columns []string, row []any) {
	for i := range e.Features {
		f := &e.Features[i]
		columns = append(columns, f.Name)
		switch {
		case f.Kind == feature.Category:
			if text := f.Text(v); text != "" {
				row = append(row, text)
				continue
			}
			row = append(row, nil)
		default:
			if n := f.Value(v); !math.IsNaN(n) {
				row = append(row, n)
				continue
			}
			row = append(row, nil)
		}
	}
	return columns, row
}
