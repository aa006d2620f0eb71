package decide

import (
	"fmt"
	"slices"
)

// How grave a finding is.
const (
	Error   = "error"   // the set can't be put in force
	Warning = "warning" // it can, if a person accepts it
	Note    = "note"
)

// Finding is something about a decision set that its author should see.
type Finding struct {
	Kind     string `json:"kind"` // never, contradiction, overlap, unreachable, gap, impossible, unused, entangled
	Severity string `json:"severity"`
	Table    string `json:"table,omitempty"`
	Rows     []int  `json:"rows,omitempty"`  // from 1
	Where    string `json:"where,omitempty"` // the cases that it is about
	Message  string `json:"message"`
}

const maxGaps = 10 // shown of one table

// Examine looks at a set as a whole: rows that can't hold, contradict each other
// or are never reached, cases that no row covers, and a set that nothing passes.
func (p *Program) Examine() []Finding {
	out := []Finding{}
	for i := range p.tables {
		out = append(out, p.examineTable(&p.tables[i])...)
	}
	if p.impossible() {
		out = append(out, Finding{Kind: "impossible", Severity: Error, Message: "no values at all pass every table"})
	}
	return append(out, p.unused()...)
}

func (p *Program) examineTable(t *table) (out []Finding) {
	s := p.space(t)
	add := func(kind, severity, where string, rows []int, format string, args ...any) {
		out = append(out, Finding{kind, severity, t.Name, rows, where, fmt.Sprintf(format, args...)})
	}
	regions := make([]region, len(t.rows))
	for i := range t.rows {
		if regions[i] = s.row(t, &t.rows[i]); regions[i].empty() {
			add("never", Error, "", []int{i + 1}, "row %d can never hold", i+1)
		}
	}
	left, ok := []region{s.all()}, true
	for i, r := range regions {
		if r.empty() {
			continue
		}
		if t.Policy == Unique {
			for j, earlier := range regions[:i] {
				both := earlier.and(r)
				if both.empty() {
					continue
				}
				rows := []int{j + 1, i + 1}
				if t.rows[i].outcome != t.rows[j].outcome {
					add("contradiction", Error, s.say(both), rows, "rows %d and %d hold for the same cases and contradict each other", j+1, i+1)
				} else {
					add("overlap", Warning, s.say(both), rows, "rows %d and %d hold for the same cases", j+1, i+1)
				}
			}
		} else if ok {
			reached := slices.ContainsFunc(left, func(l region) bool { return !l.and(r).empty() })
			if !reached {
				add("unreachable", Warning, s.say(r), []int{i + 1}, "row %d is never reached: rows before it hold for all of its cases", i+1)
			}
		}
		if ok {
			left, ok = without(left, r)
		}
	}
	switch {
	case !ok:
		add("entangled", Warning, "", nil, "the table is too entangled to be examined for gaps and rows that are never reached: split it")
	case len(left) > 0:
		for i, gap := range left {
			if i == maxGaps {
				add("gap", Warning, "", nil, "there are %d further gaps", len(left)-maxGaps)
				break
			}
			add("gap", Warning, s.say(gap), nil, "no row covers these cases: they are referred")
		}
	}
	return out
}

// impossible tells whether nothing can pass. Formulas are taken as if they could
// have any value, so what is told is certain, and some of it is not seen.
func (p *Program) impossible() bool {
	tables := make([]*table, len(p.tables))
	for i := range p.tables {
		tables[i] = &p.tables[i]
	}
	s := p.space(tables...)
	passing := []region{s.all()}
	for _, t := range tables {
		left := []region{s.all()}
		var through []region
		for i := range t.rows {
			r := s.row(t, &t.rows[i])
			if t.rows[i].outcome == Pass {
				for _, l := range left {
					if both := l.and(r); !both.empty() {
						through = append(through, both)
					}
				}
			}
			var ok bool
			if left, ok = without(left, r); !ok {
				return false
			}
		}
		var next []region
		for _, a := range passing {
			for _, b := range through {
				if both := a.and(b); !both.empty() {
					next = append(next, both)
				}
				if len(next) > maxParts {
					return false
				}
			}
		}
		if passing = next; len(passing) == 0 {
			return true
		}
	}
	return false
}

// unused lists inputs and formulas that decide nothing.
func (p *Program) unused() (out []Finding) {
	used := map[string]bool{}
	for i := range p.tables {
		for _, place := range p.tables[i].inputs {
			used[p.nameAt(place)] = true
		}
	}
	for i := len(p.def.Formulas) - 1; i >= 0; i-- { // a formula is read by later ones alone
		if used[p.def.Formulas[i].Name] {
			for _, name := range p.formulas[i].Uses() {
				used[name] = true
			}
		}
	}
	for place := range p.kinds {
		if name := p.nameAt(place); !used[name] {
			out = append(out, Finding{Kind: "unused", Severity: Note, Message: p.labelAt(place) + " decides nothing"})
		}
	}
	return out
}
