package query

import "time"

// Fiscal is an organisation's fiscal calendar. The zero value is the calendar
// year in quarters. The fiscal year of a day is the calendar year in which it
// began.
type Fiscal struct {
	Month   time.Month // in which the year begins; 0 means January
	Day     int        // 0 means the first
	Periods int        // periods a year: 1, 2, 4, 12, or 13 of four weeks; 0 means 4
}

func (f Fiscal) orDefault() Fiscal {
	if f.Month < 1 || f.Month > 12 {
		f.Month = time.January
	}
	if f.Day < 1 || f.Day > 28 {
		f.Day = 1
	}
	switch f.Periods {
	case 1, 2, 4, 12, 13:
	default:
		f.Periods = 4
	}
	return f
}

// Count gives the number of periods in a year.
func (f Fiscal) Count() int { return f.orDefault().Periods }

// Year gives the first day of a fiscal year, at midnight of the zone.
func (f Fiscal) Year(year int, zone *time.Location) time.Time {
	f = f.orDefault()
	return time.Date(year, f.Month, f.Day, 0, 0, 0, 0, zone)
}

// Period gives the first day of a period, counted from 1, and of the one after
// it. Periods beyond the year's last lead into the next years, those below 1
// into the ones before.
func (f Fiscal) Period(year, period int, zone *time.Location) (from, till time.Time) {
	f = f.orDefault()
	start := func(n int) time.Time {
		y, p := year+floorDiv(n, f.Periods), n-floorDiv(n, f.Periods)*f.Periods
		if f.Periods == 13 {
			return f.Year(y, zone).AddDate(0, 0, 28*p)
		}
		return f.Year(y, zone).AddDate(0, 12/f.Periods*p, 0)
	}
	return start(period - 1), start(period)
}

// Of gives the fiscal year and period of an instant, by its own zone's calendar.
func (f Fiscal) Of(t time.Time) (year, period int) {
	f = f.orDefault()
	year = t.Year()
	if t.Before(f.Year(year, t.Location())) {
		year--
	}
	for period = 1; period < f.Periods; period++ {
		if _, next := f.Period(year, period, t.Location()); t.Before(next) {
			break
		}
	}
	return year, period
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
