package odata

import (
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// span is a stretch of time; a zero end is open. From belongs to it; till does
// too only where inclusive says so.
type span struct {
	from, till time.Time
	inclusive  bool
}

// period reads the functions on dates. As in Dataverse, "the last x days" begin
// at the midnight x days before this morning and end now; "the next x days" begin
// now and end at the midnight x days after tonight. Weeks begin on Sunday.
func (c condition) period() (n query.Node, known bool, err error) {
	s, known, err := c.span()
	if !known || err != nil {
		return nil, known, err
	}
	if k := c.left.column.Kind; k != query.Time && k != query.Day {
		return nil, true, c.fail("takes a date or an instant")
	}
	return within(c.left, s, c.ctx.zone()), true, nil
}

func (c condition) span() (span, bool, error) {
	now := c.ctx.Now.In(c.ctx.zone())
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	day := func(n int) time.Time { return today.AddDate(0, 0, n) }
	switch c.name {
	case "Today":
		return span{from: today, till: day(1)}, true, nil
	case "Yesterday":
		return span{from: day(-1), till: today}, true, nil
	case "Tomorrow":
		return span{from: day(1), till: day(2)}, true, nil
	case "Last7Days":
		return span{from: day(-7), till: now, inclusive: true}, true, nil
	case "Next7Days":
		return span{from: now, till: day(8)}, true, nil
	case "On", "OnOrAfter", "OnOrBefore":
		return c.onDay()
	}
	if s, ok := calendarSpan(c.name, today); ok {
		return s, true, nil
	}
	if s, ok, err := c.fiscalSpan(today); ok || err != nil {
		return s, true, err
	}
	return c.countedSpan(now, today)
}

// calendarSpan: This, Last and Next of Week, Month and Year.
func calendarSpan(name string, today time.Time) (span, bool) {
	which, unit := 0, ""
	for prefix, n := range map[string]int{"This": 0, "Last": -1, "Next": 1} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			which, unit = n, rest
		}
	}
	switch unit {
	case "Week":
		sunday := today.AddDate(0, 0, -int(today.Weekday())+7*which)
		return span{from: sunday, till: sunday.AddDate(0, 0, 7)}, true
	case "Month":
		first := time.Date(today.Year(), today.Month()+time.Month(which), 1, 0, 0, 0, 0, today.Location())
		return span{from: first, till: first.AddDate(0, 1, 0)}, true
	case "Year":
		first := time.Date(today.Year()+which, 1, 1, 0, 0, 0, 0, today.Location())
		return span{from: first, till: first.AddDate(1, 0, 0)}, true
	}
	return span{}, false
}

// countedSpan: LastX…, NextX… and OlderThanX… of hours to years, and of minutes
// for OlderThanX.
func (c condition) countedSpan(now, today time.Time) (span, bool, error) {
	for _, prefix := range []string{"LastX", "NextX", "OlderThanX"} {
		unit, ok := strings.CutPrefix(c.name, prefix)
		if !ok {
			continue
		}
		step, ok := steps[unit]
		if !ok || unit == "Minutes" && prefix != "OlderThanX" {
			return span{}, false, nil
		}
		n, err := c.count()
		if err != nil {
			return span{}, true, err
		}
		short := unit == "Hours" || unit == "Minutes"
		switch {
		case prefix == "OlderThanX":
			return span{till: step(now, -n)}, true, nil
		case prefix == "LastX" && short:
			return span{from: step(now, -n), till: now, inclusive: true}, true, nil
		case prefix == "LastX":
			return span{from: step(today, -n), till: now, inclusive: true}, true, nil
		case short:
			return span{from: now, till: step(now, n), inclusive: true}, true, nil
		default:
			return span{from: now, till: step(today.AddDate(0, 0, 1), n)}, true, nil
		}
	}
	return span{}, false, nil
}

var steps = map[string]func(t time.Time, n int) time.Time{
	"Minutes": func(t time.Time, n int) time.Time { return t.Add(time.Duration(n) * time.Minute) },
	"Hours":   func(t time.Time, n int) time.Time { return t.Add(time.Duration(n) * time.Hour) },
	"Days":    func(t time.Time, n int) time.Time { return t.AddDate(0, 0, n) },
	"Weeks":   func(t time.Time, n int) time.Time { return t.AddDate(0, 0, 7*n) },
	"Months":  func(t time.Time, n int) time.Time { return t.AddDate(0, n, 0) },
	"Years":   func(t time.Time, n int) time.Time { return t.AddDate(n, 0, 0) },
}

// onDay: the day of the value, in the asker's zone, whatever its hour.
func (c condition) onDay() (span, bool, error) {
	if len(c.values) != 1 {
		return span{}, true, c.fail("takes one value")
	}
	v, err := query.Coerce(query.Column{Name: c.left.column.Name, Kind: query.Day}, c.values[0])
	if err != nil {
		return span{}, true, err
	}
	date, _ := v.(query.Date)
	from, err := time.ParseInLocation(time.DateOnly, string(date), c.ctx.zone())
	if err != nil {
		return span{}, true, c.fail("takes a date")
	}
	next := from.AddDate(0, 0, 1)
	switch c.name {
	case "OnOrAfter":
		return span{from: from}, true, nil
	case "OnOrBefore":
		return span{till: next}, true, nil
	}
	return span{from: from, till: next}, true, nil
}

// within makes the condition that a column lies in the span. For calendar days
// the span's days count, the day of an inclusive or broken end among them.
func within(left operand, s span, zone *time.Location) query.Node {
	const first, last = 1, 9999 // years that a column can hold
	var list query.And
	if !s.from.IsZero() && s.from.Year() >= first {
		list = append(list, query.Compare{Left: left.path, Op: query.Ge, Value: boundary(left, s.from, zone)})
	}
	if !s.till.IsZero() && s.till.Year() < first {
		return query.Const(false)
	}
	if !s.till.IsZero() && s.till.Year() <= last {
		op := query.Lt
		if s.inclusive || left.column.Kind == query.Day && !midnight(s.till.In(zone)) {
			op = query.Le
		}
		list = append(list, query.Compare{Left: left.path, Op: op, Value: boundary(left, s.till, zone)})
	}
	if len(list) == 0 {
		return query.Null{Left: left.path, Negate: true}
	}
	return list
}

func boundary(left operand, t time.Time, zone *time.Location) any {
	if left.column.Kind == query.Day {
		return query.Date(t.In(zone).Format(time.DateOnly))
	}
	return t.UTC().Truncate(time.Microsecond)
}

func midnight(t time.Time) bool {
	return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0
}
