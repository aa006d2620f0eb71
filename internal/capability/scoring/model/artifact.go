package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/gbdt"
	"github.com/rapport-platform/rapport/internal/kit/gbdt/modelio"
	"github.com/rapport-platform/rapport/internal/kit/logistic"
)

// The kinds of models.
const (
	KindTrees      = "gbdt"     // our trees, kept as LightGBM text
	KindRegression = "logistic" // our regression, kept as JSON
	KindLightGBM   = "lightgbm" // trained elsewhere
	KindXGBoost    = "xgboost"
)

// format numbers the form of an artifact.
const format = 1

// maxArtifact bounds the file of a version.
const maxArtifact = 64 << 20

// Artifact is the file of a version: everything that scoring needs, and nothing
// about the leads that it learned from beside counts.
type Artifact struct {
	Format  int     `json:"format"`
	Version string  `json:"version"` // as it stands in rpt_modelversion of leads
	Deep    *Engine `json:"deep"`
	// Arrival scores leads that have just come; nil where Deep does it, too.
	Arrival *Engine `json:"arrival,omitempty"`
}

// Encode writes the file.
func (a *Artifact) Encode() ([]byte, error) {
	text, err := json.Marshal(a)
	if err == nil && len(text) > maxArtifact {
		return nil, errs.New(errs.TooLarge, "scoring.model_size", "the model is larger than %d MiB", maxArtifact>>20)
	}
	return text, err
}

// Decode reads a file and opens its engines. A damaged one is refused.
func Decode(text []byte) (*Artifact, error) {
	if len(text) > maxArtifact {
		return nil, errs.New(errs.TooLarge, "scoring.model_size", "the model is larger than %d MiB", maxArtifact>>20)
	}
	a := new(Artifact)
	if err := json.Unmarshal(text, a); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "scoring.model_file", "the file is no model")
	}
	if a.Format != format || a.Deep == nil {
		return nil, errs.New(errs.Invalid, "scoring.model_file", "the file is no model of a form that is known here")
	}
	for _, e := range []*Engine{a.Deep, a.Arrival} {
		if e == nil {
			continue
		}
		if err := e.Open(); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// At gives the engine for a lead that has just come.
func (a *Artifact) At() *Engine {
	if a.Arrival != nil {
		return a.Arrival
	}
	return a.Deep
}

// linear is a regression as an engine runs it.
type linear struct{ *logistic.Model }

func (l linear) ExplainInto(row, contributions []float64) float64 {
	base, c := l.Explain(row)
	copy(contributions, c)
	return base
}

// write gives a model as text.
func write(m predictor) (string, error) {
	switch m := m.(type) {
	case *gbdt.Model:
		var b bytes.Buffer
		err := modelio.WriteLightGBM(&b, m)
		return b.String(), err
	case linear:
		text, err := json.Marshal(m.Model)
		return string(text), err
	}
	return "", errs.New(errs.Internal, "scoring.model_kind", "a model of this kind has no file")
}

// read gives the model of an engine's text, and refuses one that does not fit its features.
func (e *Engine) read() (predictor, error) {
	switch e.Kind {
	case KindTrees, KindLightGBM, KindXGBoost:
		load := modelio.ReadLightGBM
		if e.Kind == KindXGBoost {
			load = modelio.ReadXGBoost
		}
		m, err := load(strings.NewReader(e.Text))
		if err != nil {
			return nil, err
		}
		if len(m.Features) != len(e.Features) {
			return nil, errs.New(errs.Invalid, "scoring.model_file", "the model takes %d inputs and %d are described", len(m.Features), len(e.Features))
		}
		return m, nil
	case KindRegression:
		m := new(logistic.Model)
		if err := json.Unmarshal([]byte(e.Text), m); err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "scoring.model_file", "the regression can't be read")
		}
		if err := checkRegression(m, len(e.Features)); err != nil {
			return nil, err
		}
		return linear{m}, nil
	}
	return nil, errs.New(errs.Invalid, "scoring.model_kind", "models of the kind %q are not known", e.Kind)
}

// checkRegression refuses a damaged file, whose indices would lead nowhere.
func checkRegression(m *logistic.Model, inputs int) error {
	bad := errs.New(errs.Invalid, "scoring.model_file", "the regression is damaged")
	if len(m.Inputs) != inputs || len(m.Means) != len(m.Weights) {
		return bad
	}
	for _, in := range m.Inputs {
		end := int(in.First) + int(in.Width)
		if in.First < 0 || in.Width < 1 || end > len(m.Weights) || in.Rare < 0 || in.Empty < 0 || in.Categorical && (in.Rare >= in.Width || in.Empty >= in.Width) ||
			!in.Categorical && (in.Deviation == 0 || in.Flag && in.Width < 2) {
			return bad
		}
		for _, s := range in.Slot {
			if s < 0 || s >= in.Width {
				return bad
			}
		}
	}
	return nil
}

func cmpFloat(a, b float64) int { return cmp.Compare(a, b) }
