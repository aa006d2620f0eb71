package cell

import (
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Orders are the orders of a date's parts that can be named.
func Orders() []string { return []string{"iso", "dmy", "mdy", "unix"} }

var layouts = map[string][]string{
	"iso": {time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "2006/01/02 15:04:05", "2006/01/02", "20060102"},
	"dmy": {"2.1.2006 15:04:05", "2.1.2006 15:04", "2.1.2006", "2/1/2006 15:04:05", "2/1/2006 15:04", "2/1/2006", "2-1-2006 15:04:05", "2-1-2006", "2.1.06", "2/1/06", "2 Jan 2006", "2-Jan-2006", "2 January 2006"},
	"mdy": {"1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "1/2/2006", "1-2-2006", "1/2/06", "Jan 2, 2006", "January 2, 2006"},
}

// ErrTime is the error of what can't be read as a moment.
var ErrTime = errs.New(errs.Invalid, "cell.time", "this is no moment in the order that was found or named")

// Time reads a moment by the order of its parts; one without a zone is in the
// zone given, or in UTC where that is nil.
func Time(text, format string, zone *time.Location) (time.Time, error) {
	if zone == nil {
		zone = time.UTC
	}
	text = strings.TrimSpace(text)
	if format == "unix" {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n < -62135596800 || n > 253402300799e3 {
			return time.Time{}, ErrTime
		}
		if n > 1e11 { // milliseconds
			n /= 1e3
		}
		return time.UnixMicro(int64(n * 1e6)).UTC(), nil
	}
	for _, layout := range layouts[format] {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil && t.Year() > 1000 && t.Year() < 10000 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, ErrTime
}

// Order gives the first order in which all the values can be read, "" if
// there is none. Of two that both fit, day first wins only where a point parts them.
func Order(values []string) string {
	formats := []string{"iso", "mdy", "dmy"}
	for _, v := range values {
		if strings.Contains(v, ".") {
			formats = []string{"iso", "dmy", "mdy"}
		}
	}
	for _, format := range formats {
		fits, n := true, 0
		for _, v := range values {
			if strings.TrimSpace(v) == "" {
				continue
			}
			n++
			if _, err := Time(v, format, nil); err != nil {
				fits = false
				break
			}
		}
		if fits && n > 0 {
			return format
		}
	}
	return ""
}

// daysFrom are the moments from which spreadsheets count days.
var (
	from1900 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC) // as if 1900 had a 29th of February, from March of it on
	from1904 = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Serial reads a moment as spreadsheets store it: the days since the beginning
// of 1900 or 1904, with the time of day as their fraction, as wall time in a zone.
func Serial(text string, date1904 bool, zone *time.Location) (time.Time, bool) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 1 || n > 2_958_466 { // the year 9999
		return time.Time{}, false
	}
	from := from1900
	if date1904 {
		from = from1904
	}
	days := int(n)
	// To the second, as fractions of a day are not exact.
	t := from.AddDate(0, 0, days).Add(time.Duration((n - float64(days)) * float64(24*time.Hour))).Round(time.Second)
	if zone != nil {
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
	}
	return t.UTC(), true
}
