package metadata

import (
	"encoding/json"
	"strconv"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

const (
	moneyScale          = 4
	decimalDefaultScale = 2
)

// wholeType is a whole number of 32 bits, as in Dataverse, unless bounds say more.
type wholeType struct{}

func (wholeType) Shape(c *Column) Shape {
	edm := "Edm.Int32"
	if c.Most != nil && *c.Most > 1<<31-1 {
		edm = "Edm.Int64"
	}
	return Shape{Kind: query.Int, Edm: edm}
}

func (wholeType) Coerce(c *Column, v any) (any, error) {
	n, ok := asInt(v)
	if !ok {
		return nil, wrong(c, "type", "a whole number is expected")
	}
	least, most := int64(-1<<31), int64(1<<31-1)
	if c.Least != nil {
		least = *c.Least
	}
	if c.Most != nil {
		most = *c.Most
	}
	if n < least || n > most {
		return nil, wrong(c, "range", "the number must be between %d and %d", least, most)
	}
	return n, nil
}

// decimalType is an exact decimal at the column's precision.
type decimalType struct{}

func (decimalType) Shape(c *Column) Shape {
	scale := uint8(decimalDefaultScale)
	if c.Precision != nil {
		scale = *c.Precision
	}
	return Shape{Kind: query.Fixed, Scale: scale, Edm: "Edm.Decimal"}
}

func (t decimalType) Coerce(c *Column, v any) (any, error) {
	return coerceNumber(c, v, t.Shape(c).Scale)
}

// moneyType is an amount at four digits after the point.
type moneyType struct{}

func (moneyType) Shape(*Column) Shape {
	return Shape{Kind: query.Fixed, Scale: moneyScale, Edm: "Edm.Decimal"}
}

func (moneyType) Coerce(c *Column, v any) (any, error) { return coerceNumber(c, v, moneyScale) }

func coerceNumber(c *Column, v any, scale uint8) (any, error) {
	var s string
	switch n := v.(type) {
	case query.Number:
		s = n.String()
	case json.Number:
		s = n.String()
	case float64:
		s = strconv.FormatFloat(n, 'f', -1, 64)
	default:
		i, ok := asInt(v)
		if !ok {
			return nil, wrong(c, "type", "a number is expected")
		}
		s = strconv.FormatInt(i, 10)
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
