package calendar

import (
	"context"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Watched lists the tables that calendars are made from.
func Watched() []string { return []string{"calendar", "calendarrule"} }

// unavailable is the timecode of a time away.
const unavailable = int64(2)

// Load reads all calendars that the context's principal may see. A rule that
// can't be used is left out: Check keeps new ones from being written.
func Load(ctx context.Context, r record.Reader) (map[id.ID]*Calendar, error) {
	out, holidays := map[id.ID]*Calendar{}, map[id.ID]id.ID{}
	err := all(ctx, r, "calendar", func(row record.Row) {
		zone, err := time.LoadLocation(row.Text("rpt_timezone"))
		if err != nil {
			zone = time.UTC
		}
		out[row.ID("calendarid")] = &Calendar{Zone: zone}
		holidays[row.ID("calendarid")] = row.ID("holidayschedulecalendarid")
	})
	if err != nil {
		return nil, err
	}
	err = all(ctx, r, "calendarrule", func(row record.Row) {
		if c := out[row.ID("calendarid")]; c != nil {
			_ = c.take(row)
		}
	})
	if err != nil {
		return nil, err
	}
	for key, of := range holidays {
		if h := out[of]; h != nil && of != key {
			out[key].Away = append(out[key].Away, h.Away...)
		}
	}
	return out, nil
}

// take adds what a row says.
func (c *Calendar) take(row record.Row) error {
	from, _ := row["starttime"].(time.Time)
	to, _ := row["effectiveintervalend"].(time.Time)
	pattern := row.Text("pattern")
	length := row.Int("duration")
	if pattern == "" {
		if to.IsZero() && !from.IsZero() && length > 0 {
			to = from.Add(time.Duration(length) * time.Minute)
		}
		if from.IsZero() || !to.After(from) {
			return invalid("starttime", "a rule without days of the week needs a beginning and a later end")
		}
		if row.Int("timecode") != unavailable {
			return invalid("timecode", "a single time can only be one away")
		}
		c.Away = append(c.Away, Span{from, to})
		return nil
	}
	days, err := weekdays(pattern)
	if err != nil {
		return err
	}
	if row.Int("timecode") == unavailable {
		return invalid("timecode", "hours of each week can only be open ones")
	}
	if length <= 0 || length > day {
		return invalid("duration", "hours last between a minute and a day")
	}
	c.Hours = append(c.Hours, Hours{Days: days, Begin: int(row.Int("offset")), Length: int(length)})
	return nil
}

// weekdays reads FREQ=WEEKLY;BYDAY=MO,TU, the only pattern that is known.
func weekdays(pattern string) (days [7]bool, err error) {
	weekly := false
	for _, part := range strings.Split(strings.ToUpper(pattern), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case name == "FREQ" && value == "WEEKLY":
			weekly = true
		case name == "INTERVAL" && value == "1", name == "":
		case name == "BYDAY":
			for _, d := range strings.Split(value, ",") {
				at := strings.Index("SUMOTUWETHFRSA", strings.TrimSpace(d))
				if len(strings.TrimSpace(d)) != 2 || at < 0 || at%2 != 0 {
					return days, invalid("pattern", "there is no day of the week "+d)
				}
				days[at/2] = true
			}
		default:
			return days, invalid("pattern", "only FREQ=WEEKLY with BYDAY is understood")
		}
	}
	if !weekly || days == [7]bool{} {
		return days, invalid("pattern", "only FREQ=WEEKLY with BYDAY is understood")
	}
	return days, nil
}

func invalid(name, message string) error {
	return errs.InvalidFields("calendar.rule", "the rule of the calendar can't be used", []errs.Field{{Name: name, Code: "calendar.rule", Message: message}})
}

// Check gives the hooks that keep calendars which can't be used from being written.
func Check() []record.Hook {
	zone := func(row record.Row) error {
		if name := row.Text("rpt_timezone"); name != "" {
			if _, err := time.LoadLocation(name); err != nil || name == "Local" {
				return errs.InvalidFields("calendar.zone", "the time zone is not known", []errs.Field{{Name: "rpt_timezone", Code: "calendar.zone", Message: "an IANA name is expected, such as Europe/Berlin"}})
			}
		}
		return nil
	}
	rule := func(row record.Row) error { return new(Calendar).take(row) }
	return []record.Hook{hook("calendar", zone), hook("calendarrule", rule)}
}

// hook checks whole rows of a table.
func hook(table string, check func(record.Row) error) record.Hook {
	return record.Hook{Table: table,
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return check(row) },
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			merged := record.Row{}
			for k, v := range old {
				merged[k] = v
			}
			for k, v := range change {
				merged[k] = v
			}
			return check(merged)
		},
	}
}

// all reads every row of a table.
func all(ctx context.Context, r record.Reader, table string, each func(record.Row)) error {
	q := query.Query{Table: table, Limit: record.MaxPage}
	for {
		page, err := r.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			each(row)
		}
		if page.Next == nil {
			return nil
		}
		q.After = page.Next
	}
}
