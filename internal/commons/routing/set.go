package routing

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

// Head is what a rule set says beside its rules.
type Head struct {
	ID         id.ID
	Name       string
	Table      string
	Version    int64
	Allocation Allocation
	Fallback   id.ID // queue; id.Nil for none
	OnCreate   bool
	Owner      id.ID // who is told when a rule fails
	City       string
	Postal     string
	Country    string
}

// Set is a version of the rules of a table, compiled. It does not change and is
// safe for concurrent use.
type Set struct {
	Head
	rules   []compiled
	entries []entry // in the order in which they count
	index   *index
}

type compiled struct {
	Rule
	program *expr.Program  // nil for none
	filter  *query.Matcher // nil for none
	node    query.Node     // of the filter
}

// Compile makes a Set. Rules that can't be used are kept out and told of.
func Compile(head Head, rules []Rule, catalog *metadata.Catalog) (*Set, []Problem) {
	s := &Set{Head: head, index: newIndex(nil)}
	t, ok := catalog.Table(head.Table)
	if !ok {
		return s, []Problem{{Level: Fault, Code: "routing.table", Name: head.Name, Column: "rpt_table", Message: "there is no table " + clip(head.Table, 60)}}
	}
	var bad []Problem
	if !t.Owned() {
		bad = append(bad, Problem{Level: Fault, Code: "routing.table", Name: head.Name, Column: "rpt_table", Message: "records of " + head.Table + " have no owner"})
	}
	for column, name := range map[string]string{"rpt_citycolumn": head.City, "rpt_postalcolumn": head.Postal, "rpt_countrycolumn": head.Country} {
		if name == "" {
			continue
		}
		if c, there := t.Column(name); !there || c.Type().Shape(c).Kind != query.Text {
			if placed(rules) {
				bad = append(bad, Problem{Level: Fault, Code: "routing.column", Name: head.Name, Column: column, Message: "the table has no text column " + clip(name, 60)})
			}
		}
	}
	env, err := expr.New(expr.Options{Vars: rule.Vars(t), Cache: len(rules) + 1})
	if err != nil {
		return s, append(bad, Problem{Level: Fault, Code: errs.CodeOf(err), Name: head.Name, Message: expr.Message(err)})
	}
	for _, r := range rules {
		c, wrong := compile(r, env, catalog, t)
		if len(wrong) > 0 {
			bad = append(bad, wrong...)
			continue
		}
		s.entries = append(s.entries, r.entries(len(s.rules))...)
		s.rules = append(s.rules, c)
	}
	slices.SortFunc(s.entries, s.order)
	s.index = newIndex(s.entries)
	return s, bad
}

func placed(rules []Rule) bool {
	return slices.ContainsFunc(rules, func(r Rule) bool { return len(r.Postal)+len(r.Cities)+len(r.Countries) > 0 })
}

func compile(r Rule, env *expr.Env, catalog *metadata.Catalog, t *metadata.Table) (compiled, []Problem) {
	c := compiled{Rule: r}
	var bad []Problem
	if r.Name == "" {
		bad = append(bad, r.found(Fault, "required", "a rule needs a name"))
	}
	if r.Condition != "" {
		p, err := env.Compile(r.Condition)
		if err != nil {
			bad = append(bad, r.problem(Fault, "rpt_condition", err))
		}
		c.program = p
	}
	if r.Filter != "" {
		var err error
		if c.node, c.filter, err = filterOf(r.Filter, catalog, t); err != nil {
			bad = append(bad, r.problem(Fault, "conditionxml", err))
		}
	}
	return c, bad
}

// filterOf reads a FetchXML filter over one record. What hangs on who asks or
// when would be decided when the rules are read, and is refused.
func filterOf(text string, catalog *metadata.Catalog, t *metadata.Table) (query.Node, *query.Matcher, error) {
	var nodes [2]query.Node
	for i, ctx := range []*odata.Context{
		{Catalog: catalog, Now: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), UserID: id.Derive("routing", "a"), UnitID: id.Derive("routing", "b")},
		{Catalog: catalog, Now: time.Date(2031, 8, 9, 10, 11, 12, 0, time.UTC), UserID: id.Derive("routing", "c"), UnitID: id.Derive("routing", "d")},
	} {
		f, err := odata.ParseFetch(ctx, `<fetch><entity name="`+t.Name+`">`+text+`</entity></fetch>`)
		if err != nil {
			return nil, nil, err
		}
		if len(f.Query.Links) > 0 {
			return nil, nil, errs.New(errs.Invalid, "routing.filter", "a rule looks at the record's own columns only")
		}
		nodes[i] = f.Query.Where
	}
	if !reflect.DeepEqual(nodes[0], nodes[1]) {
		return nil, nil, errs.New(errs.Invalid, "routing.filter", "a rule can't hang on who asks or on today's date")
	}
	if nodes[0] == nil {
		return nil, nil, errs.New(errs.Invalid, "routing.filter", "a <filter> is expected")
	}
	m, err := query.Compile(catalog, t.Name, nodes[0])
	if err != nil {
		return nil, nil, err
	}
	// A condition that needs other rows is refused whatever the record holds.
	if _, err = m.Match(map[string]any{}); err != nil {
		return nil, nil, err
	}
	return nodes[0], m, nil
}

// order tells which of two entries counts first: the lower sequence number, the
// narrower place, the one with a country, the one with a condition.
func (s *Set) order(a, b entry) int {
	x, y := &s.rules[a.rule].Rule, &s.rules[b.rule].Rule
	return cmp.Or(cmp.Compare(x.Sequence, y.Sequence), cmp.Compare(a.breadth(), b.breadth()), cmp.Compare(no(a.country != ""), no(b.country != "")),
		cmp.Compare(no(x.conditions() != ""), no(y.conditions() != "")), strings.Compare(x.Name, y.Name), slices.Compare(x.ID[:], y.ID[:]))
}

// breadth is how much a place takes: a code nothing, all codes less than a city, everything the most.
func (e entry) breadth() float64 {
	switch {
	case e.postal != nil:
		return e.postal.width()
	case e.city != "":
		return 2
	}
	return 3
}

// no is 0 where something holds and 1 where it does not, so that what holds comes first.
func no(b bool) int {
	if b {
		return 0
	}
	return 1
}

// Failure is a rule that could not be evaluated on a record.
type Failure struct {
	Rule *Rule
	Err  error
}

// Match finds the rule that takes a record, nil if none does. A rule that fails
// before one is found ends the search: which rule would have come first can't be
// told then. Only the end of the context is an error.
func (s *Set) Match(ctx context.Context, row record.Row) (*Rule, *Failure, error) {
	place := s.place(row)
	postal, city := code(place.Postal), query.Fold(place.City)
	last := -1
	for _, at := range s.index.find(postal, city) {
		e := &s.entries[at]
		// A record that names no country is taken by the rules of any: people leave it out.
		if e.country != "" && place.Country != "" && e.country != place.Country || e.rule == last {
			continue
		}
		r := &s.rules[e.rule]
		holds, err := r.holds(ctx, row)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			return nil, &Failure{&r.Rule, err}, nil
		}
		if holds {
			return &r.Rule, nil, nil
		}
		last = e.rule
	}
	return nil, nil, nil
}

func (c *compiled) holds(ctx context.Context, row record.Row) (bool, error) {
	if c.filter != nil {
		if ok, err := c.filter.Match(row); err != nil || !ok {
			return false, err
		}
	}
	if c.program == nil {
		return true, nil
	}
	return c.program.Bool(ctx, row)
}

// place reads where a record belongs.
func (s *Set) place(row record.Row) Place {
	return Place{Country: strings.ToUpper(strings.TrimSpace(row.Text(s.Country))), City: strings.TrimSpace(row.Text(s.City)), Postal: row.Text(s.Postal)}
}

// Rules gives the number of rules.
func (s *Set) Rules() int { return len(s.rules) }
