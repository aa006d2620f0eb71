package flow

import (
	"context"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// filter is a condition of a query, in a definition:
//
//	{and: […]}  {or: […]}  {not: …}
//	{column: city, op: eq, value: "${trigger.city}"}
//
// with the operators eq (if none is given), ne, lt, le, gt, ge, contains,
// startswith, endswith, in, empty, notempty. Unlike in OData, a comparison with
// a value that turns out to be null never holds: looking for the row with the
// address of somebody who has none must not find everybody without one.
type filter interface {
	node(ctx context.Context, vars map[string]any) (query.Node, error)
}

type (
	group struct {
		any   bool
		parts []filter
	}
	negation  struct{ part filter }
	predicate struct {
		column query.Path
		op     string
		value  template
	}
)

var comparisons = map[string]query.Op{"eq": query.Eq, "ne": query.Ne, "lt": query.Lt, "le": query.Le, "gt": query.Gt, "ge": query.Ge}
var textTests = map[string]query.TextOp{"contains": query.Contains, "startswith": query.StartsWith, "endswith": query.EndsWith}

func (g group) node(ctx context.Context, vars map[string]any) (query.Node, error) {
	parts := make([]query.Node, len(g.parts))
	var err error
	for i, p := range g.parts {
		if parts[i], err = p.node(ctx, vars); err != nil {
			return nil, err
		}
	}
	if g.any {
		return query.Or(parts), nil
	}
	return query.And(parts), nil
}

func (n negation) node(ctx context.Context, vars map[string]any) (query.Node, error) {
	part, err := n.part.node(ctx, vars)
	return query.Not{Node: part}, err
}

func (p predicate) node(ctx context.Context, vars map[string]any) (query.Node, error) {
	switch p.op {
	case "empty", "notempty":
		return query.Null{Left: p.column, Negate: p.op == "notempty"}, nil
	}
	v, err := p.value.eval(ctx, vars)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return query.Const(false), nil
	}
	if op, ok := comparisons[p.op]; ok {
		return query.Compare{Left: p.column, Op: op, Value: v}, nil
	}
	if op, ok := textTests[p.op]; ok {
		s, isText := v.(string)
		if !isText {
			return nil, errs.New(errs.Invalid, "flow.step", "the operator %s needs a text", p.op)
		}
		return query.TextMatch{Left: p.column, Op: op, Text: s}, nil
	}
	values, ok := v.([]any)
	if !ok {
		return nil, errs.New(errs.Invalid, "flow.step", "the operator in needs a list")
	}
	values = slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil })
	if len(values) == 0 {
		return query.Const(false), nil
	}
	return query.In{Left: p.column, Values: values}, nil
}

// filter compiles the condition of a query.
func (c *compiler) filter(path, table string, v any, depth int) filter {
	m, ok := v.(map[string]any)
	if !ok || depth > 16 {
		c.problem(path, "where", "a condition is an object with and, or, not or column, nested 16 deep at most")
		return group{}
	}
	for _, name := range []string{"and", "or"} {
		if list, ok := m[name].([]any); ok && len(m) == 1 {
			g := group{any: name == "or"}
			for _, part := range list {
				g.parts = append(g.parts, c.filter(path+"."+name, table, part, depth+1))
			}
			return g
		}
	}
	if part, ok := m["not"]; ok && len(m) == 1 {
		return negation{c.filter(path+".not", table, part, depth+1)}
	}
	column, _ := m["column"].(string)
	op, _ := m["op"].(string)
	if op == "" {
		op = "eq"
	}
	value, hasValue := m["value"]
	needs := op != "empty" && op != "notempty"
	_, compares := comparisons[op]
	_, tests := textTests[op]
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if name != "column" && name != "op" && name != "value" {
			c.problem(path, "where", "a condition has no "+name)
		}
	}
	switch {
	case column == "":
		c.problem(path, "where", "a condition needs a column")
	case needs && !compares && !tests && op != "in":
		c.problem(path, "where", "there is no operator "+op)
	case needs != hasValue:
		c.problem(path, "where", "the operator "+op+" needs a value, or has one too many")
	}
	c.column(path, table, column)
	return predicate{query.Path{column}, op, c.template(path+".value", value)}
}
