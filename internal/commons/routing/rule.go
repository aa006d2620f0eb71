package routing

import (
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Allocation is how the members of a team get records.
type Allocation int64

// The allocations.
const (
	ToQueue     Allocation = 0 // nobody: the record waits to be picked
	InTurn      Allocation = 1
	LeastLoaded Allocation = 2 // whoever owns the fewest open records of the table; among those in turn
)

// Rule is one rule as people keep it.
type Rule struct {
	ID        id.ID
	Name      string
	Sequence  int64
	Countries []string // upper case; none means any
	Cities    []string // folded
	Postal    []Pattern
	Condition string // CEL; see package expr for what happens where values are missing
	Filter    string // FetchXML <filter>
	Queue     id.ID
	Assign    id.ID // user or team that takes the record instead of the queue's team
	AssignTo  string
	Skills    []Skill
	// Allocation is what the rule set says, if nil.
	Allocation *Allocation
}

// Skill is what a person must have.
type Skill struct {
	Name   string // as it is written in the rule
	Folded string
	Least  int64 // rating; 0 asks for none
}

// defaultSequence is the sequence number of a rule that has none.
const defaultSequence = int64(100)

// RuleOf reads a rule out of its row of routingruleitem, and says what of it can't be read.
func RuleOf(row record.Row) (Rule, []Problem) {
	r := Rule{ID: row.ID("routingruleitemid"), Name: row.Text("name"), Sequence: defaultSequence, Condition: strings.TrimSpace(row.Text("rpt_condition")),
		Filter: strings.TrimSpace(row.Text("conditionxml")), Queue: row.ID("routedqueueid"), Assign: row.ID("assignobjectid"), AssignTo: row.Text("assignobjectidtype")}
	if n, ok := row["sequencenumber"].(int64); ok {
		r.Sequence = n
	}
	if n, ok := row["rpt_allocation"].(int64); ok {
		a := Allocation(n)
		r.Allocation = &a
	}
	for _, c := range list(row.Text("rpt_country")) {
		r.Countries = append(r.Countries, strings.ToUpper(c))
	}
	for _, c := range list(row.Text("rpt_city")) {
		r.Cities = append(r.Cities, query.Fold(c))
	}
	var bad []Problem
	for _, p := range list(row.Text("rpt_postalcode")) {
		pattern, err := ParsePattern(p)
		if err != nil {
			bad = append(bad, r.problem(Fault, "rpt_postalcode", err))
			continue
		}
		r.Postal = append(r.Postal, pattern)
	}
	for _, s := range list(row.Text("rpt_skills")) {
		skill, err := parseSkill(s)
		if err != nil {
			bad = append(bad, r.problem(Fault, "rpt_skills", err))
			continue
		}
		r.Skills = append(r.Skills, skill)
	}
	return r, bad
}

// maxRating is the highest rating of a skill.
const maxRating = 10

func parseSkill(text string) (Skill, error) {
	name, rating, rated := strings.Cut(text, ":")
	s := Skill{Name: strings.TrimSpace(name), Folded: query.Fold(strings.TrimSpace(name))}
	if rated {
		n, err := strconv.ParseInt(strings.TrimSpace(rating), 10, 64)
		if err != nil || n < 1 || n > maxRating {
			return Skill{}, errs.New(errs.Invalid, "routing.skill", "the least rating of %q goes from 1 to 10", s.Name)
		}
		s.Least = n
	}
	if s.Name == "" {
		return Skill{}, errs.New(errs.Invalid, "routing.skill", "a skill has a name")
	}
	return s, nil
}

// entries gives the ways by which a rule takes records; at is its place among the rules.
func (r *Rule) entries(at int) (out []entry) {
	countries := r.Countries
	if len(countries) == 0 {
		countries = []string{""}
	}
	for _, country := range countries {
		for i := range r.Postal {
			out = append(out, entry{rule: at, postal: &r.Postal[i], country: country})
		}
		for _, city := range r.Cities {
			out = append(out, entry{rule: at, city: city, country: country})
		}
		if len(r.Postal)+len(r.Cities) == 0 {
			out = append(out, entry{rule: at, country: country})
		}
	}
	return out
}

// conditions names the conditions of a rule, for telling equal ones.
func (r *Rule) conditions() string {
	if r.Condition == "" && r.Filter == "" {
		return ""
	}
	return r.Condition + "\x00" + r.Filter
}

// same tells whether two rules do the same with what they take.
func (r *Rule) same(o *Rule) bool {
	if r.Queue != o.Queue || r.Assign != o.Assign || len(r.Skills) != len(o.Skills) || (r.Allocation == nil) != (o.Allocation == nil) {
		return false
	}
	for i := range r.Skills {
		if r.Skills[i] != o.Skills[i] {
			return false
		}
	}
	return r.Allocation == nil || *r.Allocation == *o.Allocation
}
