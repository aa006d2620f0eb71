package calendar

import "time"

// Calendar says when somebody works. The zero value is always open. It is not
// changed once made.
type Calendar struct {
	Zone  *time.Location // nil: UTC
	Hours []Hours        // none: every hour of every day
	Away  []Span         // outweighs the hours
}

// Hours are open on some days of each week. They may run past midnight.
type Hours struct {
	Days   [7]bool // by time.Weekday of the day they begin on
	Begin  int     // minutes after midnight
	Length int     // minutes, at most a day
}

// Span is a time, its end not belonging to it.
type Span struct{ From, To time.Time }

// day is the length of a day without a change of the clocks, in minutes.
const day = 24 * 60

// Open tells whether work is done at a moment.
func (c *Calendar) Open(at time.Time) bool {
	if c == nil {
		return true
	}
	for _, a := range c.Away {
		if !at.Before(a.From) && at.Before(a.To) {
			return false
		}
	}
	if len(c.Hours) == 0 {
		return true
	}
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := at.In(zone)
	minute := local.Hour()*60 + local.Minute()
	today := local.Weekday()
	yesterday := (today + 6) % 7
	for _, h := range c.Hours {
		if h.Days[today] && minute >= h.Begin && minute < h.Begin+h.Length || h.Days[yesterday] && minute+day < h.Begin+h.Length {
			return true
		}
	}
	return false
}

// Absent tells whether a moment lies in a time away, which is told apart from
// being outside the hours.
func (c *Calendar) Absent(at time.Time) bool {
	if c == nil {
		return false
	}
	for _, a := range c.Away {
		if !at.Before(a.From) && at.Before(a.To) {
			return true
		}
	}
	return false
}
