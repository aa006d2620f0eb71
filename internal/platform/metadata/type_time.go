package metadata

import (
	"time"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// dateType is a calendar day without a time.
type dateType struct{}

func (dateType) Shape(*Column) Shape { return Shape{Kind: query.Day, Edm: "Edm.Date"} }

func (dateType) Coerce(c *Column, v any) (any, error) {
	switch d := v.(type) {
	case query.Date:
		return d, nil
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

// datetimeType is an instant, kept in UTC to the microsecond.
type datetimeType struct{}

func (datetimeType) Shape(*Column) Shape {
	return Shape{Kind: query.Time, Edm: "Edm.DateTimeOffset"}
}

func (datetimeType) Coerce(c *Column, v any) (any, error) {
	var t time.Time
	switch d := v.(type) {
	case time.Time:
		t = d
	case string:
		var err error
		if t, err = time.Parse(time.RFC3339Nano, d); err != nil {
			return nil, wrong(c, "type", "an instant such as 2006-01-02T15:04:05Z is expected")
		}
	default:
		return nil, wrong(c, "type", "an instant such as 2006-01-02T15:04:05Z is expected")
	}
	if y := t.Year(); y < 1 || y > 9999 {
		return nil, wrong(c, "range", "the year must be between 1 and 9999")
	}
	return t.UTC().Truncate(time.Microsecond), nil
}
