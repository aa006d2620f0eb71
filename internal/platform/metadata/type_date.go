package metadata

import (
	"time"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// dateType is a calendar day without a time.
type dateType struct{}

func (dateType) Shape(*Column) Shape { return Shape{Kind: query.Day, Edm: "Edm.Date"} }

func (dateType) Coerce(c *Column, v any) (any, error) { return coerceDay(c, v) }

func coerceDay(c *Column, v any) (any, error) {
	switch d := v.(type) {
	case query.Date:
		return d, nil
	case time.Time: // of an expression
		return query.Date(d.Format(time.DateOnly)), nil
	case string:
		if len(d) > len(time.DateOnly) { // clients send whole instants for days, too
			if t, err := time.Parse(time.RFC3339Nano, d); err == nil {
				return query.Date(t.Format(time.DateOnly)), nil
			}
		}
		day, err := query.ParseDate(d)
		if err != nil {
			return nil, wrong(c, "type", "a date such as 2006-01-02 is expected")
		}
		return day, nil
	}
	return nil, wrong(c, "type", "a date such as 2006-01-02 is expected")
}
