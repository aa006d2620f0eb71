package model

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/gbdt/modelio"
)

// New makes the artifact of one engine.
func New(e *Engine) *Artifact { return &Artifact{Format: format, Deep: e} }

// FromElsewhere makes an engine of a model trained by another program; input
// gives what its i-th column is here. Nothing is known of the leads that it
// learned from: its reasons have no rates, and its drift no yardstick.
func FromElsewhere(kind, text string, input func(i int, name string, levels []string, category bool) feature.Feature) (*Engine, error) {
	if len(text) > maxArtifact/2 {
		return nil, errs.New(errs.TooLarge, "scoring.model_size", "the model is larger than %d MiB", maxArtifact>>21)
	}
	load := modelio.ReadLightGBM
	if kind == KindXGBoost {
		load = modelio.ReadXGBoost
	}
	m, err := load(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	e := &Engine{Kind: kind, Text: text, model: m}
	for i, f := range m.Features {
		e.Features = append(e.Features, input(i, f.Name, f.Levels, f.Categorical))
	}
	return e, e.Open()
}
