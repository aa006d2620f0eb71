package metadata

import (
	"math"
	"strconv"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// doubleType is a floating-point number of 64 bits, kept as it is.
type doubleType struct{}

func (doubleType) Shape(*Column) Shape { return Shape{Kind: query.Float, Edm: "Edm.Double"} }

func (doubleType) Coerce(c *Column, v any) (any, error) {
	s, ok := numberText(v)
	if !ok {
		return nil, wrong(c, "type", "a number is expected")
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, wrong(c, "range", "the number is out of range")
	}
	if c.Least != nil && f < float64(*c.Least) || c.Most != nil && f > float64(*c.Most) {
		return nil, wrong(c, "range", "the number is outside the column's bounds")
	}
	return f + 0, nil // minus nought and nought are one value
}

func (doubleType) check(c *Column) error { return c.checkBounds() }
