package decide

import (
	"math"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/expr"
)

type formulaProgram = *expr.Program

const (
	samples  = 24 // places at which a formula is looked at on either side of the present value
	halvings = 50 // how often an interval is halved
)

// crossings gives the values of a numeric input at which a formula that depends on
// it crosses a limit of some table, everything else staying as it is now. A
// formula that crosses a limit twice between two samples hides that crossing.
func (s *search) crossings(input int) ([]float64, error) {
	var out []float64
	in := &s.p.def.Inputs[input]
	original := s.named[in.Name]
	changed := false
	for f := range s.p.def.Formulas {
		if s.p.def.Formulas[f].Kind != Number || !s.depends(f, in.Name) {
			continue
		}
		place := len(s.p.def.Inputs) + f
		var limits []float64
		for t := range s.p.tables {
			limits = append(limits, breaks(cells(place, []*table{&s.p.tables[t]}), &Input{})...)
		}
		if len(limits) == 0 {
			continue
		}
		changed = true
		at := func(x float64) (float64, bool, error) {
			s.tries--
			err := s.put(input, x)
			return s.values[place].number, s.values[place].known && s.tries > 0, err
		}
		slices.Sort(limits)
		for _, limit := range slices.Compact(limits) {
			found, err := s.cross(input, limit, at)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	if changed {
		return out, s.put(input, original)
	}
	return out, nil
}

// depends tells whether a formula reads an input, itself or by way of others.
func (s *search) depends(formula int, name string) bool {
	names := map[string]bool{name: true}
	for f := 0; f <= formula; f++ {
		if slices.ContainsFunc(s.p.formulas[f].Uses(), func(n string) bool { return names[n] }) {
			names[s.p.def.Formulas[f].Name] = true
		}
	}
	return names[s.p.def.Formulas[formula].Name]
}

// cross finds where a function crosses a limit, on either side of the present value.
func (s *search) cross(input int, limit float64, at func(float64) (float64, bool, error)) (out []float64, err error) {
	in := &s.p.def.Inputs[input]
	was := s.before[input].number
	span := math.Max(math.Abs(was), 1)
	least, most := math.Min(0, was-8*span), was+64*span
	if was >= 0 {
		least = 0
	}
	if in.Least != nil {
		least = *in.Least
	}
	if in.Most != nil {
		most = *in.Most
	}
	for _, end := range []float64{least, most} {
		if end < was && in.Change == Up || end > was && in.Change == Down {
			continue
		}
		x0 := was
		y0, known, err := at(x0)
		if err != nil {
			return nil, err
		}
		for i := 1; i <= samples && end != was; i++ {
			part := float64(i) / samples
			x1 := was + (end-was)*part*part // closer together near the present value
			y1, ok, err := at(x1)
			if err != nil {
				return nil, err
			}
			if ok && known && (y0 < limit) != (y1 < limit) || ok && known && (y0 > limit) != (y1 > limit) {
				x, err := s.halve(x0, x1, limit, y0, at)
				if err != nil {
					return nil, err
				}
				out = append(out, x)
				break
			}
			x0, y0, known = x1, y1, ok
		}
	}
	return out, nil
}

func (s *search) halve(x0, x1, limit, y0 float64, at func(float64) (float64, bool, error)) (float64, error) {
	for range halvings {
		x := x0 + (x1-x0)/2
		y, ok, err := at(x)
		if err != nil {
			return 0, err
		}
		if !ok || (y < limit) != (y0 < limit) || (y > limit) != (y0 > limit) {
			x1 = x
		} else {
			x0 = x
		}
	}
	return x1, nil
}
