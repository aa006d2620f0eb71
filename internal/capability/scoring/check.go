package scoring

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
)

// Fitness tells what a training would learn from.
type Fitness struct {
	Rows      int            `json:"rows"` // with a known outcome
	Positives int            `json:"positives"`
	Open      int            `json:"open"`    // whose horizon is not over
	LeftOut   int            `json:"leftOut"` // closed for a reason that is left out
	Ordered   string         `json:"ordered"`
	First     *time.Time     `json:"first,omitempty"`
	Last      *time.Time     `json:"last,omitempty"`
	Sampled   bool           `json:"sampled"` // only a part was looked at
	Gate      model.Gate     `json:"gate"`
	Inputs    []Input        `json:"inputs"`
	Hints     []feature.Hint `json:"hints"`
}

// Input is one possible input, as a person chooses among them.
type Input struct {
	Name   string            `json:"name"`
	Label  map[string]string `json:"label"`
	Kind   feature.Kind      `json:"kind"`
	Filled float64           `json:"filled"` // share of rows with a value
	Levels int               `json:"levels,omitempty"`
	Used   bool              `json:"used"` // false where it is left out by the set-up
	Useful bool              `json:"useful"`
}

// looked is how many leads a check looks at.
const looked = 50_000

// fitness looks at a part of the data, without training.
func (s *Service) fitness(ctx context.Context, set *Setup) (Fitness, error) {
	excluded := map[string]bool{}
	for _, name := range set.Excluded {
		excluded[name] = true
	}
	all := *set
	all.Excluded = nil // what is left out is looked at, too
	l, err := s.collect(ctx, &all, looked)
	if err != nil {
		return Fitness{}, err
	}
	f := l.frame
	out := Fitness{Rows: f.Rows(), Open: l.open, LeftOut: l.leftOut, Sampled: l.part() > 0, Ordered: "time", Inputs: []Input{}, Hints: append([]feature.Hint{}, l.hints...)}
	for _, yes := range f.Label {
		if yes {
			out.Positives++
		}
	}
	if n := f.Rows(); n > 0 {
		if f.At[n-1] == 0 {
			out.Ordered = "file"
		} else if first, last := f.Span(0, n); !first.IsZero() {
			out.First, out.Last = &first, &last
		}
	}
	out.Gate = model.Enough(out.Rows, out.Positives)
	out.Hints = append(out.Hints, f.Hints()...)
	features := f.Filled()
	for i, ft := range f.Features {
		out.Inputs = append(out.Inputs, Input{Name: ft.Name, Label: ft.Label, Kind: ft.Kind, Filled: features[i].Share, Levels: features[i].Levels, Used: !excluded[ft.Name], Useful: features[i].Differs})
	}
	return out, nil
}
