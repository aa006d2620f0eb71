package metadata

import (
	"math"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// wholeType is a whole number of 32 bits, as in Dataverse, unless bounds say
// more. Formats: none, duration (minutes), timezone, language (a Windows locale id).
type wholeType struct{}

func (wholeType) Shape(c *Column) Shape {
	edm := "Edm.Int32"
	if c.Most != nil && *c.Most > math.MaxInt32 {
		edm = "Edm.Int64"
	}
	return Shape{Kind: query.Int, Edm: edm}
}

func (wholeType) Coerce(c *Column, v any) (any, error) {
	return coerceWhole(c, v, math.MinInt32, math.MaxInt32)
}

func (wholeType) check(c *Column) error {
	if err := c.checkBounds(); err != nil {
		return err
	}
	return c.checkFormat("none", "duration", "timezone", "language")
}

// bigintType is a whole number of 64 bits.
type bigintType struct{}

func (bigintType) Shape(*Column) Shape { return Shape{Kind: query.Int, Edm: "Edm.Int64"} }

func (bigintType) Coerce(c *Column, v any) (any, error) {
	return coerceWhole(c, v, math.MinInt64, math.MaxInt64)
}

func (bigintType) check(c *Column) error { return c.checkBounds() }

func coerceWhole(c *Column, v any, least, most int64) (any, error) {
	n, ok := asInt(v)
	if !ok {
		return nil, wrong(c, "type", "a whole number is expected")
	}
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
