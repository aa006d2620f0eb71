package decide

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

// Change is one input that would have to be another.
type Change struct {
	Input string `json:"input"`
	Label string `json:"label"`
	From  any    `json:"from"`
	To    any    `json:"to"`
}

// Way is a number of changes that together make a case pass. None of them can be
// left out.
type Way struct {
	Changes []Change `json:"changes"`
	cost    float64
}

const (
	maxWays     = 6
	maxTogether = 3      // inputs changed together
	maxTries    = 40_000 // evaluations of one search
)

// Ways gives the least changes of inputs that would make a case pass: of single
// inputs, then of two and three together where no fewer do. Each was tried on
// the very tables and formulas. None come where values are missing, since what
// would be decided then is not known.
func (p *Program) Ways(ctx context.Context, vars map[string]any, today time.Time) ([]Way, error) {
	s := &search{state: p.begin(vars, today), ctx: ctx, tries: maxTries}
	if err := s.formulas(ctx); err != nil {
		return nil, err
	}
	if s.outcome() == Pass {
		return nil, nil
	}
	for i := range p.tables {
		if hit, missing := s.decide(&p.tables[i]); hit < 0 && missing >= 0 {
			return nil, nil
		}
	}
	s.before = slices.Clone(s.values)
	for i := range p.def.Inputs {
		if in := &p.def.Inputs[i]; in.Change != Fixed && in.Service == "" && s.values[i].known && p.matters(i) {
			s.levers = append(s.levers, i)
		}
	}
	for together := 1; together <= min(maxTogether, len(s.levers)); together++ {
		if err := s.choose(0, together, nil); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(s.found, func(a, b Way) int {
		return cmp.Or(cmp.Compare(len(a.Changes), len(b.Changes)), cmp.Compare(a.cost, b.cost))
	})
	return s.found[:min(len(s.found), maxWays)], nil
}

// matters tells whether an input is read by a table or formula.
func (p *Program) matters(input int) bool {
	name := p.nameAt(input)
	for i := range p.tables {
		if slices.Contains(p.tables[i].inputs, input) {
			return true
		}
	}
	return slices.ContainsFunc(p.formulas, func(f formulaProgram) bool { return slices.Contains(f.Uses(), name) })
}

// search looks for ways.
type search struct {
	*state
	ctx    context.Context
	before []value
	levers []int
	tries  int
	found  []Way
	enough [][]int // sets of inputs that suffice
}

// choose goes through all choices of so many inputs.
func (s *search) choose(from, more int, chosen []int) error {
	if more == 0 {
		return s.together(chosen)
	}
	for i := from; i+more <= len(s.levers); i++ {
		if err := s.choose(i+1, more-1, append(slices.Clone(chosen), s.levers[i])); err != nil {
			return err
		}
	}
	return nil
}

// together looks for the least change of these inputs, each of which is needed.
func (s *search) together(inputs []int) error {
	for _, fewer := range s.enough {
		if !slices.ContainsFunc(fewer, func(i int) bool { return !slices.Contains(inputs, i) }) {
			return nil
		}
	}
	best := map[bool]*Way{} // by whether the first goes up: both ways are worth knowing of one input
	keep := func(w Way) {
		up := false
		if len(w.Changes) == 1 {
			from, _ := numberOf(w.Changes[0].From)
			to, _ := numberOf(w.Changes[0].To)
			up = to > from
		}
		if best[up] == nil || w.cost < best[up].cost {
			best[up] = &w
		}
	}
	if err := s.try(inputs, Way{}, keep); err != nil {
		return err
	}
	for _, up := range []bool{false, true} {
		if best[up] != nil {
			s.found = append(s.found, *best[up])
		}
	}
	if len(best) > 0 {
		s.enough = append(s.enough, inputs)
	}
	return nil
}

// try sets the first of the inputs to each value that could matter, and goes on
// with the others.
func (s *search) try(inputs []int, so Way, keep func(Way)) error {
	if len(inputs) == 0 {
		if s.outcome() == Pass {
			keep(so)
		}
		return nil
	}
	i := inputs[0]
	in := &s.p.def.Inputs[i]
	name := in.Name
	original := s.named[name]
	candidates, err := s.candidates(i, len(inputs) == 1)
	if err != nil {
		return err
	}
	for _, v := range candidates {
		if s.tries--; s.tries < 0 {
			break
		}
		if err := s.put(i, v); err != nil {
			return err
		}
		way := Way{Changes: append(slices.Clone(so.Changes), Change{name, s.p.labelAt(i), original, v}), cost: so.cost + s.cost(i, v)}
		if err := s.try(inputs[1:], way, keep); err != nil {
			return err
		}
	}
	return s.put(i, original)
}

func (s *search) put(i int, v any) error {
	s.set(i, v)
	return s.formulas(s.ctx)
}

// cost is how great a change is beside the value that there is; one of a list counts as one.
func (s *search) cost(i int, v any) float64 {
	n, ok := v.(float64)
	if !ok || s.p.def.Inputs[i].Kind != Number {
		return 1
	}
	was := s.before[i].number
	return math.Abs(n-was) / math.Max(math.Abs(was), 1)
}

// candidates gives the values of an input worth trying: those nearest to the
// present one on the other side of each limit that it can cross.
func (s *search) candidates(i int, last bool) ([]any, error) {
	in := &s.p.def.Inputs[i]
	if in.Kind != Number {
		return s.others(i), nil
	}
	was := s.before[i].number
	step := in.Step
	if step == 0 {
		step = 1
	}
	var limits []float64
	for t := range s.p.tables {
		limits = append(limits, breaks(cells(i, []*table{&s.p.tables[t]}), in)...)
	}
	crossings, err := s.crossings(i)
	if err != nil {
		return nil, err
	}
	out := map[float64]bool{}
	for _, b := range limits {
		for _, v := range []float64{b, b - step, b + step} {
			out[v] = true
		}
	}
	for _, x := range crossings {
		down := math.Floor(x/step) * step
		for _, v := range []float64{down, down + step, down - step} {
			out[tidy(v, step)] = true
		}
	}
	if !last { // where this one alone does not do, going as far as it can may leave least to the others
		for _, end := range []*float64{in.Least, in.Most} {
			if end != nil {
				out[*end] = true
			}
		}
	}
	var list []any
	for v := range out {
		if v == was || in.Change == Up && v < was || in.Change == Down && v > was || in.Least != nil && v < *in.Least || in.Most != nil && v > *in.Most || in.Whole && v != math.Trunc(v) {
			continue
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b any) int {
		x, y := a.(float64), b.(float64)
		return cmp.Or(cmp.Compare(math.Abs(x-was), math.Abs(y-was)), cmp.Compare(x, y))
	})
	return list, nil
}

// tidy takes away what adding up steps left in the last digits.
func tidy(v, step float64) float64 { return math.Round(v/step) * step }

// others gives the further values of a list.
func (s *search) others(i int) []any {
	in := &s.p.def.Inputs[i]
	var all []any
	switch {
	case in.Kind == Boolean:
		all = []any{false, true}
	case len(in.Values) > 0:
		for _, v := range in.Values {
			all = append(all, canonical(in.Kind, v))
		}
	default:
		tables := make([]*table, len(s.p.tables))
		for t := range s.p.tables {
			tables[t] = &s.p.tables[t]
		}
		for _, a := range listed(in.Kind, cells(i, tables), in) {
			switch {
			case a.other:
			case in.Kind == Text:
				all = append(all, a.one)
			default:
				n, _ := parseNumber(a.one)
				all = append(all, n)
			}
		}
	}
	return slices.DeleteFunc(all, func(v any) bool { return comparableOf(in.Kind, v) == s.before[i] })
}
