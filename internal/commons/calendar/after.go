package calendar

import "time"

// farthest bounds how long ahead working time is looked for.
const farthest = 90 * 24 * time.Hour

// After gives the moment at which so much working time has gone by since from, to
// the minute; ok is false where that is not so within 90 days.
func (c *Calendar) After(from time.Time, work time.Duration) (at time.Time, ok bool) {
	if c == nil || len(c.Hours) == 0 && len(c.Away) == 0 {
		return from.Add(work), true
	}
	at = from
	for left := int64(work / time.Minute); left > 0; at = at.Add(time.Minute) {
		if at.Sub(from) > farthest {
			return time.Time{}, false
		}
		if c.Open(at) {
			left--
		}
	}
	return at, true
}
