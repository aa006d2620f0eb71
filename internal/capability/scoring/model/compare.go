package model

import (
	"math"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/kit/modeleval"
)

// resamples of the paired bootstrap.
const resamples = 2000

// compare sets a model against the version in force on the same newest leads.
// The version in force may have learned from some of them: that counts in its
// favour, so that a model which is called better is so.
func compare(f *feature.Frame, r feature.Range, old *Engine, fresh []float64, seed uint64) (*Compared, error) {
	at := translate(f, old)
	row := make([]float64, len(old.Features))
	before := make([]float64, 0, r.Len())
	for i := r.From; i < r.To; i++ {
		for k, t := range at {
			row[k] = t(i)
		}
		before = append(before, old.chance(old.model.Margin(row)))
	}
	y := f.Label[r.From:r.To]
	d, err := modeleval.CompareLogLoss(before, fresh, y, 0.95, resamples, seed)
	if err != nil {
		return nil, err
	}
	round := func(x float64) float64 { return math.Round(x*1e6) / 1e6 }
	// The difference is challenger less champion; a gain is the other way round.
	return &Compared{Rows: len(y), Gain: round(-d.Value), Low: round(-d.High), High: round(-d.Low), Better: d.High < 0}, nil
}

// translate gives, for each input of an engine, its value in a row of a frame:
// categories by their words, as the two count them differently.
func translate(f *feature.Frame, e *Engine) []func(row int) float64 {
	missing := func(int) float64 { return math.NaN() }
	out := make([]func(int) float64, len(e.Features))
	for k := range e.Features {
		out[k] = missing
		for i := range f.Features {
			if f.Features[i].Name != e.Features[k].Name || f.Features[i].Kind != e.Features[k].Kind {
				continue
			}
			if numbers := f.Numbers(i); numbers != nil {
				out[k] = func(row int) float64 { return numbers[row] }
				continue
			}
			to := make([]float64, len(f.Features[i].Levels))
			for code, word := range f.Features[i].Levels {
				to[code] = e.Features[k].Level(word)
			}
			codes := f.Codes(i)
			out[k] = func(row int) float64 {
				if codes[row] < 0 {
					return math.NaN()
				}
				return to[codes[row]]
			}
		}
	}
	return out
}
