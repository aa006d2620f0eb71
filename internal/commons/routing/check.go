package routing

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// maxProblems bounds what is told of one rule set.
const maxProblems = 500

// Check looks for what is wrong with a set, beside what kept rules out of it:
// conditions that never hold, rules that are never reached since others take all
// that they could, rules that contradict one another, and those that lead
// nowhere. Found is what can be seen of two rules at a time: that several
// together take all that another could is not.
func (e *Engine) Check(s *Set, catalog *metadata.Catalog, bad []Problem) []Problem {
	out := slices.Clone(bad)
	if len(s.rules) == 0 && len(bad) == 0 {
		out = append(out, Problem{Level: Warning, Code: "routing.empty", Name: s.Name, Message: "the set has no rules: everything goes to the fall-back queue"})
	}
	var d Decision
	d.Set = s
	if e.fallback(&d); d.Queue == id.Nil {
		out = append(out, Problem{Level: Warning, Code: "routing.no_fallback", Name: s.Name, Column: "rpt_fallbackqueueid", Message: "no fall-back queue: records that no rule takes stay where they are"})
	} else if s.Fallback != id.Nil && d.Queue != s.Fallback {
		out = append(out, Problem{Level: Fault, Code: "routing.queue", Name: s.Name, Column: "rpt_fallbackqueueid", Message: "the fall-back queue is not active"})
	}
	for i := range s.rules {
		r := &s.rules[i]
		out = append(out, e.checkTarget(s, &r.Rule)...)
		if r.node != nil {
			if checked, err := query.CheckNode(catalog, s.Table, r.node, query.Limits{}); err == nil && never(checked) {
				out = append(out, r.found(Fault, "routing.never", "its condition holds for no record"))
			}
		}
		if r.program != nil && len(r.program.Uses()) == 0 {
			out = append(out, r.found(Warning, "routing.constant", "its condition reads nothing of the record: it always holds, or never"))
		}
	}
	out = append(out, s.overlaps()...)
	if len(out) > maxProblems {
		slices.SortStableFunc(out, func(a, b Problem) int { return no(a.Level == Fault) - no(b.Level == Fault) })
		out = out[:maxProblems]
	}
	return out
}

// checkTarget looks whether a rule leads to somebody.
func (e *Engine) checkTarget(s *Set, r *Rule) (out []Problem) {
	if r.Queue == id.Nil && r.Assign == id.Nil {
		return []Problem{r.found(Fault, "routing.nowhere", "it names neither a queue nor somebody to assign to")}
	}
	d := Decision{Set: s}
	if r.Queue != id.Nil && !e.into(&d, r.Queue) {
		return []Problem{r.found(Fault, "routing.queue", "its queue is not active")}
	}
	members := d.pool.members
	switch r.AssignTo {
	case "systemuser":
		if !e.Teams.Known(r.Assign) {
			return append(out, r.found(Fault, "routing.user", "its user is disabled or gone"))
		}
		members = []id.ID{r.Assign}
	case "team":
		members = e.Teams.Members(r.Assign)
	}
	how := s.Allocation
	if r.Allocation != nil {
		how = *r.Allocation
	}
	if how == ToQueue {
		return out
	}
	if len(members) == 0 {
		return append(out, r.found(Warning, "routing.nobody", "nobody works there: its records wait to be picked"))
	}
	for _, skill := range r.Skills {
		if !e.People().knows(skill.Folded) {
			out = append(out, r.found(Fault, "routing.skill", "there is no skill %s", quoted(skill.Name)))
		}
	}
	if len(out) == 0 && len(r.Skills) > 0 && !e.People().skilled(members, r.Skills) {
		out = append(out, r.found(Warning, "routing.unskilled", "none of the %d who work there has the skills", len(members)))
	}
	return out
}

// overlaps finds rules that are never reached and rules that contradict each other.
func (s *Set) overlaps() (out []Problem) {
	hidden := make([]int, len(s.rules)) // entries of each rule that another one takes
	number := make([]int, len(s.rules))
	by := make([]int, len(s.rules))
	clashes := map[[2]int]bool{}
	for at := range s.entries {
		e := &s.entries[at]
		number[e.rule]++
		over, equal := s.before(at)
		if over < 0 {
			continue
		}
		a, b := &s.rules[over], &s.rules[e.rule]
		if equal && a.Sequence == b.Sequence && a.conditions() == b.conditions() && !a.same(&b.Rule) {
			if pair := [2]int{over, e.rule}; !clashes[pair] {
				clashes[pair] = true
				p := b.found(Fault, "routing.contradiction", "it takes the same records as %s with the same sequence number, and sends them elsewhere", quoted(a.Name))
				p.Other = a.ID
				out = append(out, p)
			}
		}
		hidden[e.rule]++
		by[e.rule] = over
	}
	for i := range s.rules {
		if number[i] == 0 || hidden[i] < number[i] {
			continue
		}
		clashed := false
		for pair := range clashes {
			clashed = clashed || pair[1] == i
		}
		if !clashed {
			a := &s.rules[by[i]]
			p := s.rules[i].found(Warning, "routing.unreachable", "it is never reached: %s takes all that it could", quoted(a.Name))
			p.Other = a.ID
			out = append(out, p)
		}
	}
	return out
}

// before finds the rule of an earlier entry that takes all that an entry could,
// and whether it takes just the same places; -1 for none.
func (s *Set) before(at int) (rule int, equal bool) {
	e := &s.entries[at]
	own := &s.rules[e.rule]
	var earlier []int32
	switch {
	case e.postal != nil:
		earlier = merge(s.index.covering(*e.postal), s.index.anywhere)
	case e.city != "":
		earlier = merge(s.index.cities[e.city], s.index.anywhere)
	default:
		earlier = s.index.anywhere
	}
	for _, n := range earlier {
		if int(n) >= at {
			break
		}
		o := &s.entries[n]
		r := &s.rules[o.rule]
		if o.rule == e.rule || o.country != "" && o.country != e.country || r.conditions() != "" && r.conditions() != own.conditions() {
			continue
		}
		same := o.country == e.country && o.city == e.city && (o.postal == nil) == (e.postal == nil) && (o.postal == nil || *o.postal == *e.postal)
		return o.rule, same
	}
	return -1, false
}
