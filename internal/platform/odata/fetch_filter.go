package odata

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// filter reads conditions that all (or with type="or" any of which) must hold.
func (r *fetchReader) filter(t *metadata.Table, e *element) (query.Node, error) {
	if err := e.only("type", "isquickfindfields", "overridequickfindrecordlimitenabled", "overridequickfindrecordlimitdisabled", "hint", "bypassquickfind"); err != nil {
		return nil, err
	}
	var list []query.Node
	for _, x := range e.below {
		var n query.Node
		var err error
		switch x.name {
		case "condition":
			n, err = r.condition(t, x)
		case "filter":
			n, err = r.filter(t, x)
		case "link-entity":
			n, err = r.filterLink(t, x)
		default:
			err = x.fail("the element is not known here")
		}
		if err != nil {
			return nil, err
		}
		if n != nil {
			list = append(list, n)
		}
	}
	switch e.attr("type") {
	case "", "and":
		if len(list) == 0 {
			return nil, nil
		}
		return query.And(list), nil
	case "or":
		if len(list) == 0 {
			return nil, nil
		}
		return query.Or(list), nil
	}
	return nil, e.fail("the type of a filter is and or or")
}

// condition reads one condition.
func (r *fetchReader) condition(t *metadata.Table, e *element) (query.Node, error) {
	if err := e.only("attribute", "operator", "value", "valueof", "entityname", "column", "aggregate", "alias", "uiname", "uitype", "uihidden", "rowaggregate"); err != nil {
		return nil, err
	}
	if e.attr("aggregate") != "" || e.attr("rowaggregate") != "" {
		return nil, e.fail("conditions on combined values are not known in FetchXML")
	}
	var prefix query.Path
	if name := e.attr("entityname"); name != "" && name != t.Name {
		alias, other, err := r.linked(name, e)
		if err != nil {
			return nil, err
		}
		t, prefix = other, query.LinkPath(alias)
	}
	left, err := r.column(t, prefix, e.attr("attribute"), e)
	if err != nil {
		return nil, err
	}
	n, err := r.test(t, left, e)
	return n, e.wrap(err)
}

// column finds a condition's column. The name of what a lookup leads to can be
// asked for by the lookup's name and "name", as in Dataverse.
func (r *fetchReader) column(t *metadata.Table, prefix query.Path, name string, e *element) (operand, error) {
	if c, ok := t.Column(name); ok {
		return operand{path: append(prefix, c.Name), column: t.Shape().Columns[c.Name]}, nil
	}
	if lookup, ok := strings.CutSuffix(name, "name"); ok {
		if c, ok := t.Column(lookup); ok && c.IsLookup() && !c.Polymorphic() {
			rel, _ := t.Relation(c.Nav)
			if other, ok := r.ctx.Catalog.Table(rel.Table); ok && !rel.Many {
				return operand{path: append(prefix, rel.Name, other.Title), column: other.Shape().Columns[other.Title]}, nil
			}
		}
	}
	return operand{}, e.wrap(unknownProperty(t, name))
}

// values gives the values of a condition: of its attribute, or of its children.
func (e *element) values() ([]any, error) {
	var out []any
	for _, a := range e.attrs {
		if a.Name.Local == "value" {
			out = append(out, literalText(a.Value))
		}
	}
	for _, x := range e.below {
		if x.name != "value" {
			return nil, x.fail("the element is not known here")
		}
		if err := x.only("uiname", "uitype", "type"); err != nil {
			return nil, err
		}
		out = append(out, literalText(x.text))
	}
	return out, nil
}

// literalText takes the braces off a GUID, which old clients put around it.
func literalText(s string) string {
	if trimmed := strings.TrimSpace(s); len(trimmed) == 38 && trimmed[0] == '{' && trimmed[37] == '}' {
		return trimmed[1:37]
	}
	return s
}

var fetchOps = map[string]query.Op{"eq": query.Eq, "ne": query.Ne, "neq": query.Ne, "gt": query.Gt, "ge": query.Ge, "lt": query.Lt, "le": query.Le}

// test makes the condition of an operator.
func (r *fetchReader) test(t *metadata.Table, left operand, e *element) (query.Node, error) {
	operator := e.attr("operator")
	values, err := e.values()
	if err != nil {
		return nil, err
	}
	one := func() (any, error) {
		if len(values) != 1 {
			return nil, e.fail("the operator %s takes one value", operator)
		}
		return values[0], nil
	}
	if op, ok := fetchOps[operator]; ok {
		if e.attr("valueof") != "" {
			return r.valueOf(t, left, op, e)
		}
		v, err := one()
		if err != nil {
			return nil, err
		}
		if v, err = query.Coerce(left.column, v); err != nil {
			return nil, err
		}
		return query.Compare{Left: left.path, Op: op, Value: v}, nil
	}
	if e.attr("valueof") != "" {
		return nil, e.fail("valueof goes with eq, ne, gt, ge, lt and le only")
	}
	switch operator {
	case "null", "not-null":
		if len(values) > 0 {
			return nil, e.fail("the operator %s takes no value", operator)
		}
		return query.Null{Left: left.path, Negate: operator == "not-null"}, nil
	case "like", "not-like", "begins-with", "not-begin-with", "ends-with", "not-end-with":
		v, err := one()
		if err != nil {
			return nil, err
		}
		text, _ := v.(string)
		return textCondition(left, operator, text, e)
	}
	name, ok := fetchNames[operator]
	if !ok {
		return nil, e.fail("the operator %q is unknown", clip(operator))
	}
	n, known, err := condition{ctx: r.ctx, name: name, left: left, values: values}.node()
	if err == nil && !known {
		return nil, e.fail("the operator %q is unknown", clip(operator))
	}
	return n, err
}

// textCondition reads the operators on texts. Where they negate, rows without a
// value match, as for ne.
func textCondition(left operand, operator, text string, e *element) (query.Node, error) {
	if k := left.column.Kind; k != query.Text && k != query.Memo {
		return nil, e.fail("the operator %s takes a text", operator)
	}
	var n query.Node
	switch operator {
	case "like", "not-like":
		n = likeTest(left.path, text)
	case "begins-with", "not-begin-with":
		n = textTest(left.path, query.StartsWith, text)
	default:
		n = textTest(left.path, query.EndsWith, text)
	}
	if strings.HasPrefix(operator, "not-") {
		return query.Or{query.Not{Node: n}, query.Null{Left: left.path}}, nil
	}
	return n, nil
}

// valueOf compares with another column: of the same row, or "alias.column".
func (r *fetchReader) valueOf(t *metadata.Table, left operand, op query.Op, e *element) (query.Node, error) {
	name := e.attr("valueof")
	alias, column, linked := strings.Cut(name, ".")
	right := query.Path{name}
	if linked {
		found, other, err := r.linked(alias, e)
		if err != nil {
			return nil, err
		}
		t, right = other, query.LinkPath(found, column)
	} else if len(left.path) > 1 {
		right = append(append(query.Path{}, left.path[:len(left.path)-1]...), name)
	}
	if _, ok := t.Column(right[len(right)-1]); !ok {
		return nil, unknownProperty(t, right[len(right)-1])
	}
	return query.Compare{Left: left.path, Op: op, Right: right}, nil
}

// fetchNames gives OData's name of each operator of FetchXML that OData has too.
var fetchNames = func() map[string]string {
	out := map[string]string{
		"in": "In", "not-in": "NotIn", "between": "Between", "not-between": "NotBetween", "contain-values": "ContainValues", "not-contain-values": "DoesNotContainValues",
		"eq-userid": "EqualUserId", "ne-userid": "NotEqualUserId", "eq-businessid": "EqualBusinessId", "ne-businessid": "NotEqualBusinessId",
		"eq-userteams": "EqualUserTeams", "eq-useroruserteams": "EqualUserOrUserTeams", "eq-useroruserhierarchy": "EqualUserOrUserHierarchy",
		"eq-useroruserhierarchyandteams": "EqualUserOrUserHierarchyAndTeams", "eq-userlanguage": "EqualUserLanguage",
		"above": "Above", "eq-or-above": "AboveOrEqual", "under": "Under", "eq-or-under": "UnderOrEqual", "not-under": "NotUnder",
		"on": "On", "on-or-after": "OnOrAfter", "on-or-before": "OnOrBefore", "today": "Today", "yesterday": "Yesterday", "tomorrow": "Tomorrow",
		"last-seven-days": "Last7Days", "next-seven-days": "Next7Days",
		"in-fiscal-year": "InFiscalYear", "in-fiscal-period": "InFiscalPeriod", "in-fiscal-period-and-year": "InFiscalPeriodAndYear",
		"in-or-before-fiscal-period-and-year": "InOrBeforeFiscalPeriodAndYear", "in-or-after-fiscal-period-and-year": "InOrAfterFiscalPeriodAndYear",
	}
	for _, unit := range []string{"week", "month", "year", "fiscal-year", "fiscal-period"} {
		for _, which := range []string{"this", "last", "next"} {
			out[which+"-"+unit] = camel(which + "-" + unit)
		}
	}
	for _, unit := range []string{"minutes", "hours", "days", "weeks", "months", "years", "fiscal-years", "fiscal-periods"} {
		out["last-x-"+unit], out["next-x-"+unit] = camel("last-x-"+unit), camel("next-x-"+unit)
		out["olderthan-x-"+unit] = "OlderThanX" + camel(unit)
	}
	return out
}()

func camel(s string) string {
	var b strings.Builder
	for _, part := range strings.Split(s, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
