package decide

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Outcome is a verdict; the greatest of several counts.
type Outcome int64

// The outcomes. Their numbers are options of choice columns.
const (
	Pass  Outcome = 1
	Refer Outcome = 2
	Fail  Outcome = 3
)

var outcomeNames = map[Outcome]string{Pass: "pass", Refer: "refer", Fail: "fail"}

// String names the outcome as definitions do.
func (o Outcome) String() string { return outcomeNames[o] }

// Check is what one table says of a case.
type Check struct {
	Table   string   `json:"table"`
	Label   string   `json:"label"`
	Outcome string   `json:"outcome"`
	Row     int      `json:"row"` // from 1; 0 where none decided
	Reason  string   `json:"reason"`
	Missing []string `json:"missing,omitempty"` // inputs and formulas without a value, which the table needed

	outcome Outcome
}

// Problem is a formula that could not be worked out on a case.
type Problem struct {
	Formula string `json:"formula"`
	Message string `json:"message"`
}

// Result is the decision on one case.
type Result struct {
	Outcome  Outcome
	Checks   []Check
	Values   map[string]any // of inputs and formulas, canonical; nil where missing
	Problems []Problem
}

// Evaluate decides on a case. vars holds inputs by name, as records and JSON give
// them; what does not fit its kind counts as missing. Only the end of the context
// is an error.
func (p *Program) Evaluate(ctx context.Context, vars map[string]any, today time.Time) (Result, error) {
	s := p.begin(vars, today)
	if err := s.formulas(ctx); err != nil {
		return Result{}, err
	}
	r := Result{Outcome: s.outcome(), Values: s.named, Problems: s.problems}
	for i := range p.tables {
		r.Checks = append(r.Checks, s.explain(&p.tables[i]))
	}
	delete(r.Values, "today")
	return r, nil
}

// state is a case while it is decided.
type state struct {
	p        *Program
	named    map[string]any
	values   []value
	problems []Problem
}

func (p *Program) begin(vars map[string]any, today time.Time) *state {
	s := &state{p: p, named: make(map[string]any, len(p.kinds)+1), values: make([]value, len(p.kinds))}
	for i := range p.def.Inputs {
		in := &p.def.Inputs[i]
		v := canonical(in.Kind, vars[in.Name])
		s.named[in.Name], s.values[i] = v, comparableOf(in.Kind, v)
	}
	s.named["today"] = today.UTC()
	return s
}

// formulas works all formulas out, anew where they were before.
func (s *state) formulas(ctx context.Context) error {
	s.problems = nil
	for i := range s.p.def.Formulas {
		f := &s.p.def.Formulas[i]
		v, err := s.p.formula(ctx, i, s.named)
		if err != nil {
			if e := ctx.Err(); e != nil {
				return e
			}
			v = nil
			// That a value is missing is told by the tables; other failures are the formula's.
			if errs.CodeOf(err) != "expr.unknown" {
				s.problems = append(s.problems, Problem{f.Name, messageOf(err)})
			}
		}
		s.named[f.Name], s.values[len(s.p.def.Inputs)+i] = v, comparableOf(f.Kind, v)
	}
	return nil
}

// set changes one input.
func (s *state) set(input int, v any) {
	in := &s.p.def.Inputs[input]
	s.named[in.Name], s.values[input] = v, comparableOf(in.Kind, v)
}

// decide gives the row of a table that counts; -1 where none does, and the place
// of the missing value that kept it from being decided, or -1.
func (s *state) decide(t *table) (hit, missing int) {
	for i := range t.rows {
		verdict, lacks := yes, -1
		for j, c := range t.rows[i].cells {
			switch c.test(s.p.kinds[t.inputs[j]], s.values[t.inputs[j]]) {
			case no:
				verdict = no
			case unknown:
				if verdict == yes {
					verdict, lacks = unknown, t.inputs[j]
				}
			}
			if verdict == no {
				break
			}
		}
		switch verdict {
		case yes:
			return i, -1
		case unknown:
			return -1, lacks
		}
	}
	return -1, -1
}

func (s *state) outcome() Outcome {
	worst := Pass
	for i := range s.p.tables {
		t := &s.p.tables[i]
		got := Refer
		if hit, _ := s.decide(t); hit >= 0 {
			got = t.rows[hit].outcome
		}
		worst = max(worst, got)
	}
	return worst
}

func (s *state) explain(t *table) Check {
	hit, missing := s.decide(t)
	c := Check{Table: t.Name, Label: t.Label, outcome: Refer}
	if c.Label == "" {
		c.Label = t.Name
	}
	switch {
	case hit >= 0:
		c.Row, c.outcome, c.Reason = hit+1, t.rows[hit].outcome, s.fill(t.rows[hit].reason)
	case missing >= 0:
		for _, place := range t.inputs {
			if !s.values[place].known {
				c.Missing = append(c.Missing, s.p.nameAt(place))
			}
		}
		c.Reason = "not decided: " + s.p.labelAt(missing) + " is missing"
	default:
		c.Reason = "no row of the table fits these values"
	}
	c.Outcome = c.outcome.String()
	return c
}

// fill puts values in where a reason names them in braces.
func (s *state) fill(reason string) string {
	if !strings.Contains(reason, "{") {
		return reason
	}
	for name := range s.p.index {
		reason = strings.ReplaceAll(reason, "{"+name+"}", inWords(s.named[name]))
	}
	return reason
}

func (p *Program) nameAt(place int) string {
	if place < len(p.def.Inputs) {
		return p.def.Inputs[place].Name
	}
	return p.def.Formulas[place-len(p.def.Inputs)].Name
}

func (p *Program) labelAt(place int) string {
	label := ""
	if place < len(p.def.Inputs) {
		label = p.def.Inputs[place].Label
	} else {
		label = p.def.Formulas[place-len(p.def.Inputs)].Label
	}
	if label == "" {
		return p.nameAt(place)
	}
	return label
}

func asError(err error, to **errs.Error) bool { return errors.As(err, to) }

// Fits tells whether a value is one of the input's kind.
func Fits(in *Input, v any) bool { return v != nil && canonical(in.Kind, v) != nil }
