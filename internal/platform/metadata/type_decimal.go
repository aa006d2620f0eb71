package metadata

import (
	"encoding/json"
	"strconv"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

const (
	decimalDefaultScale = 2
	decimalMaxScale     = 10
)

// decimalType is an exact decimal at the column's precision.
type decimalType struct{}

func (decimalType) Shape(c *Column) Shape {
	return Shape{Kind: query.Fixed, Scale: decimalScale(c), Edm: "Edm.Decimal"}
}

func (decimalType) Coerce(c *Column, v any) (any, error) {
	return coerceNumber(c, v, decimalScale(c))
}

func (decimalType) check(c *Column) error {
	if decimalScale(c) > decimalMaxScale {
		return wrong(c, "definition", "a decimal has at most %d digits after the point", decimalMaxScale)
	}
	return c.checkBounds()
}

func decimalScale(c *Column) uint8 {
	if c.Precision != nil {
		return *c.Precision
	}
	return decimalDefaultScale
}

// numberText gives the text of a number as JSON, YAML, an expression or Go has it.
func numberText(v any) (string, bool) {
	switch n := v.(type) {
	case query.Number:
		return n.String(), true
	case json.Number:
		return n.String(), true
	case float64:
		return strconv.FormatFloat(n, 'f', -1, 64), true
	}
	i, ok := asInt(v)
	return strconv.FormatInt(i, 10), ok
}

func coerceNumber(c *Column, v any, scale uint8) (any, error) {
	s, ok := numberText(v)
	if !ok {
		return nil, wrong(c, "type", "a number is expected")
	}
	n, err := query.ParseNumber(s, scale)
	if err != nil {
		return nil, wrong(c, "range", "the number is out of range")
	}
	whole := n.Float()
	if c.Least != nil && whole < float64(*c.Least) || c.Most != nil && whole > float64(*c.Most) {
		return nil, wrong(c, "range", "the number is outside the column's bounds")
	}
	return n, nil
}
