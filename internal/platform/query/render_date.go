package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// datePart renders a part of a date as a whole number. Instants are first
// brought to the day number (days since 1970) of the zone's calendar.
func (r *renderer) datePart(ref string, k Kind, key Key) string {
	if key.Part == FiscalPeriodPart || key.Part == FiscalYearPart {
		return r.fiscalPart(ref, k, key)
	}
	day := r.civil(ref, k, key.Zone)
	year, month, dayOf := r.field(day, "year"), r.field(day, "month"), r.field(day, "day")
	switch key.Part {
	case DayPart:
		return dayOf
	case MonthPart:
		return month
	case QuarterPart:
		return "((" + month + " + 2) / 3)"
	case WeekPart:
		// The week that holds 1 January is the first; weeks begin on Sunday.
		doy, dow := r.field(day, "doy"), r.field(day, "dow")
		return "((" + doy + " - 1 + (" + dow + " - " + doy + " + 372) % 7) / 7 + 1)"
	}
	return year
}

// civil gives a day of the calendar: the text of it on SQLite, a date on PostgreSQL.
func (r *renderer) civil(ref string, k Kind, zone *time.Location) string {
	if k == Day {
		if r.dialect == sqldb.Postgres {
			return "CAST(" + ref + " AS date)"
		}
		return ref
	}
	if r.dialect == sqldb.Postgres {
		return "CAST((" + ref + offset(ref, zone, r.dialect) + ") AT TIME ZONE 'UTC' AS date)"
	}
	// Counted from the year 0, as division rounds towards zero.
	return "date((" + ref + offset(ref, zone, r.dialect) + " + 62167219200000000) / 86400000000 * 86400 - 62167219200, 'unixepoch')"
}

// field takes a number out of a day.
func (r *renderer) field(day, name string) string {
	if r.dialect == sqldb.Postgres {
		return "CAST(extract(" + name + " FROM " + day + ") AS integer)"
	}
	format := map[string]string{"year": "%Y", "month": "%m", "day": "%d", "doy": "%j", "dow": "%w"}[name]
	return "CAST(strftime('" + format + "', " + day + ") AS INTEGER)"
}

// Years for which a zone's changes of the clock are looked up; before and after
// them its offset stays as at the ends.
const (
	zoneFrom = 1990
	zoneTill = 2045
)

// offset renders what to add to an instant in UTC to get that of the zone's
// clock. It is made from Go's own knowledge of zones, so that both databases agree.
func offset(ref string, zone *time.Location, d sqldb.Dialect) string {
	if zone == nil || zone == time.UTC {
		return ""
	}
	instant := func(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }
	length := func(seconds int) string { return strconv.FormatInt(int64(seconds)*1_000_000, 10) }
	if d == sqldb.Postgres {
		instant = func(t time.Time) string { return "TIMESTAMPTZ '" + t.UTC().Format(time.RFC3339) + "'" }
		length = func(seconds int) string { return "INTERVAL '" + strconv.Itoa(seconds) + " seconds'" }
	}
	var cases strings.Builder
	changes, last := clockChanges(zone)
	for _, c := range changes {
		cases.WriteString(" WHEN " + ref + " < " + instant(c.until) + " THEN " + length(c.seconds))
	}
	if cases.Len() == 0 {
		return " + " + length(last)
	}
	return " + CASE" + cases.String() + " ELSE " + length(last) + " END"
}

// clockChange is a zone's offset until an instant.
type clockChange struct {
	until   time.Time
	seconds int
}

// clockChanges lists the offsets of a zone in order, and the last one. It looks
// at the clock week by week: time.Time.ZoneBounds does not get past the changes
// that the rule for years to come makes.
func clockChanges(zone *time.Location) (changes []clockChange, last int) {
	at := time.Date(zoneFrom, 1, 1, 0, 0, 0, 0, time.UTC)
	_, last = at.In(zone).Zone()
	for at.Year() < zoneTill {
		next := at.AddDate(0, 0, 7)
		if _, now := next.In(zone).Zone(); now != last {
			low, high := at.Unix(), next.Unix() // the change lies after low and not after high
			for high-low > 1 {
				mid := (low + high) / 2
				if _, s := time.Unix(mid, 0).In(zone).Zone(); s == last {
					low = mid
				} else {
					high = mid
				}
			}
			changes = append(changes, clockChange{time.Unix(high, 0), last})
			last = now
		}
		at = next
	}
	return changes, last
}

// fiscalPart renders the fiscal year, or year × 100 + period.
func (r *renderer) fiscalPart(ref string, k Kind, key Key) string {
	f := key.Fiscal.orDefault()
	day := r.civil(ref, k, key.Zone)
	year, month, dayOf := r.field(day, "year"), r.field(day, "month"), r.field(day, "day")
	// Months since the year 0, counted as if the fiscal year began in January.
	shifted := fmt.Sprintf("(%s * 12 + %s - %d - CASE WHEN %s < %d THEN 1 ELSE 0 END)", year, month, int(f.Month), dayOf, f.Day)
	fiscal := "(" + shifted + " / 12)"
	if key.Part == FiscalYearPart {
		return fiscal
	}
	if f.Periods == 13 {
		var elapsed string
		if r.dialect == sqldb.Postgres {
			// One turn of the calendar later, as there is no year 0.
			elapsed = fmt.Sprintf("(%s + 146097 - make_date(%s + 400, %d, %d))", day, fiscal, int(f.Month), f.Day)
		} else {
			elapsed = fmt.Sprintf("CAST(julianday(%s) - julianday(printf('%%04d-%02d-%02d', %s)) AS INTEGER)", day, int(f.Month), f.Day, fiscal)
		}
		return "(" + fiscal + " * 100 + CASE WHEN " + elapsed + " >= 336 THEN 13 ELSE " + elapsed + " / 28 + 1 END)"
	}
	return fmt.Sprintf("(%s * 100 + (%s %% 12) / %d + 1)", fiscal, shifted, 12/f.Periods)
}
