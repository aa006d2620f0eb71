package metadata

import (
	"time"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// The behaviours of a date-time column.
const (
	UserLocal           = "UserLocal"           // an instant; people read it in their own zone
	DateOnly            = "DateOnly"            // a calendar day, the same in every zone
	TimeZoneIndependent = "TimeZoneIndependent" // a reading of the clock, the same in every zone
)

// datetimeType is an instant, kept in UTC to the microsecond. With the
// behaviour DateOnly it is a day (as the type date is); with
// TimeZoneIndependent the reading of a clock, carried as if its zone were UTC
// and never moved to another. The format dateonly shows the day of an instant.
type datetimeType struct{}

func (datetimeType) Shape(c *Column) Shape {
	if c.Behaviour == DateOnly {
		return Shape{Kind: query.Day, Edm: "Edm.Date"}
	}
	return Shape{Kind: query.Time, Edm: "Edm.DateTimeOffset"}
}

func (datetimeType) Coerce(c *Column, v any) (any, error) {
	if c.Behaviour == DateOnly {
		return coerceDay(c, v)
	}
	t, ok := instant(v, c.Behaviour == TimeZoneIndependent)
	if !ok {
		return nil, wrong(c, "type", "an instant such as 2006-01-02T15:04:05Z is expected")
	}
	if y := t.Year(); y < 1 || y > 9999 {
		return nil, wrong(c, "range", "the year must be between 1 and 9999")
	}
	return t.Truncate(time.Microsecond), nil
}

// instant reads a time. Of a clock's reading the hands count, not the zone.
func instant(v any, reading bool) (time.Time, bool) {
	var t time.Time
	switch d := v.(type) {
	case time.Time:
		t = d
	case string:
		var err error
		if t, err = time.Parse(time.RFC3339Nano, d); err != nil {
			if !reading {
				return t, false
			}
			if t, err = time.Parse("2006-01-02T15:04:05", d); err != nil {
				return t, false
			}
		}
	default:
		return t, false
	}
	if reading {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), true
	}
	return t.UTC(), true
}

func (datetimeType) check(c *Column) error {
	switch c.Behaviour {
	case "", UserLocal, DateOnly, TimeZoneIndependent:
		return c.checkFormat("dateandtime", "dateonly")
	}
	return wrong(c, "definition", "the behaviour is UserLocal, DateOnly or TimeZoneIndependent, not %q", c.Behaviour)
}
