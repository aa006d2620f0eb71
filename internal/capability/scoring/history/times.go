package history

import (
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// timeFormats are the orders of a date's parts that a mapping can name.
var timeFormats = []string{"iso", "dmy", "mdy", "unix"}

var layouts = map[string][]string{
	"iso": {time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "2006/01/02 15:04:05", "2006/01/02", "20060102"},
	"dmy": {"2.1.2006 15:04:05", "2.1.2006 15:04", "2.1.2006", "2/1/2006 15:04:05", "2/1/2006 15:04", "2/1/2006", "2-1-2006 15:04:05", "2-1-2006", "2.1.06", "2/1/06", "2 Jan 2006", "2-Jan-2006", "2 January 2006"},
	"mdy": {"1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "1/2/2006", "1-2-2006", "1/2/06", "Jan 2, 2006", "January 2, 2006"},
}

var errTime = errs.New(errs.Invalid, "history.time", "this is no moment in the order that was found or named")

// parseTime reads a moment; without a zone it is UTC.
func parseTime(text, format string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if format == "unix" {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n < -62135596800 || n > 253402300799e3 {
			return time.Time{}, errTime
		}
		if n > 1e11 { // milliseconds
			n /= 1e3
		}
		return time.UnixMicro(int64(n * 1e6)).UTC(), nil
	}
	for _, layout := range layouts[format] {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 1000 && t.Year() < 10000 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errTime
}

// sniffTime gives the first order in which all the values can be read, "" if
// there is none. Of two that both fit, day first wins only where a point parts them.
func sniffTime(values []string) string {
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
			if _, err := parseTime(v, format); err != nil {
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
