package model

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
)

// Drifting counts the inputs of leads that are scored, to set them against
// those of the leads that were learned from.
type Drifting struct {
	engine *Engine
	now    []Segments
	leads  int
}

// leastDrift is how many leads it takes to say that an input has moved.
const leastDrift = 100

// NewDrift begins to count for an engine.
func NewDrift(e *Engine) *Drifting {
	d := &Drifting{engine: e, now: make([]Segments, len(e.Features))}
	for i := range d.now {
		if i < len(e.Segments) {
			d.now[i] = Segments{Cuts: e.Segments[i].Cuts, Groups: make([]Tally, len(e.Segments[i].Groups))}
		}
	}
	return d
}

// Add counts a lead.
func (d *Drifting) Add(v feature.View) {
	d.leads++
	for i := range d.now {
		f := &d.engine.Features[i]
		x := f.Input(v)
		if f.Kind == feature.Category {
			code := int32(-1)
			if x == x {
				code = int32(x)
			}
			d.now[i].code(code).add(false)
			continue
		}
		d.now[i].at(x).add(false)
	}
}

// Leads gives how many were counted.
func (d *Drifting) Leads() int { return d.leads }

// Report gives how far each input has moved, the farthest first; nothing for too few leads.
func (d *Drifting) Report() []Drift {
	out := []Drift{}
	if d.leads < leastDrift || len(d.engine.Segments) != len(d.now) {
		return out
	}
	for i := range d.now {
		f := &d.engine.Features[i]
		p := psi(&d.engine.Segments[i], &d.now[i])
		out = append(out, Drift{f.Name, f.Label, p, Level(p)})
	}
	slices.SortStableFunc(out, func(a, b Drift) int { return -cmpFloat(a.PSI, b.PSI) })
	return out
}
