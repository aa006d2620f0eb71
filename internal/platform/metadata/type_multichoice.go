package metadata

import (
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// multichoiceMost is how many options one value may hold, as in Dataverse.
const multichoiceMost = 150

// multichoiceType is several of the column's options. The canonical value is a
// query.SetValue; the wire form is the text "1,3", options in ascending order.
type multichoiceType struct{}

func (multichoiceType) Shape(*Column) Shape { return Shape{Kind: query.Set, Edm: "Edm.String"} }

// Coerce takes the wire's text, or a list of numbers. No option at all is no value.
func (multichoiceType) Coerce(c *Column, v any) (any, error) {
	var set query.SetValue
	switch x := v.(type) {
	case query.SetValue:
		set = x
	case string:
		var err error
		if set, err = query.ParseSet(x); err != nil {
			return nil, wrong(c, "type", "values of options such as 1,3 are expected")
		}
	case []int64:
		set = query.NewSet(x...)
	case []any:
		values := make([]int64, len(x))
		for i, item := range x {
			n, ok := asInt(item)
			if !ok {
				return nil, wrong(c, "type", "values of options are expected")
			}
			values[i] = n
		}
		set = query.NewSet(values...)
	case json.Number, int64, int, uint64, float64:
		n, ok := asInt(x)
		if !ok {
			return nil, wrong(c, "type", "values of options such as 1,3 are expected")
		}
		set = query.NewSet(n)
	default:
		return nil, wrong(c, "type", "values of options such as 1,3 are expected")
	}
	values := set.Values()
	if len(values) > multichoiceMost {
		return nil, wrong(c, "too_many", "%d options are more than the %d allowed", len(values), multichoiceMost)
	}
	for _, n := range values {
		if _, known := c.Option(n); !known {
			return nil, wrong(c, "option", "%d is not one of the options", n)
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	return set, nil
}

func (multichoiceType) check(c *Column) error {
	if len(c.Options) == 0 {
		return wrong(c, "definition", "a choice needs options")
	}
	return checkOptions(c.Options)
}
