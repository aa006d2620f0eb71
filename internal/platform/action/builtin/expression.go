package builtin

import (
	"encoding/json"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Expression is Dataverse's QueryExpression, as far as it selects rows of one table.
type Expression struct {
	EntityName   string            `json:"EntityName" doc:"Logical name of the table"`
	Criteria     *Criteria         `json:"Criteria,omitempty"`
	TopCount     *int              `json:"TopCount,omitempty"`
	ColumnSet    json.RawMessage   `json:"ColumnSet,omitempty"`
	Distinct     bool              `json:"Distinct,omitempty"`
	NoLock       bool              `json:"NoLock,omitempty"`
	PageInfo     json.RawMessage   `json:"PageInfo,omitempty"`
	Orders       []json.RawMessage `json:"Orders,omitempty"`
	LinkEntities []json.RawMessage `json:"LinkEntities,omitempty"`
	Type         string            `json:"@odata.type,omitempty"`
}

// EdmType implements action.Named.
func (Expression) EdmType() string { return "QueryExpression" }

// Criteria is a group of conditions.
type Criteria struct {
	FilterOperator string      `json:"FilterOperator,omitempty" doc:"And or Or"`
	Conditions     []Condition `json:"Conditions,omitempty"`
	Filters        []Criteria  `json:"Filters,omitempty"`
	Hint           string      `json:"FilterHint,omitempty"`
	QuickFind      bool        `json:"IsQuickFindFilter,omitempty"`
	Type           string      `json:"@odata.type,omitempty"`
}

// EdmType implements action.Named.
func (Criteria) EdmType() string { return "FilterExpression" }

// Condition compares a column.
type Condition struct {
	EntityName     string  `json:"EntityName,omitempty"`
	AttributeName  string  `json:"AttributeName"`
	Operator       string  `json:"Operator" doc:"Such as Equal, In, Null, LessThan"`
	Values         []Value `json:"Values,omitempty"`
	CompareColumns bool    `json:"CompareColumns,omitempty"`
	Type           string  `json:"@odata.type,omitempty"`
}

// EdmType implements action.Named.
func (Condition) EdmType() string { return "ConditionExpression" }

// Value is a value, bare or as {"Value": …, "Type": "System.String"}.
type Value struct{ V any }

// EdmType implements action.Named.
func (Value) EdmType() string { return "Object" }

// UnmarshalJSON takes both forms.
func (v *Value) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&v.V); err != nil {
		return err
	}
	if object, ok := v.V.(map[string]any); ok {
		v.V = object["Value"]
	}
	return nil
}

// MarshalJSON writes the bare form.
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(v.V) }

const (
	expressionDepth = 10
	expressionParts = 500
)

// Query turns an expression into a query, or says what is not offered.
func (e Expression) Query(c *metadata.Catalog) (query.Query, error) {
	t, ok := c.Table(e.EntityName)
	if !ok {
		return query.Query{}, errs.New(errs.Invalid, "expression.table", "EntityName must be the logical name of a table")
	}
	if len(e.LinkEntities) > 0 {
		return query.Query{}, errs.New(errs.Unsupported, "expression.link", "LinkEntities are not offered here: select rows by a condition on the table itself")
	}
	q := query.Query{Table: t.Name, Select: []string{t.ID}}
	parts := 0
	if e.Criteria != nil {
		where, err := e.Criteria.node(t, 0, &parts)
		if err != nil {
			return query.Query{}, err
		}
		q.Where = where
	}
	return q, nil
}

func (f Criteria) node(t *metadata.Table, depth int, parts *int) (query.Node, error) {
	if *parts += len(f.Conditions) + len(f.Filters); depth > expressionDepth || *parts > expressionParts {
		return nil, errs.New(errs.Invalid, "expression.size", "the expression has more than %d conditions or is nested more than %d deep", expressionParts, expressionDepth)
	}
	var all []query.Node
	for _, c := range f.Conditions {
		n, err := c.node(t)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	for _, inner := range f.Filters {
		n, err := inner.node(t, depth+1, parts)
		if err != nil {
			return nil, err
		}
		if n != nil {
			all = append(all, n)
		}
	}
	switch f.FilterOperator {
	case "", "And", "0":
		if len(all) == 0 {
			return nil, nil
		}
		return query.And(all), nil
	case "Or", "1":
		if len(all) == 0 {
			return nil, nil
		}
		return query.Or(all), nil
	}
	return nil, errs.New(errs.Invalid, "expression.operator", "FilterOperator is And or Or")
}

// compares are the operators with one value.
var compares = map[string]query.Op{"Equal": query.Eq, "NotEqual": query.Ne, "GreaterThan": query.Gt, "GreaterEqual": query.Ge, "LessThan": query.Lt, "LessEqual": query.Le,
	"OnOrAfter": query.Ge, "OnOrBefore": query.Le}

var textual = map[string]query.TextOp{"BeginsWith": query.StartsWith, "EndsWith": query.EndsWith, "Contains": query.Contains}

func (c Condition) node(t *metadata.Table) (query.Node, error) {
	column, ok := t.Column(c.AttributeName)
	if !ok || c.EntityName != "" && c.EntityName != t.Name {
		return nil, errs.New(errs.Invalid, "query.unknown_column", "table %s has no column of the name in a condition's AttributeName", t.Name)
	}
	left := query.Path{column.Name}
	values := make([]any, len(c.Values))
	for i, v := range c.Values {
		values[i] = v.V
	}
	one := func() (any, error) {
		if len(values) != 1 || values[0] == nil {
			return nil, errs.New(errs.Invalid, "expression.values", "the operator %s on %s takes one value", clip(c.Operator), column.Name)
		}
		return values[0], nil
	}
	if op, ok := compares[c.Operator]; ok {
		v, err := one()
		return query.Compare{Left: left, Op: op, Value: v}, err
	}
	name, negated := strings.CutPrefix(c.Operator, "DoesNot")
	name = strings.Replace(strings.Replace(name, "BeginWith", "BeginsWith", 1), "EndWith", "EndsWith", 1)
	if name == "Contain" {
		name = "Contains"
	}
	if op, ok := textual[name]; ok {
		v, err := one()
		text, isText := v.(string)
		if err == nil && !isText {
			err = errs.New(errs.Invalid, "expression.values", "the operator %s on %s takes a text", clip(c.Operator), column.Name)
		}
		return negate(query.TextMatch{Left: left, Op: op, Text: text}, negated), err
	}
	switch c.Operator {
	case "Null":
		return query.Null{Left: left}, nil
	case "NotNull":
		return query.Null{Left: left, Negate: true}, nil
	case "In", "NotIn":
		return query.In{Left: left, Values: values, Negate: c.Operator == "NotIn"}, nil
	case "Between", "NotBetween":
		if len(values) != 2 {
			return nil, errs.New(errs.Invalid, "expression.values", "the operator %s on %s takes two values", c.Operator, column.Name)
		}
		both := query.And{query.Compare{Left: left, Op: query.Ge, Value: values[0]}, query.Compare{Left: left, Op: query.Le, Value: values[1]}}
		return negate(both, c.Operator == "NotBetween"), nil
	case "Like", "NotLike":
		v, err := one()
		text, _ := v.(string)
		if err != nil {
			return nil, err
		}
		n, err := like(left, text)
		return negate(n, c.Operator == "NotLike"), err
	}
	return nil, errs.New(errs.Unsupported, "expression.operator", "the operator %s is not offered here", clip(c.Operator))
}

// like reads a pattern whose percent signs stand at its ends.
func like(left query.Path, pattern string) (query.Node, error) {
	text := strings.Trim(pattern, "%")
	if strings.ContainsAny(text, "%_[") {
		return nil, errs.New(errs.Unsupported, "expression.pattern", "a pattern may have percent signs at its ends only")
	}
	front, back := strings.HasPrefix(pattern, "%"), strings.HasSuffix(pattern, "%")
	switch {
	case front && back:
		return query.TextMatch{Left: left, Op: query.Contains, Text: text}, nil
	case front:
		return query.TextMatch{Left: left, Op: query.EndsWith, Text: text}, nil
	case back:
		return query.TextMatch{Left: left, Op: query.StartsWith, Text: text}, nil
	}
	return query.Compare{Left: left, Value: text}, nil
}

func negate(n query.Node, do bool) query.Node {
	if do {
		return query.Not{Node: n}
	}
	return n
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
