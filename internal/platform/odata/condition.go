package odata

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// condition is one of Dataverse's named conditions, of OData or of FetchXML.
type condition struct {
	ctx    *Context
	name   string // as OData has it, without the namespace: "LastXDays"
	left   operand
	values []any // literals as they were written
}

func (c condition) fail(format string, args ...any) error {
	return errs.New(errs.Invalid, "odata.syntax", c.name+" "+format, args...)
}

// node makes the condition; known is false for a name that Dataverse does not have.
func (c condition) node() (n query.Node, known bool, err error) {
	for _, of := range []func() (query.Node, bool, error){c.membership, c.sets, c.hierarchy} {
		if n, known, err = of(); known || err != nil {
			return n, known, err
		}
	}
	for _, of := range []func() (query.Node, bool, error){c.principal, c.inFiscalPeriod, c.period} {
		if n, known, err = of(); known || err != nil {
			if known && err == nil && c.ctx.Symbolic {
				n = query.Named{Name: c.name, Left: c.left.path, Values: c.values}
			}
			return n, known, err
		}
	}
	return nil, false, nil
}

// coerced gives the values as those of the column.
func (c condition) coerced() ([]any, error) {
	out := make([]any, len(c.values))
	for i, v := range c.values {
		var err error
		if out[i], err = query.Coerce(c.left.column, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// membership: In, NotIn, Between, NotBetween.
func (c condition) membership() (query.Node, bool, error) {
	switch c.name {
	case "In", "NotIn", "Between", "NotBetween":
	default:
		return nil, false, nil
	}
	values, err := c.coerced()
	if err != nil {
		return nil, true, err
	}
	left := c.left.path
	if c.name == "In" || c.name == "NotIn" {
		return query.In{Left: left, Values: values, Negate: c.name == "NotIn"}, true, nil
	}
	if len(values) != 2 || values[0] == nil || values[1] == nil {
		return nil, true, c.fail("takes two values")
	}
	if c.name == "Between" {
		return query.And{query.Compare{Left: left, Op: query.Ge, Value: values[0]}, query.Compare{Left: left, Op: query.Le, Value: values[1]}}, true, nil
	}
	return query.Or{query.Compare{Left: left, Op: query.Lt, Value: values[0]}, query.Compare{Left: left, Op: query.Gt, Value: values[1]}}, true, nil
}

// sets: conditions on choices of several options. As in Dataverse a row without
// any option contains none.
func (c condition) sets() (query.Node, bool, error) {
	if c.name != "ContainValues" && c.name != "DoesNotContainValues" {
		return nil, false, nil
	}
	if len(c.values) == 0 {
		return nil, true, c.fail("takes one value or more")
	}
	negate := c.name == "DoesNotContainValues"
	if c.left.column.Kind == query.Int {
		values, err := c.coerced()
		return query.In{Left: c.left.path, Values: values, Negate: negate}, true, err
	}
	if c.left.column.Kind != query.Set {
		return nil, true, c.fail("takes a choice of several options")
	}
	var members []int64
	for _, v := range c.values {
		set, err := query.Coerce(c.left.column, v)
		if err != nil {
			return nil, true, err
		}
		if set, ok := set.(query.SetValue); ok {
			members = append(members, set.Values()...)
		}
	}
	return query.HasAny{Left: c.left.path, Members: members, Negate: negate}, true, nil
}

// principal: conditions on who asks.
func (c condition) principal() (query.Node, bool, error) {
	all := func(f func() []id.ID) []id.ID {
		if f == nil {
			return nil
		}
		return f()
	}
	var list []id.ID
	switch c.name {
	case "EqualUserLanguage":
		if c.left.column.Kind != query.Int {
			return nil, true, c.fail("takes a whole number")
		}
		lcid := c.ctx.Language
		if lcid == 0 {
			lcid = english
		}
		return query.Compare{Left: c.left.path, Op: query.Eq, Value: lcid}, true, nil
	case "EqualUserId", "NotEqualUserId":
		list = []id.ID{c.ctx.UserID}
	case "EqualBusinessId", "NotEqualBusinessId":
		list = []id.ID{c.ctx.UnitID}
	case "EqualUserTeams":
		list = c.ctx.Teams
	case "EqualUserOrUserTeams":
		list = append([]id.ID{c.ctx.UserID}, c.ctx.Teams...)
	case "EqualUserOrUserHierarchy":
		list = append([]id.ID{c.ctx.UserID}, all(c.ctx.Below)...)
	case "EqualUserOrUserHierarchyAndTeams":
		list = append(append([]id.ID{c.ctx.UserID}, c.ctx.Teams...), all(c.ctx.Below)...)
		list = append(list, all(c.ctx.BelowTeams)...)
	default:
		return nil, false, nil
	}
	if c.left.column.Kind != query.ID {
		return nil, true, c.fail("takes a lookup or an id")
	}
	values := make([]any, len(list))
	for i, x := range list {
		values[i] = x
	}
	return query.In{Left: c.left.path, Values: values, Negate: strings.HasPrefix(c.name, "Not")}, true, nil
}

// hierarchy: conditions on rows above and below each other.
func (c condition) hierarchy() (query.Node, bool, error) {
	n := query.Hierarchy{Left: c.left.path}
	switch c.name {
	case "Above":
		n.Up = true
	case "AboveOrEqual":
		n.Up, n.Self = true, true
	case "Under":
	case "UnderOrEqual":
		n.Self = true
	case "NotUnder":
		n.Self, n.Negate = true, true
	default:
		return nil, false, nil
	}
	if c.left.column.Kind != query.ID {
		return nil, true, c.fail("takes a lookup or an id")
	}
	if len(c.values) != 1 {
		return nil, true, c.fail("takes one value")
	}
	v, err := query.Coerce(c.left.column, c.values[0])
	if err != nil {
		return nil, true, err
	}
	root, ok := v.(id.ID)
	if !ok {
		return nil, true, c.fail("takes one value")
	}
	n.Root = root
	return n, true, nil
}

// count reads the one whole number that LastXDays and its kin take.
func (c condition) count() (int, error) {
	if len(c.values) == 1 {
		if n, ok := wholeNumber(c.values[0]); ok && n > 0 && n <= 100_000 {
			return n, nil
		}
	}
	return 0, errs.New(errs.Invalid, "odata.syntax", "PropertyValue of %s must be a whole number from 1 to 100000", c.name)
}

func wholeNumber(v any) (int, bool) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// textTest tests a part of a text; wildcards in it count, as in Dataverse.
func textTest(left query.Path, op query.TextOp, s string) query.Node {
	if !query.Wild(s) {
		return query.TextMatch{Left: left, Op: op, Text: s}
	}
	if op != query.StartsWith {
		s = "%" + s
	}
	if op != query.EndsWith {
		s += "%"
	}
	return query.TextMatch{Left: left, Op: query.Like, Text: s}
}

// likeTest tests a whole text by wildcards. Those at its ends alone are what the
// plain tests do, by an index where there is one.
func likeTest(left query.Path, pattern string) query.Node {
	inner, starts := strings.CutPrefix(pattern, "%")
	inner, ends := strings.CutSuffix(inner, "%")
	switch {
	case query.Wild(inner) || inner == "":
		return query.TextMatch{Left: left, Op: query.Like, Text: pattern}
	case starts && ends:
		return query.TextMatch{Left: left, Op: query.Contains, Text: inner}
	case starts:
		return query.TextMatch{Left: left, Op: query.EndsWith, Text: inner}
	case ends:
		return query.TextMatch{Left: left, Op: query.StartsWith, Text: inner}
	}
	return query.Compare{Left: left, Op: query.Eq, Value: pattern}
}
