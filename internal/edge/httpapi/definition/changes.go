package definition

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// RetrieveMetadataChanges is the function by which clients read definitions by
// a query of its own shape, an EntityQueryExpression.
const metadataChanges = "RetrieveMetadataChanges"

// properties says which properties of a definition are wanted.
type properties struct {
	AllProperties bool
	PropertyNames []string
}

// criteria is a condition on definitions.
type criteria struct {
	FilterOperator string // And, unless it is Or
	Conditions     []struct {
		PropertyName      string
		ConditionOperator string
		Value             struct{ Value any }
	}
	Filters []criteria
}

// expression asks for tables, and for parts of them.
type expression struct {
	Properties     properties
	Criteria       criteria
	AttributeQuery *struct {
		Properties properties
		Criteria   criteria
	}
}

// criteriaDepth bounds how deep filters stand in each other.
const criteriaDepth = 8

// metadataChanges answers Query=@p1. There is no change without a stamp: the
// whole answer is given each time, as Dataverse gives it to who brings no stamp.
func (c *call) metadataChanges(inner string) (*Answer, error) {
	if c.Method != http.MethodGet {
		return nil, notAllowed()
	}
	name, alias, ok := strings.Cut(inner, "=")
	text := strings.TrimSpace(alias)
	if strings.HasPrefix(text, "@") {
		text = c.Params[text]
	}
	if !ok || strings.TrimSpace(name) != "Query" || text == "" {
		return nil, invalid("query", "%s takes Query, as JSON or by an alias such as @p1", metadataChanges)
	}
	var q expression
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		return nil, invalid("query", "Query is not an EntityQueryExpression")
	}
	found := []any{}
	stamp := int64(0)
	for _, name := range c.catalog.Names() {
		t, _ := c.catalog.Table(name)
		stamp = max(stamp, t.Epoch)
		o := entity(t, c.custom(name, ""))
		ok, err := q.Criteria.hold(o, 0)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		out, err := q.show(c, t, o)
		if err != nil {
			return nil, err
		}
		found = append(found, out)
	}
	return &Answer{Status: http.StatusOK, Body: obj{"@odata.context": c.Base + "$metadata#Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse",
		"EntityMetadata": found, "ServerVersionStamp": strconv.FormatInt(stamp, 10), "DeletedMetadata": nil}}, nil
}

func (q *expression) show(c *call, t *metadata.Table, o obj) (obj, error) {
	out := q.Properties.of(o)
	if q.AttributeQuery == nil {
		return out, nil
	}
	attributes := []any{}
	for _, a := range c.attributes(t) {
		ok, err := q.AttributeQuery.Criteria.hold(a, 0)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		for _, set := range []string{"OptionSet", "GlobalOptionSet"} {
			if q.AttributeQuery.Properties.wants(set) {
				if err := c.expandAttribute(a, expansion{name: set}); err != nil {
					return nil, err
				}
			}
		}
		attributes = append(attributes, q.AttributeQuery.Properties.of(a))
	}
	out["Attributes"] = attributes
	return out, nil
}

func (p properties) wants(name string) bool {
	if p.AllProperties {
		return true
	}
	for _, n := range p.PropertyNames {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// of gives the wanted properties of a definition; its type and its id always come along.
func (p properties) of(o obj) obj {
	out := obj{}
	for name, v := range o {
		if strings.HasPrefix(name, "@") || name == "MetadataId" || p.wants(name) {
			out[name] = v
		}
	}
	return out
}

// hold tells whether a definition meets the criteria.
func (f *criteria) hold(o obj, depth int) (bool, error) {
	if depth > criteriaDepth {
		return false, invalid("query", "filters stand in each other at most %d deep", criteriaDepth)
	}
	either := strings.EqualFold(f.FilterOperator, "Or")
	if n := len(f.Conditions) + len(f.Filters); n == 0 {
		return true, nil
	}
	for _, c := range f.Conditions {
		ok, err := meets(o, c.PropertyName, c.ConditionOperator, c.Value.Value)
		if err != nil || ok == either {
			return ok, err
		}
	}
	for i := range f.Filters {
		ok, err := f.Filters[i].hold(o, depth+1)
		if err != nil || ok == either {
			return ok, err
		}
	}
	return !either, nil
}

// meets compares one property. Texts compare ignoring case, as clients send logical names in any.
func meets(o obj, property, operator string, want any) (bool, error) {
	have, known := o[property]
	if !known {
		return false, nil // another kind of column has it
	}
	if managed, ok := have.(obj); ok {
		have = managed["Value"]
	}
	same := func(v any) bool { return strings.EqualFold(fmt.Sprint(have), fmt.Sprint(v)) }
	among := func() bool {
		list, _ := want.([]any)
		for _, v := range list {
			if same(v) {
				return true
			}
		}
		return false
	}
	switch operator {
	case "Equals":
		return same(want), nil
	case "NotEquals":
		return !same(want), nil
	case "In":
		return among(), nil
	case "NotIn":
		return !among(), nil
	}
	return false, invalid("query", "the condition operator %s is not offered on definitions", clip(operator))
}
